// How the shelf does over time: figures, when it is bare, shares, and a table that leads from all stores
// to one SKU in one store.

import { useMemo } from "preact/hooks";
import { minute } from "../format";
import { lang, t, tn } from "../i18n/text";
import { Path, Range } from "../kpi/controls";
import { KPIS, type KpiId } from "../kpi/defs";
import { Heat } from "../kpi/heat";
import { columns, exportAddress, overview, type Overview, type Span, table } from "../kpi/load";
import { address, BYS, parse, type Question, type ScopeKey, span } from "../kpi/query";
import { Promotions } from "../kpi/promotions";
import { week } from "../kpi/rows";
import { ShareBars } from "../kpi/shares";
import { KpiTable, nameOf } from "../kpi/table";
import { ScoreWeights } from "../kpi/weights";
import { Tiles } from "../kpi/tiles";
import { Trend } from "../kpi/trend";
import { go, search } from "../router";
import "../styles/kpi.css";
import { Blank, Pending, useLoad } from "../ui/async";
import { Exports } from "../ui/exports";
import { useFiguresFresh } from "../ui/fresh";
import { Help } from "../ui/help";

export function KpisView() {
  const q = useMemo(() => parse(search.value), [search.value]);
  // The end moves with what is shown: when hours are restated, or one ends.
  const fresh = useFiguresFresh();
  const at = useMemo(() => span(q, Date.now()), [q, fresh]);
  const name = useLoad((signal) => skuName(q, at, signal), [q.scope.sku, q.scope.store]);
  const names: Partial<Record<ScopeKey, string>> = name.data ? { sku: name.data } : {};
  const last = (["sku", "category", "brand", "store", "region"] as const).find((k) => q.scope[k] !== undefined);
  return (
    <div class="page kpis-page">
      <Path question={q} names={names} />
      <div class="kpi-title">
        <h1 class="headline">{last ? names[last] || nameOf(last, q.scope[last]!) : t("kpis.title")}</h1>
        <Range question={q} />
      </div>
      <Head question={q} at={at} fresh={fresh} />
      {last === undefined && <Promotions at={at} of={`${q.days} ${q.from} ${q.to}`} fresh={fresh} />}
      <Rows question={q} at={at} fresh={fresh} />
      {last === undefined && <ScoreWeights />}
      <Definitions question={q} />
    </div>
  );
}

/** The name of the SKU that is looked at: only the answers know it. */
async function skuName(q: Question, at: Span, signal: AbortSignal): Promise<string> {
  if (q.scope.sku === undefined) return "";
  const [row] = await table({ ...q, by: "sku", compare: "", scope: { sku: q.scope.sku } }, at, signal);
  return row ? nameOf("sku", q.scope.sku, row) : "";
}

interface Asked {
  question: Question;
  at: Span;
  fresh: number;
}

function Head({ question: q, at: asked, fresh }: Asked) {
  const loaded = useLoad((signal) => overview(q, asked, signal), [JSON.stringify({ ...q, by: "" })], fresh);
  if (!loaded.data) return <Pending of={loaded} card rows={2} height={150} />;
  const d = loaded.data;
  const at = d.at;
  const l = lang.value;
  return (
    <div class={loaded.loading ? "kpi-body is-loading" : "kpi-body"} aria-busy={loaded.loading}>
      <p class="muted kpi-span num">
        {t("kpis.span", { from: minute(at.from, l), to: minute(at.to, l) })}
        {d.compared && ` · ${t("kpis.beside", { from: minute(Date.parse(d.compared.from), l), to: minute(Date.parse(d.compared.to), l) })}`}
      </p>
      {d.total ? <Figures data={d} at={at} question={q} /> : (
        <section class="card">
          <Blank title={t("kpis.none")}>{t("kpis.none_text")}</Blank>
        </section>
      )}
    </div>
  );
}

function Figures({ data: d, at, question: q }: { data: Overview; at: Span; question: Question }) {
  const daily = at.to - at.from > 3 * 86_400_000;
  const grid = useMemo(() => week(d.week), [d.week]);
  return (
    <>
      <Tiles total={d.total!} />
      <div class="kpi-grid">
        <section class="card" aria-labelledby="trend">
          <header class="card-head">
            <h2 id="trend">{t(daily ? "kpis.trend" : "kpis.trend_hours")}</h2>
          </header>
          <Trend now={d.trend} before={d.before} span={at} daily={daily} />
        </section>
        <section class="card" aria-labelledby="week">
          <header class="card-head">
            <h2 id="week">{t("kpis.week")}</h2>
            <Help name={t("kpis.week")}>{t("kpis.week_help")}</Help>
          </header>
          <Heat grid={grid} />
        </section>
        {d.shares.length > 0 && q.scope.sku === undefined && (
          <section class="card" aria-labelledby="shares">
            <header class="card-head">
              <h2 id="shares">{t("kpis.shares")}</h2>
              <Help name={t("kpis.shares")}>{t("kpis.shares_help")}</Help>
            </header>
            <ShareBars rows={d.shares} />
          </section>
        )}
      </div>
    </>
  );
}

function Rows({ question: q, at, fresh }: Asked) {
  const loaded = useLoad((signal) => table(q, at, signal), [JSON.stringify(q)], fresh);
  return (
    <section class="card kpi-rows" aria-label={t(`kpis.by.${q.by}`)}>
      <header class="card-head">
        <div class="switch" role="group" aria-label={t("kpis.by")}>
          {BYS.filter((b) => q.scope[b as ScopeKey] === undefined && !(b === "region" && q.scope.store !== undefined)).map((b) => (
            <button key={b} type="button" aria-pressed={b === q.by} onClick={() => go(address({ ...q, by: b }))}>
              {t(`kpis.by.${b}`)}
            </button>
          ))}
        </div>
        {loaded.data && <span class="muted num">{tn("kpis.rows", loaded.data.length)}</span>}
        <Exports address={(f) => exportAddress(q, at, f)} />
      </header>
      {!loaded.data ? (
        <Pending of={loaded} rows={5} />
      ) : loaded.data.length === 0 ? (
        <p class="note">{t("kpis.none_rows")}</p>
      ) : (
        <KpiTable key={q.by} question={q} rows={loaded.data} columns={columns(q)} />
      )}
    </section>
  );
}

/** On paper nothing can be pointed at: there the definitions stand below. */
function Definitions({ question: q }: { question: Question }) {
  const ids = [...new Set<KpiId>(["osa", "out_hours", ...columns(q)])].filter((id) => id in KPIS);
  return (
    <section class="print-only kpi-definitions" aria-hidden="true">
      <h2>{t("kpis.definitions")}</h2>
      <dl>
        {ids.map((id) => (
          <div key={id}>
            <dt>{t(`kpi.name.${id}`)}</dt>
            <dd>{t(`kpi.def.${id}`)}</dd>
          </div>
        ))}
      </dl>
      <p>{t("kpis.report_made", { time: minute(Date.now(), lang.value) })}</p>
    </section>
  );
}
