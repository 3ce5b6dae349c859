// Naming a facing that the board does not know: it is kept with its picture, and taught from there.

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { t, tn } from "../i18n/text";
import { isGtin, readGtin } from "../import/gtin";
import { to } from "../router";
import { lessonApi } from "../setup/lessons";
import { Field, SaveButton, SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { mayUpdate } from "../me";
import type { Observation } from "../types";
import type { SceneFacing } from "./scene";

const MOST = 12;

/** The facings without a name, each a way to give it one. */
export function Unnamed({ device, observation, facings, open }: { device: string; observation: Observation; facings: readonly SceneFacing[]; open: Signal<number> }) {
  const [named, setNamed] = useState<string[]>([]);
  const list = facings.filter((f) => f.gtin === null);
  if (list.length === 0 || !mayUpdate()) return null;
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
      {chosen && (
        <NameFacing
          key={chosen.index}
          device={device}
          observation={observation}
          facing={chosen}
          close={() => (open.value = -1)}
          done={(name) => {
            setNamed([...named, name]);
            open.value = -1;
          }}
        />
      )}
      <p role="status">
        {named.length > 0 && (
          <>
            {t("teach.sent")}{" "}
            <a class="card-link" href={to.setup("products")}>
              {named.join(", ")}
            </a>
          </>
        )}
      </p>
    </div>
  );
}

function NameFacing({ device, observation: o, facing, close, done }: { device: string; observation: Observation; facing: SceneFacing; close(): void; done(name: string): void }) {
  const [gtin, setGtin] = useState("");
  const [name, setName] = useState("");
  const [saving, save] = useSave();
  const read = readGtin(gtin);
  const ready = read !== null && isGtin(read.gtin) && name.trim() !== "";
  const submit = async (e: Event) => {
    e.preventDefault();
    if (!ready) return;
    const seen = { device, boot: o.boot ?? 0, seq: o.seq ?? 0, width: o.width, height: o.height, facings: [facing.box] };
    if (await save(() => lessonApi.add({ gtin: read.gtin, name: name.trim(), seen }))) done(name.trim());
  };
  return (
    <form class="form naming" aria-label={t("name.do")} onSubmit={submit}>
      <h3 class="form-title">{t("name.do")}</h3>
      <Field label={t("name.gtin")} value={gtin} onValue={setGtin} required pattern="[0-9 ]{8,17}" {...(gtin.length > 7 && read === null ? { hint: t("teach.no_gtin") } : {})} />
      <Field label={t("name.name")} value={name} onValue={setName} required />
      <div class="form-foot">
        <SaveButton saving={saving} label={t("teach.do")} disabled={!ready} />
        <button class="button button-small" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
