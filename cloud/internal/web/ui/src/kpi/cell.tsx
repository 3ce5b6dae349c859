// One value of a KPI wherever it stands: written, with what became of it, how much of it was seen, and
// on hover its definition.

import { percent } from "../format";
import { lang, t } from "../i18n/text";
import { byCause, delta, interval, KPIS, type KpiId, type Value, write } from "./defs";

/** All there is to say of a value, in lines. */
export function explain(id: KpiId, v: Value, before: Value | null | undefined): string {
  const l = lang.value;
  const { unit } = KPIS[id];
  const lines = [`${t(`kpi.name.${id}`)}: ${write(unit, v, l)}`, t(`kpi.def.${id}`)];
  if (v.coverage !== undefined) lines.push(t("kpis.coverage", { share: percent(v.coverage, l) }));
  const range = interval(unit, v, l);
  if (range) lines.push(t("kpis.interval", { interval: range }));
  for (const { cause, share } of byCause(v.causes)) lines.push(t(`lostcause.${cause}`, { share: percent(share, l) }));
  if (before && before.value !== null) lines.push(t("kpis.before", { value: write(unit, before, l) }));
  return lines.join("\n");
}

/** Why most of it is lost. */
export function MainCause({ of }: { of: Value }) {
  const [first] = of.value === null ? [] : byCause(of.causes);
  return first ? <small class="main-cause muted">{t(`lostcause.${first.cause}`, { share: percent(first.share, lang.value) })}</small> : null;
}

export function DeltaMark({ id, now, before }: { id: KpiId; now: Value; before: Value | null | undefined }) {
  const { unit, better } = KPIS[id];
  const d = delta(unit, better, now, before, lang.value);
  if (!d) return null;
  return (
    <span class={`delta delta-${d.tone}`}>
      <span aria-hidden="true">{/[1-9]/.test(d.text) ? (d.up ? "▲" : "▼") : "="}</span>
      <span class="visually-hidden">{d.up ? "+" : "−"}</span>
      {d.text}
    </span>
  );
}

/** How much was seen, as a line under a value. */
export function CoverageLine({ share }: { share: number }) {
  return (
    <span class="cover" aria-hidden="true">
      <span style={{ width: `${100 * Math.min(1, Math.max(0, share))}%` }} />
    </span>
  );
}
