// What was sold: how much, where, by which channel and when; below, what could not be taken, and a way
// to bring a file in.

import { useMemo, useRef } from "preact/hooks";
import type { Row as AnswerRow, Sales } from "../kpi/answers";
import { DeltaMark } from "../kpi/cell";
import { amount, write } from "../kpi/defs";
import { DAYS } from "../kpi/query";
import { Chart } from "../cooler/chart";
import { count, duration, minute, percent } from "../format";
import { lang, t } from "../i18n/text";
import { storeName } from "../store";
import { Blank, Pending, useLoad } from "../ui/async";
import { Exports } from "../ui/exports";
import { useFresh } from "../ui/fresh";
import { useHeld } from "../ui/held";
import { Help } from "../ui/help";
import { saveCsv } from "../ui/csv";
import { Bars, Download } from "../ui/icons";
import { byChannel } from "./channels";
import { Importer } from "./importer";
import { Waiting } from "./mend";
import { ask, asked, StorePick, Switch, Th, useProducts } from "./parts";
import { tradeApi } from "./trade";

const BYS = ["store", "channel", "sku", "day"] as const;
type By = (typeof BYS)[number];
const DAY_MS = 86_400_000;

export function SalesPage() {
  const store = asked("store");
  const sku = asked("sku");
  const days = DAYS.find((d) => String(d) === asked("days")) ?? 7;
  const by = BYS.find((b) => b === asked("by")) ?? (store ? "sku" : "store");
  const fresh = useFresh(15_000, 3_600_000);
  const to = useMemo(() => Date.now(), [store, sku, days, fresh]);
  const from = to - days * DAY_MS;
  const of = `${store} ${sku} ${days}`;
  const scope = { from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...(store ? { stores: store } : {}), ...(sku ? { skus: sku } : {}) };
  const { name } = useProducts();
  return (
    <>
      <div class="trade-bar">
        <p class="muted num">{t("sales.span", { from: minute(from, lang.value), to: minute(to, lang.value) })}</p>
        <div class="kpi-controls">
          <StorePick any />
          {sku && (
            <button class="button button-small" type="button" onClick={() => ask({ sku: "" })}>
              {name(sku)} ×
            </button>
          )}
          <Switch label={t("kpis.range")} of={DAYS.map(String)} value={String(days)} name={(d) => duration(Number(d) * 86_400, lang.value)} pick={(d) => ask({ days: d === "7" ? "" : d })} />
        </div>
      </div>
      <Figures scope={scope} of={of} fresh={fresh} from={from} to={to} daily={days > 3} />
      <Table scope={scope} of={of} fresh={fresh} by={by} name={name} sku={sku} />
      <Importer />
      <Waiting />
    </>
  );
}

type Scope = Record<string, string>;
/** What is asked: for which time it is, as `of` says it, and for which moment, as the scope does. */
interface Asked {
  scope: Scope;
  of: string;
  fresh: number;
}

function Figures({ scope, of, fresh, from, to, daily }: Asked & { from: number; to: number; daily: boolean }) {
  const l = lang.value;
  const loaded = useLoad(
    async (signal) => {
      const [total, line] = await Promise.all([tradeApi.sales({ ...scope, compare: "previous" }, signal), tradeApi.sales({ ...scope, by: daily ? "day" : "hour" }, signal)]);
      // A day is drawn at its noon on the viewer's clock: stores in other zones have it at other times.
      const points = line.rows.map((r): [number, number] => [daily ? new Date(`${r.key["day"]}T12:00:00`).getTime() : Date.parse(r.key["hour"] ?? ""), r.figures.units]);
      return { total: total.rows[0], points: points.sort((a, b) => a[0] - b[0]) };
    },
    [of],
    fresh,
  );
  const d = loaded.data;
  if (!d) return <Pending of={loaded} card rows={2} height={110} />;
  if (!d.total || (d.total.figures.units === 0 && d.points.every(([, units]) => units === 0))) {
    return (
      <section class="card">
        <Blank icon={<Bars />} title={t("sales.none")}>
          {t("sales.none_text")}
        </Blank>
      </section>
    );
  }
  const now = d.total.figures;
  const was = d.total.before ?? undefined;
  return (
    <section class="card sales-head" aria-busy={loaded.loading}>
      <dl class="sales-figures">
        <div>
          <dt>
            {t("sales.units")}
            <Help name={t("sales.units")}>{t("sales.units.help")}</Help>
          </dt>
          <dd class="num">
            <b>{count(now.units, l)}</b>
            <DeltaMark id="units" now={{ value: now.units }} before={was && { value: was.units }} />
          </dd>
        </div>
        <div>
          <dt>
            {t("sales.revenue")}
            <Help name={t("sales.revenue")}>{t("sales.revenue.help")}</Help>
          </dt>
          <dd class="num">
            <b>{write("money", amount(now.revenue), l)}</b>
            <DeltaMark id="revenue" now={amount(now.revenue)} before={was && amount(was.revenue)} />
          </dd>
        </div>
      </dl>
      <div class="sales-plot">
        <h2 class="chart-title">{t("sales.over_time")}</h2>
        <Chart label={t("sales.over_time")} points={d.points} grain={daily ? "day" : "hour"} from={from} to={Math.max(to, d.points.at(-1)?.[0] ?? 0)} min={0} show={(v) => count(Math.round(v), l)} />
      </div>
    </section>
  );
}

function Table({ scope, of, fresh, by, name, sku }: Asked & { by: By; name(gtin: string): string; sku: string }) {
  const l = lang.value;
  const loaded = useLoad(
    async (signal) => {
      const compare = by === "day" ? undefined : "previous";
      if (by !== "channel") return tradeApi.sales({ ...scope, by, compare }, signal);
      const { rows, ...rest } = await tradeApi.sales({ ...scope, compare }, signal);
      return { ...rest, rows: byChannel(rows) };
    },
    [of, by],
    fresh,
  );
  const box = useRef<HTMLDivElement>(null);
  const ranked = [...(loaded.data?.rows ?? [])].sort((a, b) => (by === "day" ? (b.key["day"] ?? "").localeCompare(a.key["day"] ?? "") : b.figures.units - a.figures.units));
  const rows = useHeld(box, ranked, by);
  const all = rows.reduce((n, r) => n + Math.max(0, r.figures.units), 0);
  const most = Math.max(1, ...rows.map((r) => r.figures.units));
  const file = (format: string) => `/v1/kpis/sales?${new URLSearchParams({ ...scope, by, format })}`;
  return (
    <section class="card kpi-rows" aria-label={t(`sales.by.${by}`)}>
      <header class="card-head">
        <Switch label={t("sales.by")} of={BYS.filter((b) => !(b === "store" && scope["stores"]) && !(b === "sku" && sku))} value={by} name={(b) => t(`sales.by.${b}`)} pick={(b) => ask({ by: b })} />
        {by === "channel" ? (
          <button class="button button-small push" type="button" onClick={() => saveCsv("channels", channelSheet(rows))}>
            <Download />
            {t("kpis.csv")}
          </button>
        ) : (
          <Exports address={file} />
        )}
      </header>
      {!loaded.data ? (
        <Pending of={loaded} rows={4} />
      ) : rows.every((r) => r.figures.units === 0 && !r.figures.revenue?.length) ? (
        <p class="note">{t("sales.none")}</p>
      ) : (
        <div class="scroll-x" ref={box} tabIndex={0} role="region" aria-label={t(`sales.by.${by}`)}>
          <table class="kpi-table">
            <thead>
              <tr>
                <Th name={`sales.by.${by}`} />
                <Th name="sales.share" />
                <Th name="sales.units" end help />
                <Th name="sales.revenue" end help />
              </tr>
            </thead>
            <tbody>
              {rows.slice(0, 200).map((r) => (
                <tr key={JSON.stringify(r.key)}>
                  <th scope="row">
                    <RowName row={r} by={by} name={name} />
                  </th>
                  <td>
                    <span class="unit-bar">
                      <span style={{ width: `calc((100% - 52px) * ${Math.max(0, r.figures.units) / most})` }} />
                      <small class="num muted">{percent(all ? Math.max(0, r.figures.units) / all : null, l)}</small>
                    </span>
                  </td>
                  <td class="end num">
                    {count(r.figures.units, l)}
                    <DeltaMark id="units" now={{ value: r.figures.units }} before={r.before && { value: r.before.units }} />
                  </td>
                  <td class="end num">
                    {write("money", amount(r.figures.revenue), l)}
                    <DeltaMark id="revenue" now={amount(r.figures.revenue)} before={r.before && amount(r.before.revenue)} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** The table of channels for a spreadsheet: the service divides no answer by them. */
const channelSheet = (rows: readonly AnswerRow<Sales>[]) => [
  [t("sales.by.channel"), t("sales.units"), t("sales.revenue")],
  ...rows.map((r) => [r.key["channel"] || t("sales.no_channel"), r.figures.units, write("money", amount(r.figures.revenue), lang.value)]),
];

/** A row leads into what it is about. */
function RowName({ row: r, by, name }: { row: AnswerRow<Sales>; by: By; name(gtin: string): string }) {
  const key = r.key[by] ?? "";
  const into = (k: string) => {
    const q = new URLSearchParams(location.search);
    q.delete("by");
    q.set(k, key);
    return `/trade?${q}`;
  };
  switch (by) {
    case "store":
      return (
        <a class="link-plain" href={into("store")}>
          {storeName(key)}
        </a>
      );
    case "sku":
      return (
        <a class="link-plain" href={into("sku")}>
          {(lang.value === "zh" && r.name_zh) || r.name || name(key)}
          <small class="muted num">{key}</small>
        </a>
      );
    case "channel":
      return <>{key || t("sales.no_channel")}</>;
    case "day":
      return <span class="num">{key}</span>;
  }
}
