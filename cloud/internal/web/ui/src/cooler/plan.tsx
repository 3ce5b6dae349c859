// The planogram as one stands before the cooler: what is due in each slot, what stands there, and
// where they differ.

import type { Signal } from "@preact/signals";
import { t, word } from "../i18n/text";
import type { Planogram } from "../types";
import { productName, shortName } from "../ui/alert";
import { Blank } from "../ui/async";
import { Tray } from "../ui/icons";
import { StateGlyph } from "../ui/state";
import type { Scene, SceneSlot } from "./scene";

export function Plan({ scene, picked }: { scene: Scene; picked: Signal<string> }) {
  if (scene.slots.length === 0) {
    return (
      <Blank icon={<Tray />} title={t("cooler.no_planogram")}>
        {t("cooler.no_planogram_text")}
      </Blank>
    );
  }
  return (
    <div class="plan">
      {scene.shelves.map((slots, i) => (
        <div key={i} class="plan-shelf" role="group" aria-label={t("cooler.shelf", { n: i + 1 })}>
          {slots.map((s, j) => (
            <PlanSlot key={s.id} slot={s} left={left(s, j, slots.length, scene.widthMM)} width={width(s, slots.length, scene.widthMM)} picked={picked} />
          ))}
        </div>
      ))}
    </div>
  );
}

const left = (s: SceneSlot, i: number, n: number, inner: number) => (s.planned && inner ? (100 * s.planned.x_mm) / inner : (100 * i) / n);
const width = (s: SceneSlot, n: number, inner: number) => (s.planned && inner ? (100 * s.planned.width_mm) / inner : 100 / n);

function PlanSlot({ slot: s, left, width, picked }: { slot: SceneSlot; left: number; width: number; picked: Signal<string> }) {
  const chosen = picked.value === s.id;
  return (
    <button
      type="button"
      class={`plan-slot plan-${s.state}${chosen ? " is-picked" : ""}`}
      style={{ left: `${left}%`, width: `${width}%` }}
      aria-pressed={chosen}
      aria-label={slotSentence(s)}
      title={slotSentence(s)}
      onClick={() => (picked.value = chosen ? "" : s.id)}
    >
      <span class="plan-top">
        <StateGlyph state={s.state} />
        <span class="plan-name">{shortName(s.product, s.gtin)}</span>
      </span>
      <span class="plan-packs" aria-hidden="true">
        {Array.from({ length: Math.min(s.due, 12) }, (_, i) => (
          <span key={i} class={`pack${s.state === "unknown" ? " pack-unseen" : i < s.present ? "" : " pack-gone"}`} />
        ))}
      </span>
    </button>
  );
}

/** A slot in one sentence. */
export function slotSentence(s: SceneSlot): string {
  const parts = [`${s.id}: ${productName(s.product, s.gtin)}`, s.reason ? word("reason", s.reason) : word("state", s.state)];
  if (s.state !== "unknown") parts.push(t("cooler.present_of", { present: s.present, due: s.due }));
  if (s.others.length > 0) parts.push(standsHere(s));
  return parts.join(", ");
}

/** Which other products stand in a slot, in words. */
export function standsHere(s: SceneSlot): string {
  return t("cooler.stands_here", { names: s.others.map((p) => productName(p, p.gtin)).join(", ") });
}

export function planogramName(p: Planogram): string {
  return p.name || p.id;
}
