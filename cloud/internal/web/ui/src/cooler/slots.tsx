// The slots in words: what the drawing shows, for the keyboard, the screen reader and the small screen.

import type { Signal } from "@preact/signals";
import { t } from "../i18n/text";
import { SLOT_STATES } from "../types";
import { productName } from "../ui/alert";
import { StateChip } from "../ui/state";
import { standsHere } from "./plan";
import type { Scene, SceneSlot } from "./scene";

export function SlotList({ scene, picked }: { scene: Scene; picked: Signal<string> }) {
  const slots = [...scene.slots].sort((a, b) => SLOT_STATES.indexOf(a.state) - SLOT_STATES.indexOf(b.state));
  return (
    <table class="slots slot-list">
      <thead>
        <tr>
          <th scope="col">{t("cooler.slot")}</th>
          <th scope="col">{t("cooler.product")}</th>
          <th scope="col">{t("cooler.state")}</th>
          <th scope="col" class="end">
            {t("cooler.facings_col")}
          </th>
        </tr>
      </thead>
      <tbody>
        {slots.map((s) => (
          <Row key={s.id} slot={s} picked={picked} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ slot: s, picked }: { slot: SceneSlot; picked: Signal<string> }) {
  const chosen = picked.value === s.id;
  return (
    <tr class={chosen ? "is-picked" : ""} onClick={() => (picked.value = chosen ? "" : s.id)}>
      <td class="num muted">{s.id}</td>
      <td>
        {productName(s.product, s.gtin)}
        {s.others.length > 0 && <span class="slots-other">{standsHere(s)}</span>}
      </td>
      <td>
        <StateChip state={s.state} reason={s.reason} />
      </td>
      <td class="end num">{s.state === "unknown" ? <span class="muted">– / {s.due}</span> : `${s.present} / ${s.due}`}</td>
    </tr>
  );
}
