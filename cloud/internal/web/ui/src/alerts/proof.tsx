// What proves an alert: the pictures before, after and at its end, each cut out to the slot, which is
// marked, or whole.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api } from "../api";
import { t } from "../i18n/text";
import type { Alert, Box } from "../types";
import { useLoad } from "../ui/async";
import { Camera } from "../ui/icons";
import { cropAround, within } from "./crop";

const RATIO = 4 / 3;

/** The slot in a picture of width by height. */
interface Spot {
  box: Box;
  width: number;
  height: number;
}

export function Proof({ alert: a, before, after }: { alert: Alert; before: string; after: string }) {
  const e = a.evidence;
  const [whole, setWhole] = useState(false);
  const has = Boolean(a.slot && e && (e.before_seq != null || e.after_seq != null));
  // Pictures of the past come without boxes: the camera stands where it stood, so the slot is where it
  // is looked for now.
  const place = useLoad(async (signal) => (has ? spotOf((await api.cooler(a.device, signal)).observation, a.slot!) : null), [a.device, a.slot, has]);
  if (!has || !e) return null;
  const spot = place.data ?? null;
  return (
    <>
      <div class="evidence" role="group" aria-label={t("alerts.evidence")}>
        <Shot name={before} device={a.device} boot={e.before_boot} seq={e.before_seq} spot={spot} whole={whole} />
        <Shot name={after} device={a.device} boot={e.after_boot} seq={e.after_seq} spot={spot} whole={whole} />
        {e.end_seq != null && <Shot name={t("alerts.end")} device={a.device} boot={e.end_boot} seq={e.end_seq} spot={spot} whole={whole} />}
      </div>
      {spot && (
        <div class="proof-foot">
          <div class="switch" role="group" aria-label={t("alerts.evidence")}>
            <Choice on={!whole} press={() => setWhole(false)}>
              {t("proof.slot")}
            </Choice>
            <Choice on={whole} press={() => setWhole(true)}>
              {t("proof.whole")}
            </Choice>
          </div>
          {!whole && <span class="muted">{t("proof.now_places")}</span>}
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

function spotOf(o: { width: number; height: number; slots: { slot: string; box: Box }[] | null } | null, slot: string): Spot | null {
  const box = o?.slots?.find((s) => s.slot === slot)?.box;
  return o && box && box[2] > 0 && box[3] > 0 ? { box, width: o.width, height: o.height } : null;
}

function Shot({ name, device, boot, seq, spot, whole }: { name: string; device: string; boot: number | null | undefined; seq: number | null; spot: Spot | null; whole: boolean }) {
  const [failed, setFailed] = useState(false);
  const src = seq === null ? null : api.picture(device, { boot, seq });
  const all: Box | null = spot && [0, 0, spot.width, spot.height];
  const part = spot && (whole ? all : cropAround(spot.box, spot.width, spot.height, RATIO));
  return (
    <figure class="shot">
      {src && !failed ? (
        <a class="shot-frame" href={src} target="_blank" rel="noreferrer" style={{ aspectRatio: String(spot && whole ? spot.width / spot.height : RATIO) }}>
          <img class={part ? "shot-part" : ""} src={src} alt={name} loading="lazy" decoding="async" style={part && all ? within(all, part) : {}} onError={() => setFailed(true)} />
          {part && spot && <span class="shot-mark" style={within(spot.box, part)} />}
        </a>
      ) : (
        <div class="shot-none">
          <Camera />
          {t("alerts.no_picture")}
        </div>
      )}
      <figcaption>{name}</figcaption>
    </figure>
  );
}
