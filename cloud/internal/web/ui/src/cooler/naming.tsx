// Naming a facing that the board does not know: the page writes down the command that teaches it. The
// references themselves are kept where the gallery is, not in the cloud.

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { Secret } from "../access/secret";
import { t, tn } from "../i18n/text";
import { isGtin, readGtin } from "../import/gtin";
import { session } from "../session";
import { Field } from "../setup/parts";
import type { SceneFacing } from "./scene";

const MOST = 12;

/** The facings without a name, each a way to give it one. */
export function Unnamed({ device, facings, open }: { device: string; facings: readonly SceneFacing[]; open: Signal<number> }) {
  const list = facings.filter((f) => f.gtin === null);
  if (list.length === 0) return null;
  const chosen = list.find((f) => f.index === open.value);
  return (
    <div class="unnamed">
      <p>
        {tn("name.count", list.length)}
        {list.slice(0, MOST).map((f) => (
          <button key={f.index} class="toggle" type="button" aria-expanded={f.index === open.value} aria-label={t("name.facing", { n: f.index + 1 })} onClick={() => (open.value = f.index === open.value ? -1 : f.index)}>
            {f.index + 1}
          </button>
        ))}
      </p>
      {chosen && <NameFacing key={chosen.index} device={device} facing={chosen.index + 1} close={() => (open.value = -1)} />}
    </div>
  );
}

function NameFacing({ device, facing, close }: { device: string; facing: number; close(): void }) {
  const [gtin, setGtin] = useState("");
  const [name, setName] = useState("");
  const read = readGtin(gtin);
  const ready = read !== null && isGtin(read.gtin) && name.trim() !== "";
  return (
    <form class="form naming" aria-label={t("name.do")} onSubmit={(e) => e.preventDefault()}>
      <h3 class="form-title">{t("name.do")}</h3>
      <Field label={t("name.gtin")} value={gtin} onValue={setGtin} required pattern="[0-9 ]{8,17}" />
      <Field label={t("name.name")} value={name} onValue={setName} required />
      <div class="form-foot">
        {ready && <Secret text={t("name.how")} value={command(device, facing, read.gtin, name.trim())} />}
        <button class="button button-small" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
      </div>
    </form>
  );
}

/** The command as a shell takes it. */
export function command(device: string, facing: number, gtin: string, name: string): string {
  const quoted = `'${name.replaceAll("'", `'\\''`)}'`;
  const token = session.value && session.value.kind !== "open" ? " --token-file token" : "";
  return `cooler-agent enroll --from-observation ${location.origin}/v1/coolers/${encodeURIComponent(device)}${token} --facing ${facing} --gtin ${gtin} --name ${quoted} --gallery products.gallery`;
}
