// One slot of a planogram in figures.

import { useState } from "preact/hooks";
import { lang, t } from "../i18n/text";
import type { Planogram, PlanogramSlot } from "../types";
import { productName } from "../ui/alert";
import { Bin } from "../ui/icons";
import { Field, Select } from "./parts";
import { LEAST_MM } from "./plan";

interface Props {
  slot: PlanogramSlot;
  known: readonly NonNullable<Planogram["products"]>[number][];
  change(fields: Partial<PlanogramSlot>): void;
  remove(): void;
  /** It is a box on a picture: where it lies is drawn, not typed. */
  drawn?: boolean;
}

export function SlotForm({ slot: s, known, change, remove, drawn = false }: Props) {
  const listed = known.some((k) => k.gtin === s.gtin);
  const [typed, setTyped] = useState(!listed);
  const number = (value: string) => Math.max(0, Math.round(Number(value) || 0));
  return (
    <div class="form" lang={lang.value}>
      <h3 class="form-title">{t("plan.slot", { id: s.id })}</h3>
      <Select label={t("plan.product")} value={typed ? "" : s.gtin} onValue={(gtin) => (setTyped(gtin === ""), gtin && change({ gtin }))}>
        {known.map((k) => (
          <option key={k.gtin} value={k.gtin}>
            {productName(k, k.gtin)}
          </option>
        ))}
        <option value="">{t("plan.other_gtin")}</option>
      </Select>
      {typed && <Field label={t("plan.gtin")} value={s.gtin} onValue={(gtin) => change({ gtin })} pattern="\d{8}|\d{12,14}" />}
      <Field label={t("plan.facings")} type="number" min={1} max={50} value={String(s.facings)} onValue={(v) => change({ facings: number(v) })} />
      {!drawn && (
        <>
          <Field label={t("plan.capacity")} type="number" min={0} value={String(s.capacity ?? 0)} onValue={(v) => change({ capacity: number(v) })} />
          <Field label={t("plan.x")} type="number" min={0} step={1} value={String(s.x_mm)} onValue={(v) => change({ x_mm: number(v) })} />
          <Field label={t("plan.width")} type="number" min={LEAST_MM} step={1} value={String(s.width_mm)} onValue={(v) => change({ width_mm: number(v) })} />
        </>
      )}
      <div class="form-foot">
        <button class="button button-small" type="button" onClick={remove}>
          <Bin />
          {t("plan.remove_slot")}
        </button>
      </div>
    </div>
  );
}
