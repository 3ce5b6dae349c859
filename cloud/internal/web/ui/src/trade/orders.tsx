// Orders that are suggested, the most money first: decided here one by one or together; and how those
// that are over did.

import { useRef, useState } from "preact/hooks";
import { clock, count, minute, money, percent } from "../format";
import { lang, t, tn, refusal } from "../i18n/text";
import { me } from "../me";
import { useSave } from "../setup/save";
import { SaveError } from "../setup/parts";
import { now, storeName } from "../store";
import { Blank, Pending, useLoad } from "../ui/async";
import { Exports } from "../ui/exports";
import { useTradeFresh } from "../ui/fresh";
import { useHeld } from "../ui/held";
import { Help } from "../ui/help";
import { Check } from "../ui/icons";
import { DeliveryCard } from "./delivery";
import { ForecastCard } from "./forecast";
import { OutcomeTable } from "./outcomes";
import { ask, asked, mayChange, StorePick, Switch, Th, useProducts, ViewerNote } from "./parts";
import { type Decision, type Suggestion, tradeApi } from "./trade";

const VIEWS = ["open", "approved", "paused", "done"] as const;
type View = (typeof VIEWS)[number];
const STATUS: Record<View, string> = { open: "suggested", approved: "approved", paused: "paused", done: "sent,expired" };

export function SuggestedOrders() {
  const view = VIEWS.find((v) => v === asked("status")) ?? "open";
  const store = asked("store");
  const loaded = useLoad((signal) => tradeApi.suggestions({ status: STATUS[view], stores: store || undefined }, signal), [view, store], useTradeFresh());
  const list = loaded.data?.suggestions ?? [];
  const { name } = useProducts();
  const file = (format: string) => `/v1/suggestions?${new URLSearchParams({ status: STATUS[view], ...(store ? { stores: store } : {}), format })}`;
  return (
    <>
      <div class="trade-bar">
        <p class="muted">{t("order.help")}</p>
        <div class="kpi-controls">
          <StorePick any />
        </div>
      </div>
      <ViewerNote />
      {store && <DeliveryCard store={store} />}
      {view === "done" && <OutcomeTable store={store} />}
      <section class="card kpi-rows" aria-label={t("trade.orders")}>
        <header class="card-head">
          <Switch label={t("order.status")} of={VIEWS} value={view} name={(v) => t(`order.status.${v}`)} pick={(v) => ask({ status: v === "open" ? "" : v })} />
          {loaded.data && <span class="count num">{count(list.length, lang.value)}</span>}
          <Exports address={file} />
        </header>
        {!loaded.data ? (
          <Pending of={loaded} rows={5} />
        ) : list.length === 0 ? (
          <Blank icon={<Check />} title={t("order.none")}>
            {t("order.none_text")}
          </Blank>
        ) : (
          <List key={`${view} ${store}`} list={list} view={view} name={name} reload={loaded.reload} />
        )}
      </section>
      <ForecastCard />
    </>
  );
}

function List({ list: ranked, view, name, reload }: { list: readonly Suggestion[]; view: View; name(gtin: string, otherwise?: string): string; reload(): void }) {
  const [chosen, setPicked] = useState<ReadonlySet<string>>(new Set());
  const box = useRef<HTMLDivElement>(null);
  const list = useHeld(box, ranked, view);
  // What others have decided about meanwhile is not here any more.
  const picked = new Set(list.map((s) => s.id).filter((id) => chosen.has(id)));
  const [saving, save] = useSave();
  const bulk = mayChange() && view === "open";
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const approve = () =>
    save(async () => {
      const { results } = await tradeApi.approveAll(list.filter((s) => picked.has(s.id)), me.value);
      const bad = results.filter((r) => r.error);
      setPicked(new Set(bad.map((r) => r.id)));
      reload();
      if (bad[0]) throw new Error(t("order.failed", { n: bad.length, error: refusal(bad[0]).error }));
    });
  return (
    <>
      {view === "done" && <Score list={list} />}
      {picked.size > 0 && (
        <div class="bulk-bar">
          <button class="button button-small button-primary" type="button" disabled={saving.kind === "busy"} onClick={() => void approve()}>
            {tn("order.approve_n", picked.size)}
          </button>
        </div>
      )}
      <SaveError saving={saving} />
      <div class="scroll-x" ref={box} tabIndex={0} role="region" aria-label={t("trade.orders")}>
        <table class="kpi-table orders-table">
          <thead>
            <tr>
              {bulk && (
                <th scope="col" class="pick-cell">
                  <input type="checkbox" aria-label={t("order.pick_all")} checked={picked.size === list.length} onChange={(e) => setPicked(new Set(e.currentTarget.checked ? list.map((s) => s.id) : []))} />
                </th>
              )}
              <Th name="trade.product" />
              <Th name="order.gain" end help />
              <Th name="order.cases" end help />
              <Th name="order.stock" end help />
              <Th name="order.demand" end help />
              <Th name={view === "done" ? "order.outcome" : "order.by_when"} help={view === "done"} />
              {view !== "done" && mayChange() && <th scope="col" aria-label={t("order.status")} />}
            </tr>
          </thead>
          <tbody>
            {list.map((s) => (
              <Row key={s.id} order={s} view={view} name={name(s.gtin, s.name)} reload={reload} pick={bulk ? { on: picked.has(s.id), toggle: () => toggle(s.id) } : undefined} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface RowProps {
  order: Suggestion;
  view: View;
  name: string;
  reload(): void;
  pick: { on: boolean; toggle(): void } | undefined;
}

function Row({ order: s, view, name, reload, pick }: RowProps) {
  const l = lang.value;
  // null: nothing was typed, and the field follows what is suggested.
  const [typed, setCases] = useState<string | null>(null);
  const cases = typed ?? String(s.cases);
  const [saving, save] = useSave();
  const decide = async (d: Decision) => {
    if (await save(() => tradeApi.decide(s.id, d))) reload();
  };
  const units = (v: number) => count(Math.round(v), l);
  const open = view === "open" && mayChange();
  const n = Number(cases);
  const changed = cases !== "" && Number.isInteger(n) && n >= 0 && n !== s.cases;
  return (
    <tr>
      {pick && (
        <td class="pick-cell">
          <input type="checkbox" aria-label={t("order.pick", { name })} checked={pick.on} onChange={pick.toggle} />
        </td>
      )}
      <th scope="row">
        {name}
        <small class="muted">{storeName(s.store)}</small>
      </th>
      <td class="end num">
        <b>{money(s.gain_minor, s.currency, l)}</b>
        <small class="muted">{t("order.gain_units", { n: units(s.gain_units) })}</small>
      </td>
      <td class="end num">
        {open ? <input class="input cases" type="number" min={0} max={100000} step={1} aria-label={`${t("order.cases")}: ${name}`} value={cases} onInput={(e) => setCases(e.currentTarget.value)} /> : count(s.cases, l)}
        <small class="muted">
          {t("order.of_units", { n: count(s.units_per_case, l) })}
          {s.cases !== s.cases_suggested && ` · ${t("order.suggested_n", { n: count(s.cases_suggested, l) })}`}
        </small>
        {s.over_capacity ? <small class="ink-low">{t("order.over", { n: count(s.over_capacity, l) })}</small> : s.capped_by_cooler && <small class="ink-low">{t("order.capped")}</small>}
      </td>
      <td class="end num">
        {units(s.stock)} → {units(s.stock_at_delivery)}
        <small class="muted">{t(`order.from.${s.stock_source}`)}</small>
      </td>
      <td class="end num">
        {units(s.demand.mean)}
        <small class="muted">
          {units(s.demand.p10)} – {units(s.demand.p90)}
        </small>
        {s.demand.online >= 0.5 && <small class="muted">{t("order.online", { n: units(s.demand.online) })}</small>}
        {s.demand.lift >= 0.5 && <small class="muted">{t("order.lift", { n: units(s.demand.lift) })}</small>}
      </td>
      <td class="num">
        {view === "done" ? (
          <Outcome order={s} />
        ) : (
          <>
            <span title={minute(Date.parse(s.order_by), l)}>{clock(Date.parse(s.order_by), now.value, l)}</span>
            <small class="muted">
              {t("order.delivery")} {clock(Date.parse(s.delivery), now.value, l)}
            </small>
            {s.by && <small class="muted">{t("order.by", { who: s.by })}</small>}
            {s.fault && <small class="ink-empty">{s.fault}</small>}
          </>
        )}
      </td>
      {view !== "done" && mayChange() && (
        <td>
          <span class="row-tools">
            {open && (
              <button class="button button-small button-primary" type="button" disabled={saving.kind === "busy"} onClick={() => void decide(changed ? { action: "change", cases: n, by: me.value } : { action: "approve", seen_cases: s.cases, by: me.value })}>
                {changed ? t("order.change", { n: count(n, l) }) : t("order.approve")}
              </button>
            )}
            {view === "paused" ? (
              <button class="button button-small" type="button" onClick={() => void decide({ action: "resume", by: me.value })}>
                {t("order.resume")}
              </button>
            ) : (
              <button class="button button-small" type="button" title={t("order.pause.help")} onClick={() => void decide({ action: "pause", by: me.value })}>
                {t("order.pause")}
              </button>
            )}
          </span>
          <SaveError saving={saving} />
        </td>
      )}
    </tr>
  );
}

function Outcome({ order: s }: { order: Suggestion }) {
  const l = lang.value;
  const o = s.outcome;
  if (!o) return <span class="muted">{t(`order.status.${s.status}`)}</span>;
  return (
    <>
      {t("order.sold", { n: count(o.sold, l) })} · {t("order.lost", { n: count(Math.round(o.lost_units), l) })}
      <small class={o.in_range ? "ink-ok" : "ink-low"}>{t(o.in_range ? "order.in_range" : "order.out_range")}</small>
      <small class="muted">
        {t("order.watched", { share: percent(o.watched, l) })} · {t(`order.status.${s.status}`)}
      </small>
    </>
  );
}

/** How often the forecast's range held what came. */
function Score({ list }: { list: readonly Suggestion[] }) {
  const over = list.filter((s) => s.outcome);
  if (over.length === 0) return null;
  return (
    <p class="note num">
      {t("order.score", { in: over.filter((s) => s.outcome!.in_range).length, all: over.length })} <Help name={t("order.outcome")}>{t("order.outcome.help")}</Help>
    </p>
  );
}
