// Share of shelf against share of sales, a pair of bars each.

import { lang, t } from "../i18n/text";
import { Explained, explained } from "../ui/explained";
import { Help } from "../ui/help";
import { explain } from "./cell";
import { KPIS, write } from "./defs";
import { nameOf } from "./table";
import type { TableRow } from "./rows";

const SHOWN = 8;

export function ShareBars({ rows }: { rows: readonly TableRow[] }) {
  const l = lang.value;
  const share = (r: TableRow, id: "share_of_shelf" | "share_of_units") => r.now[id]?.value ?? 0;
  const list = [...rows].sort((a, b) => share(b, "share_of_shelf") + share(b, "share_of_units") - share(a, "share_of_shelf") - share(a, "share_of_units")).slice(0, SHOWN);
  const most = list.reduce((m, r) => Math.max(m, share(r, "share_of_shelf"), share(r, "share_of_units")), 0.01);
  const sold = list.some((r) => r.now.share_of_units?.value != null);
  return (
    <Explained>
      <div class="share-bars">
        {sold && (
          <p class="share-head">
            {t("kpi.name.index")}
            <Help name={t("kpi.name.index")}>{t("kpi.def.index")}</Help>
          </p>
        )}
        <ul>
          {list.map((r, row) => (
            <li key={JSON.stringify(r.key)}>
              <span class="share-name">{nameOf("brand", r.key["brand"] ?? "", r)}</span>
              <span class="share-pair">
                {(["share_of_shelf", "share_of_units"] as const).map((id, column) => {
                  const v = r.now[id] ?? { value: null };
                  return (
                    <span key={id} class={`share-bar share-${id}`} {...explained(explain(id, v, null), row + column === 0)}>
                      <span style={{ width: `calc((100% - 62px) * ${(v.value ?? 0) / most})` }} />
                      <b class="num">{write(KPIS[id].unit, v, l)}</b>
                    </span>
                  );
                })}
              </span>
              <span class="share-index num" {...explained(explain("index", r.now.index ?? { value: null }, null), false)}>
                {write("index", r.now.index ?? { value: null }, l)}
              </span>
            </li>
          ))}
        </ul>
        <p class="share-legend">
          <span class="share-key share-share_of_shelf" />
          {t("kpi.name.share_of_shelf")}
          <span class="share-key share-share_of_units" />
          {t("kpi.name.share_of_units")}
          {!sold && <span class="muted"> {t("kpis.shares_none")}</span>}
        </p>
      </div>
    </Explained>
  );
}
