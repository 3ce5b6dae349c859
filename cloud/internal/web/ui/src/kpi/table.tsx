// The table of KPIs: sorted by any of them, each value with its change and its coverage, each row leading
// into what it is about.

import { useRef, useState } from "preact/hooks";
import { lang, t } from "../i18n/text";
import { to } from "../router";
import { coolerName, storeName } from "../store";
import { Explained, explained } from "../ui/explained";
import { useHeld } from "../ui/held";
import { Help } from "../ui/help";
import { CoverageLine, DeltaMark, explain, MainCause } from "./cell";
import { KPIS, type KpiId, write } from "./defs";
import { address, into, type Question } from "./query";
import { sorted, type TableRow } from "./rows";

const PAGE = 100;

export function KpiTable({ question: q, rows, columns }: { question: Question; rows: readonly TableRow[]; columns: readonly KpiId[] }) {
  // What is bought nowhere has no column.
  const filled = columns.filter((id) => rows.some((r) => r.now[id]?.value != null));
  const first = (["lost_money", "lost_units", "score", "osa"] as const).find((id) => filled.includes(id)) ?? "osa";
  const [order, setOrder] = useState<{ by: KpiId; down: boolean } | null>(null);
  const [shown, setShown] = useState(PAGE);
  const by = order && filled.includes(order.by) ? order : { by: first, down: KPIS[first].better < 0 };
  const box = useRef<HTMLDivElement>(null);
  const list = useHeld(box, sorted(rows, by.by, by.down), `${by.by} ${by.down}`);
  return (
    <Explained>
      <div class="scroll-x" ref={box} tabIndex={0} role="region" aria-label={t(`kpis.by.${q.by}`)}>
        <table class="kpi-table">
          <thead>
            <tr>
              <th scope="col">{t(`kpis.by.${q.by}`)}</th>
              {filled.map((id) => (
                <th key={id} scope="col" class="end" aria-sort={by.by === id ? (by.down ? "descending" : "ascending") : undefined}>
                  <span class="kpi-head">
                    <button type="button" title={t("kpis.sort", { name: t(`kpi.name.${id}`) })} onClick={() => setOrder({ by: id, down: by.by === id ? !by.down : true })}>
                      {t(`kpi.name.${id}`)}
                      <span aria-hidden="true">{by.by === id ? (by.down ? " ↓" : " ↑") : ""}</span>
                    </button>
                    <Help name={t(`kpi.name.${id}`)}>{t(`kpi.def.${id}`)}</Help>
                  </span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {list.slice(0, shown).map((r, row) => (
              <tr key={JSON.stringify(r.key)}>
                <th scope="row">
                  <RowName question={q} row={r} />
                </th>
                {filled.map((id, column) => {
                  const v = r.now[id] ?? { value: null };
                  return (
                    <td key={id} class="end num" {...explained(explain(id, v, r.before?.[id]), row + column === 0)}>
                      {write(KPIS[id].unit, v, lang.value)}
                      <DeltaMark id={id} now={v} before={r.before?.[id]} />
                      <MainCause of={v} />
                      {v.coverage !== undefined && <CoverageLine share={v.coverage} />}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {list.length > shown && (
        <button class="card-foot" type="button" onClick={() => setShown(shown + PAGE)}>
          {t("alerts.more")}
        </button>
      )}
    </Explained>
  );
}

function RowName({ question: q, row: r }: { question: Question; row: TableRow }) {
  const { by } = q;
  const key = r.key[by] ?? "";
  if (by === "cooler") {
    return (
      <a class="link-plain" href={to.cooler(key)}>
        {coolerName(key)}
        <small class="muted">{storeName(r.key["store"] ?? "")}</small>
      </a>
    );
  }
  return (
    <a class="link-plain" href={address(into(q, by, key))}>
      {nameOf(by, key, r)}
      {by === "sku" && <small class="muted num">{key}</small>}
    </a>
  );
}

/** What people call a row. */
export function nameOf(by: string, key: string, r?: TableRow): string {
  const name = r && ((lang.value === "zh" && r.nameZh) || r.name);
  if (name) return name;
  if (by === "store") return storeName(key);
  if (key) return key;
  return by === "region" ? t("kpis.nameless.region") : by === "brand" ? t("kpis.nameless.brand") : t("kpis.nameless");
}
