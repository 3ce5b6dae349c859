// What proves an alert: the pictures before, after and at its end, each cut out to the slot where it was
// then, which is marked, or whole.

import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../api";
import { clock } from "../format";
import { lang, t } from "../i18n/text";
import { fleet, now } from "../store";
import type { Alert, Box, ProofLook } from "../types";
import { useLoad } from "../ui/async";
import { Camera } from "../ui/icons";
import { NoStill, useStill } from "../ui/still";
import { cropAround, within } from "./crop";

const RATIO = 4 / 3;

export function Proof({ alert: a, before, after }: { alert: Alert; before: string; after: string }) {
  const e = a.evidence;
  const [whole, setWhole] = useState(false);
  const has = Boolean(a.slot && e && (e.before_seq != null || e.after_seq != null));
  // A picture comes after what was seen on it: whenever the cooler has a newer one, it is looked again.
  const newest = useComputed(() => fleet.value.coolers.get(a.device)?.picture_seq);
  const key = `${a.id} ${JSON.stringify(e)}`;
  const looks = useLoad(async (signal) => ({ key, of: has ? await api.proof(a.id, signal) : null }), [key, has, newest.value]);
  if (!has || !e) return null;
  // What was answered of the alert as it was before says nothing of it as it is now.
  const asked = looks.data?.key !== key && !looks.error;
  const p = looks.data?.of;
  return (
    <>
      <div class="evidence" role="group" aria-label={t("alerts.evidence")}>
        <Shot name={before} device={a.device} boot={e.before_boot} seq={e.before_seq} look={p?.before} whole={whole} asked={asked} />
        <Shot name={after} device={a.device} boot={e.after_boot} seq={e.after_seq} look={p?.after} whole={whole} asked={asked} />
        {e.end_seq != null && <Shot name={t("alerts.end")} device={a.device} boot={e.end_boot} seq={e.end_seq} look={p?.end} whole={whole} asked={asked} />}
      </div>
      {(p?.before || p?.after || p?.end) && (
        <div class="proof-foot">
          <div class="switch" role="group" aria-label={t("alerts.evidence")}>
            <Choice on={!whole} press={() => setWhole(false)}>
              {t("proof.slot")}
            </Choice>
            <Choice on={whole} press={() => setWhole(true)}>
              {t("proof.whole")}
            </Choice>
          </div>
        </div>
      )}
    </>
  );
}

function Choice({ on, press, children }: { on: boolean; press(): void; children: ComponentChildren }) {
  return (
    <button type="button" aria-pressed={on} onClick={press}>
      {children}
    </button>
  );
}

interface ShotProps {
  name: string;
  device: string;
  boot: number | null | undefined;
  seq: number | null;
  /** Where the slot was in it; null where that is not known. */
  look: ProofLook | null | undefined;
  whole: boolean;
  /** Where it was is being asked. */
  asked: boolean;
}

function Shot({ name, device, boot, seq, look, whole, asked }: ShotProps) {
  const awaited = look?.kept_until === null;
  // The service names the nearest look that it has a picture of: boards do not send one of each.
  const src = seq === null || awaited || asked ? null : api.picture(device, look ?? { boot, seq });
  const still = useStill(src);
  const spot = look && look.box[2] > 0 && look.box[3] > 0 ? look : null;
  const all: Box | null = spot && [0, 0, spot.width, spot.height];
  const part = spot && (whole ? all : cropAround(spot.box, spot.width, spot.height, RATIO));
  return (
    <figure class="shot">
      {src === null ? (
        <div class="still-none">
          <Camera />
          {!asked && <b>{t(awaited ? "proof.awaited" : "alerts.no_picture")}</b>}
        </div>
      ) : still.fault ? (
        <NoStill of={still} />
      ) : (
        <a class="shot-frame" href={src} target="_blank" rel="noreferrer" style={{ aspectRatio: String(spot && whole ? spot.width / spot.height : RATIO) }}>
          <img key={still.key} class={part ? "shot-part" : ""} src={src} alt={name} loading="lazy" decoding="async" style={part && all ? within(all, part) : {}} onError={still.failed} />
          {part && spot && <span class="shot-mark" style={within(spot.box, part)} />}
        </a>
      )}
      <figcaption>
        {name}
        {look && <time class="num">{clock(Date.parse(look.captured_at), now.value, lang.value)}</time>}
      </figcaption>
    </figure>
  );
}
