// The figures of everything that is shown, with what became of them.

import { percent } from "../format";
import { lang, t } from "../i18n/text";
import { Help } from "../ui/help";
import { CoverageLine, DeltaMark, MainCause } from "./cell";
import { byCause, interval, KPIS, type KpiId, type Value, write } from "./defs";
import type { TableRow } from "./rows";

const TILES: KpiId[] = ["osa", "out_hours", "lost_money", "lost_units", "units", "revenue"];

export function Tiles({ total }: { total: TableRow }) {
  return (
    <dl class="kpi-tiles card">
      {TILES.map((id) => (
        <Tile key={id} id={id} v={total.now[id] ?? { value: null }} before={total.before?.[id]} />
      ))}
    </dl>
  );
}

function Tile({ id, v, before }: { id: KpiId; v: Value; before: Value | undefined }) {
  const l = lang.value;
  const { unit } = KPIS[id];
  const range = interval(unit, v, l);
  return (
    <div class="kpi-tile">
      <dt>
        {t(`kpi.name.${id}`)}
        <Help name={t(`kpi.name.${id}`)}>
          {t(`kpi.def.${id}`)}
          {v.coverage !== undefined && ` ${t("kpis.coverage", { share: percent(v.coverage, l) })}`}
          {range && ` ${t("kpis.interval", { interval: range })}`}
          {byCause(v.causes).map(({ cause, share }) => ` · ${t(`lostcause.${cause}`, { share: percent(share, l) })}`)}
        </Help>
      </dt>
      <dd>
        <b class="num">{write(unit, v, l)}</b>
        <span class="kpi-tile-sub num">
          <DeltaMark id={id} now={v} before={before} />
          {v.coverage !== undefined && v.value !== null && <span class="muted">{t("kpis.coverage_short", { share: percent(v.coverage, l) })}</span>}
        </span>
        <MainCause of={v} />
        {v.coverage !== undefined && <CoverageLine share={v.coverage} />}
      </dd>
    </div>
  );
}
