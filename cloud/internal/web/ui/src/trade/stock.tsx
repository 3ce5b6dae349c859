// A store's book held to its shelves: what should be there, what the camera sees, and where they part.
// A product opens into every movement that made its book.

import { useMemo, useState } from "preact/hooks";
import { ago, count, duration, minute, percent } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { now, storeName, stores } from "../store";
import { Blank, Pending, useLoad } from "../ui/async";
import { saveCsv } from "../ui/csv";
import { useTradeFresh } from "../ui/fresh";
import { Help } from "../ui/help";
import { Download, Printer, Search, Tray } from "../ui/icons";
import { EnterMovement, Movements } from "./movements";
import { asked, mayChange, StorePick, Switch, Th, useProducts, ViewerNote } from "./parts";
import { type StockRow, tradeApi, type Verdict, VERDICTS } from "./trade";

export function StockBook() {
  // With one store there is nothing to choose.
  const store = asked("store") || (stores.value.size === 1 ? [...stores.value.keys()][0]! : "");
  return (
    <>
      <div class="trade-bar">
        <p class="muted">{t("stock.help")}</p>
        <div class="kpi-controls">
          <StorePick />
        </div>
      </div>
      <ViewerNote />
      {store ? (
        <Store key={store} store={store} />
      ) : (
        <section class="card">
          <Blank icon={<Tray />} title={t("trade.pick_store")}>
            {t("stock.help")}
          </Blank>
        </section>
      )}
    </>
  );
}

function Store({ store }: { store: string }) {
  const loaded = useLoad((signal) => tradeApi.stock(store, signal), [store], useTradeFresh());
  const [only, setOnly] = useState<Verdict | "all">("all");
  const [text, setText] = useState("");
  const [open, setOpen] = useState(asked("gtin"));
  const { name, list: products } = useProducts();
  const rows = useMemo(() => worstFirst(loaded.data?.products ?? []), [loaded.data]);
  const wanted = text.trim().toLocaleLowerCase();
  const shown = rows.filter((r) => (only === "all" || r.verdict === only) && (!wanted || `${name(r.gtin)} ${r.gtin}`.toLocaleLowerCase().includes(wanted)));
  const there = VERDICTS.filter((v) => rows.some((r) => r.verdict === v));
  if (!loaded.data) return <Pending of={loaded} card rows={6} />;
  return (
    <>
      <section class="card kpi-rows" aria-labelledby="book">
        <header class="card-head stock-head">
          <h2 id="book">{storeName(store)}</h2>
          <span class="muted">{t(loaded.data.open ? "stock.open" : "stock.closed")}</span>
          {there.length > 1 && (
            <Switch
              label={t("stock.verdict")}
              of={["all", ...there] as const}
              value={only}
              name={(v) => (v === "all" ? `${t("stock.all")} ${count(rows.length, lang.value)}` : `${word("verdict", v)} ${count(rows.filter((r) => r.verdict === v).length, lang.value)}`)}
              pick={(v) => setOnly(v)}
            />
          )}
          <label class="search">
            <Search />
            <input type="search" value={text} placeholder={t("trade.search")} aria-label={t("trade.search")} onInput={(e) => setText(e.currentTarget.value)} />
          </label>
          <span class="kpi-exports">
            <button class="button button-small" type="button" onClick={() => saveCsv(`stock-${store}`, sheet(shown, name))}>
              <Download />
              {t("kpis.csv")}
            </button>
            <button class="button button-small" type="button" onClick={() => print()}>
              <Printer />
              {t("kpis.print")}
            </button>
          </span>
        </header>
        {rows.length === 0 ? (
          <Blank icon={<Tray />} title={t("stock.none")}>
            {t("stock.none_text")}
          </Blank>
        ) : (
          <div class="scroll-x" tabIndex={0} role="region" aria-label={t("trade.stock")}>
            <table class="kpi-table stock-table">
              <thead>
                <tr>
                  <Th name="trade.product" />
                  <Th name="stock.verdict" help />
                  <Th name="stock.book" end help />
                  <Th name="stock.shelf" help />
                  <Th name="stock.reserved" end help />
                  <Th name="stock.free" end help />
                  <Th name="stock.counted" end />
                </tr>
              </thead>
              <tbody>
                {shown.map((r) => (
                  <Row key={r.gtin} row={r} name={name(r.gtin)} open={open === r.gtin} toggle={() => setOpen(open === r.gtin ? "" : r.gtin)} />
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {open && <Movements key={open} store={store} gtin={open} name={name(open)} close={() => setOpen("")} stamp={loaded.data.at} />}
      {mayChange() && <EnterMovement store={store} gtin={open} products={products} done={loaded.reload} />}
    </>
  );
}

function Row({ row: r, name, open, toggle }: { row: StockRow; name: string; open: boolean; toggle(): void }) {
  const l = lang.value;
  return (
    <tr class={open ? "is-picked" : ""}>
      <th scope="row">
        <button class="link-button" type="button" aria-expanded={open} onClick={toggle}>
          {name}
          <small class="muted num">{r.gtin}</small>
        </button>
      </th>
      <td>
        <span class={`verdict verdict-${r.verdict}`}>{word("verdict", r.verdict)}</span>
        <Help name={word("verdict", r.verdict)}>{t(`verdict.${r.verdict}.help`)}</Help>
        <small class="muted num">
          {[
            r.verdict === "not_counted" ? "" : t("stock.sure", { share: percent(r.confidence, l) }),
            r.empty_open_minutes === undefined ? "" : t("stock.empty_for", { time: duration(r.empty_open_minutes * 60, l) }),
          ]
            .filter(Boolean)
            .join(" · ")}
        </small>
      </td>
      <td class="end num">{r.on_hand === null ? "–" : count(r.on_hand, l)}</td>
      <td>
        {word("shelf", r.shelf)}
        <small class="muted num">{r.slots === 0 ? "" : `${tn("stock.facings", r.facings)} · ${t("stock.judged", { n: r.slots_judged, all: r.slots })}`}</small>
      </td>
      <td class="end num">{count(r.reserved, l)}</td>
      <td class="end num">{r.free === null ? "–" : count(r.free, l)}</td>
      <td class="end num" title={r.counted_at ? minute(Date.parse(r.counted_at), l) : undefined}>
        {r.counted_at ? ago(Date.parse(r.counted_at), now.value, l) : <span class="muted">{t("stock.never")}</span>}
      </td>
    </tr>
  );
}

const worstFirst = (rows: readonly StockRow[]) => [...rows].sort((a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) || (b.on_hand ?? 0) - (a.on_hand ?? 0));

/** The table for a spreadsheet, numbers as numbers. */
function sheet(rows: readonly StockRow[], name: (gtin: string) => string): (string | number | null)[][] {
  const head = ["GTIN", t("trade.product"), t("stock.verdict"), t("stock.book"), t("stock.shelf"), t("stock.reserved"), t("stock.free"), t("stock.counted")];
  return [head, ...rows.map((r) => [r.gtin, name(r.gtin), word("verdict", r.verdict), r.on_hand, word("shelf", r.shelf), r.reserved, r.free, r.counted_at])];
}
