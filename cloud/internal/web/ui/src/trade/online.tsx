// Orders of web shops: which store serves them and why, and what is reserved until when.

import { useState } from "preact/hooks";
import { ago, clock, count, minute } from "../format";
import { lang, t } from "../i18n/text";
import { SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { now, storeName } from "../store";
import { Blank, Pending, useLoad } from "../ui/async";
import { saveCsv } from "../ui/csv";
import { useTradeFresh } from "../ui/fresh";
import { Help } from "../ui/help";
import { Download, Shop } from "../ui/icons";
import { ask, asked, mayChange, Switch, Th, useProducts } from "./parts";
import { type Item, type OnlineOrder, type PassedStore, tradeApi } from "./trade";

const VIEWS = ["all", "held", "sold", "cancelled", "timed_out", "refused"] as const;

export function OnlineOrders() {
  const view = VIEWS.find((v) => v === asked("status")) ?? "all";
  const loaded = useLoad((signal) => tradeApi.orders(view === "all" ? "" : view, signal), [view], useTradeFresh());
  const list = loaded.data?.orders ?? [];
  const { name } = useProducts();
  return (
    <>
      <div class="trade-bar">
        <p class="muted">{t("online.help")}</p>
      </div>
      <section class="card kpi-rows" aria-label={t("trade.online")}>
        <header class="card-head">
          <Switch label={t("order.status")} of={VIEWS} value={view} name={(v) => (v === "all" ? t("stock.all") : t(`online.status.${v}`))} pick={(v) => ask({ status: v === "all" ? "" : v })} />
          <span class="push kpi-exports">
            <button class="button button-small" type="button" onClick={() => saveCsv("online-orders", sheet(list, name))}>
              <Download />
              {t("kpis.csv")}
            </button>
          </span>
        </header>
        {!loaded.data ? (
          <Pending of={loaded} rows={4} />
        ) : list.length === 0 ? (
          <Blank icon={<Shop />} title={t("online.none")}>
            {t("online.none_text")}
          </Blank>
        ) : (
          <div class="scroll-x" tabIndex={0} role="region" aria-label={t("trade.online")}>
            <table class="kpi-table">
              <thead>
                <tr>
                  <Th name="online.order" />
                  <Th name="order.status" />
                  <Th name="online.goods" />
                  <Th name="online.where" help />
                  <Th name="online.decided" end />
                  {mayChange() && <th scope="col" aria-label={t("online.release")} />}
                </tr>
              </thead>
              <tbody>
                {list.map((o) => (
                  <Row key={`${o.channel} ${o.order}`} order={o} name={name} reload={loaded.reload} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </>
  );
}

function Row({ order: o, name, reload }: { order: OnlineOrder; name(gtin: string): string; reload(): void }) {
  const l = lang.value;
  const [sure, setSure] = useState(false);
  const [saving, save] = useSave();
  const stores = o.assignments ?? [];
  const missing = o.missing ?? [];
  const release = async () => {
    setSure(false);
    if (await save(() => tradeApi.release(o))) reload();
  };
  return (
    <tr>
      <th scope="row">
        {o.order}
        <small class="muted">{o.channel}</small>
      </th>
      <td>
        <span class={`verdict online-${o.status}`}>{t(`online.status.${o.status}`)}</span>
        {o.status === "held" && o.expires_at && <small class="muted num">{t("online.until", { time: clock(Date.parse(o.expires_at), now.value, l) })}</small>}
      </td>
      <td class="wrap">
        {goods(stores.flatMap((a) => a.lines), name)}
        {missing.length > 0 && <small class="ink-empty">{t("online.missing", { names: goods(missing, name) })}</small>}
      </td>
      <td>
        {stores.length === 0 && <span class="muted">{t("online.nowhere")}</span>}
        {missing.length > 0 && <Why of={o.passed ?? []} name={name} several={missing.length > 1} />}
        {stores.map((a) => (
          <span key={a.store} class="stack-line">
            <a class="link-plain" href={`/trade/stock?${new URLSearchParams({ store: a.store })}`}>
              {storeName(a.store)}
            </a>
            <small class="muted num">
              {a.km.toFixed(1)} km · {t("online.points", { n: a.points.total.toFixed(1) })} <Help name={t("online.points", { n: a.points.total.toFixed(1) })}>{t("online.points_of", points(a.points))}</Help>
            </small>
          </span>
        ))}
      </td>
      <td class="end num" title={minute(Date.parse(o.created_at), l)}>
        {ago(Date.parse(o.created_at), now.value, l)}
      </td>
      {mayChange() && (
        <td>
          {o.status === "held" && (
            <button class={`button button-small${sure ? " button-primary" : ""}`} type="button" disabled={saving.kind === "busy"} onClick={() => (sure ? void release() : setSure(true))}>
              {sure ? t("online.sure", { order: o.order }) : t("online.release")}
            </button>
          )}
          <SaveError saving={saving} />
        </td>
      )}
    </tr>
  );
}

/** Why the nearest stores do not serve what is missing. */
function Why({ of, name, several }: { of: readonly PassedStore[]; name(gtin: string): string; several: boolean }) {
  return (
    <>
      {of.slice(0, EXPLAINED).map((p) => (
        <small key={`${p.store} ${p.gtin ?? ""}`} class="muted stack-line" title={p.detail}>
          {storeName(p.store)}
          {p.km !== undefined && <span class="num"> {p.km.toFixed(1)} km</span>}: {t(`online.passed.${p.reason}`)}
          {several && p.gtin && ` (${name(p.gtin)})`}
        </small>
      ))}
    </>
  );
}

const EXPLAINED = 4;

const points = (p: Record<string, number>) => Object.fromEntries(Object.entries(p).map(([k, v]) => [k, v.toFixed(1)]));

const goods = (items: readonly Item[], name: (gtin: string) => string) => items.map((i) => `${count(i.units, lang.value)} × ${name(i.gtin)}`).join(lang.value === "zh" ? "，" : ", ");

function sheet(list: readonly OnlineOrder[], name: (gtin: string) => string): (string | number | null)[][] {
  const head = [t("sales.channel"), t("online.order"), t("order.status"), t("trade.store"), "km", "GTIN", t("trade.product"), t("moves.units"), t("online.decided")];
  return [
    head,
    ...list.flatMap((o) => {
      const rows = (o.assignments ?? []).flatMap((a) => a.lines.map((i) => [o.channel, o.order, t(`online.status.${o.status}`), storeName(a.store), a.km, i.gtin, name(i.gtin), i.units, o.created_at]));
      const missing = (o.missing ?? []).map((i) => [o.channel, o.order, t(`online.status.${o.status}`), "", null, i.gtin, name(i.gtin), i.units, o.created_at]);
      return [...rows, ...missing];
    }),
  ];
}
