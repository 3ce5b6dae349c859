// Every cooler in one line, the most troubled first.

import { type Signal, useComputed } from "@preact/signals";
import { memo } from "../ui/memo";
import { ago, count, moment, percent, temperature } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { gone as isGone, osaNow, slotsNow } from "../live/rank";
import { to } from "../router";
import { coolers, now, storeName } from "../store";
import { type Cooler, SLOT_STATES } from "../types";
import { Blank } from "../ui/async";
import { DoorIcon, Download, Search } from "../ui/icons";
import { saveCsv } from "../ui/csv";
import { useMedia } from "../ui/media";
import { SlotBar, StatusDot } from "../ui/state";
import { Windowed } from "../ui/windowed";

const ROW_PX = 56;
const ROW_NARROW_PX = 96;

export function CoolerTable({ find: text }: { find: Signal<string> }) {
  const rows = useComputed(() => matching(coolers.value, text.value));
  const narrow = useMedia("(max-width: 719px)");
  const all = coolers.value.length;
  const found = rows.value;
  return (
    <section class="card panel" aria-labelledby="coolers">
      <header class="card-head">
        <h2 id="coolers">{t("coolers.title")}</h2>
        <span class="count num">{found.length === all ? count(all, lang.value) : t("coolers.count_of", { n: found.length, all })}</span>
        <button class="toggle toggle-icon csv" type="button" title={t("csv.export")} aria-label={t("csv.export")} onClick={() => saveCsv("coolers", coolerTable(found))}>
          <Download />
        </button>
        <label class="search">
          <Search />
          <input type="search" value={text.value} placeholder={t("coolers.search")} aria-label={t("coolers.search")} onInput={(e) => (text.value = e.currentTarget.value)} />
        </label>
      </header>
      {found.length === 0 ? (
        <Blank title={t("coolers.none_match", { text: text.value })} />
      ) : (
        <div class="coolers" role="table" aria-label={t("coolers.caption")} aria-rowcount={found.length + 1}>
          <div class="cooler-head" role="rowgroup">
            <div class="cooler-row" role="row" aria-rowindex={1}>
              <span role="columnheader">{t("col.cooler")}</span>
              <span role="columnheader">{t("col.slots")}</span>
              <span role="columnheader" class="end">{t("col.osa")}</span>
              <span role="columnheader" class="end">{t("col.alerts")}</span>
              <span role="columnheader" class="end">{t("col.temp")}</span>
              <span role="columnheader">{t("col.door")}</span>
              <span role="columnheader" class="end">{t("col.seen")}</span>
            </div>
          </div>
          <Windowed class="cooler-rows" role="rowgroup" items={found} rowHeight={narrow ? ROW_NARROW_PX : ROW_PX} row={(c, i) => <Row key={c.device} cooler={c} index={i} />} />
        </div>
      )}
      <p class="visually-hidden" role="status">
        {text.value ? tn("coolers.count", found.length) : ""}
      </p>
    </section>
  );
}

function matching(all: readonly Cooler[], text: string): readonly Cooler[] {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return all;
  return all.filter((c) => `${c.name} ${c.device} ${c.store} ${storeName(c.store)}`.toLocaleLowerCase().includes(wanted));
}

/** The table for a spreadsheet, in the page's language; numbers as numbers. */
function coolerTable(rows: readonly Cooler[]): (string | number | null)[][] {
  const states = SLOT_STATES.map((s) => word("state", s));
  const head = [t("setup.device"), t("col.cooler"), t("setup.store"), t("col.status"), ...states, t("col.osa"), t("kpi.osa.coverage"), t("col.alerts"), `${t("col.temp")} °C`, t("col.door"), t("col.seen")];
  return [head, ...rows.map((c) => [c.device, c.name, storeName(c.store), word("status", c.status), ...SLOT_STATES.map((s) => slotsNow(c)[s]), osaNow(c).value, osaNow(c).coverage, c.open_alerts, c.temp_mc === null ? null : c.temp_mc / 1000, word("door", c.door), c.last_seen])];
}

const Row = memo(function Row({ cooler: c, index }: { cooler: Cooler; index: number }) {
  const l = lang.value;
  const seen = c.last_seen ? Date.parse(c.last_seen) : null;
  const gone = isGone(c);
  const osa = osaNow(c);
  return (
    <div class={`cooler-row cooler-link${gone ? " is-gone" : ""}`} role="row" aria-rowindex={index + 2}>
      <span role="cell" class="cell-name">
        <span class="cooler-name">
          <StatusDot status={c.status} />
          <a class="row-link" href={to.cooler(c.device)}>{c.name || c.device}</a>
        </span>
        <span class="cooler-store">
          <span class={c.status === "online" ? "visually-hidden" : `tag-${c.status}`}>{word("status", c.status)} · </span>
          {storeName(c.store) === c.name ? c.device : storeName(c.store)}
        </span>
      </span>
      <span role="cell" class="cell-slots">
        <SlotBar slots={slotsNow(c)} />
      </span>
      <span role="cell" class="cell-osa end num">
        {percent(osa.value, l)}
        {osa.value !== null && osa.coverage < 0.995 && <span class="of-seen">{t("col.share_seen", { share: percent(osa.coverage, l) })}</span>}
      </span>
      <span role="cell" class="cell-alerts end num">
        {c.open_alerts > 0 ? <span class="pill-bad">{count(c.open_alerts, l)}</span> : <span class="muted">0</span>}
      </span>
      <span role="cell" class="cell-temp end num">{temperature(c.temp_mc, l)}</span>
      <span role="cell" class={`cell-door door-${c.door}`}>
        {c.door !== "unknown" && <DoorIcon open={c.door === "open"} />}
        {word("door", c.door)}
      </span>
      <span role="cell" class="cell-seen end num" title={seen ? moment(seen, l) : undefined}>
        {seen ? ago(seen, now.value, l) : t("col.never")}
      </span>
    </div>
  );
});
