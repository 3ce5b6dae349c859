// What promotions brought: what was sold beside what would have been sold without them.

import { api } from "../api";
import { minute, money, percent } from "../format";
import { lang, t } from "../i18n/text";
import { Failed, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import type { Lift } from "./answers";
import { write } from "./defs";
import type { Span } from "./load";

/** `of`: which time is asked for, whenever that is. */
export function Promotions({ at, of, fresh }: { at: Span; of: string; fresh: number }) {
  const loaded = useLoad(
    (signal) => api.kpi<{ promotions: Lift[] | null }>("promotions", new URLSearchParams({ from: new Date(at.from).toISOString(), to: new Date(at.to).toISOString() }).toString(), signal),
    [of],
    fresh,
  );
  if (loaded.error) {
    return (
      <section class="card kpi-promotions" aria-label={t("promo.title")}>
        <Failed error={loaded.error} retry={loaded.reload} />
      </section>
    );
  }
  const list = loaded.data?.promotions ?? [];
  // Most have none in most weeks: then there is nothing to say.
  if (list.length === 0) return null;
  return (
    <section class="card kpi-promotions" aria-labelledby="promotions">
      <header class="card-head">
        <h2 id="promotions">{t("promo.title")}</h2>
        <Help name={t("promo.title")}>{t("promo.help")}</Help>
      </header>
      <LiftTable list={list} />
    </section>
  );
}

export function LiftTable({ list }: { list: readonly Lift[] }) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={t("promo.title")}>
      <table class="kpi-table">
        <thead>
          <tr>
            {(["promo.name", "promo.sold", "promo.lift", "promo.taken", "promo.after", "promo.margin", "promo.roi", "promo.matched"] as const).map((k, i) => (
              <th key={k} scope="col" class={i > 1 ? "end" : ""}>
                <span class="kpi-head">
                  {t(k)}
                  <Help name={t(k)}>{t(`${k}.help`)}</Help>
                </span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {list.map((p) => (
            <Row key={p.id} p={p} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ p }: { p: Lift }) {
  const l = lang.value;
  const units = (v: number | null | undefined) => write("count", { value: v ?? null }, l);
  const most = Math.max(p.units, p.baseline ?? 0, 1);
  return (
    <tr>
      <th scope="row">
        {p.name || p.id}
        <small class="muted num">
          {minute(Date.parse(p.from), l)} – {minute(Date.parse(p.to), l)}
        </small>
      </th>
      <td class="num">
        <span class="promo-bars">
          <Bar share={p.units / most} kind="during" text={t("promo.during", { n: units(p.units) })} />
          <Bar share={(p.baseline ?? 0) / most} kind="without" text={p.baseline === null ? t("promo.no_baseline") : t("promo.without", { n: units(p.baseline) })} />
        </span>
      </td>
      <td class="end num" title={p.lift_units.low === null ? undefined : t("kpis.interval", { interval: `${units(p.lift_units.low)} – ${units(p.lift_units.high)}` })}>
        {signed(p.lift_units.value, units)}
        {p.lift !== null && <small class={p.lift >= 0 ? "delta-good" : "delta-bad"}>{signed(p.lift, (v) => percent(Math.abs(v), l))}</small>}
      </td>
      <td class="end num">{signed(p.cannibalised_units, units)}</td>
      <td class="end num">{signed(p.after_units, units)}</td>
      <td class="end num">{p.incremental_margin_minor === null ? "–" : money(p.incremental_margin_minor, p.currency || "EUR", l)}</td>
      <td class="end num">{p.roi === null ? "–" : signed(p.roi, (v) => percent(Math.abs(v), l))}</td>
      <td class="end num">
        {p.matched_stores}
        <small class="muted">{t("kpis.coverage_short", { share: percent(p.coverage, l) })}</small>
      </td>
    </tr>
  );
}

function Bar({ share, kind, text }: { share: number; kind: string; text: string }) {
  return (
    <span class={`promo-bar promo-${kind}`}>
      <span style={{ width: `calc((100% - 130px) * ${share})` }} />
      <small>{text}</small>
    </span>
  );
}

function signed(v: number | null, text: (v: number) => string): string {
  if (v === null) return "–";
  return `${v > 0 ? "+" : v < 0 ? "−" : ""}${text(Math.abs(v))}`;
}
