// Availability by weekday and hour: when the shelf is bare.

import { percent } from "../format";
import { lang, t } from "../i18n/text";
import { Explained, explained } from "../ui/explained";
import type { Value } from "./defs";

const HOURS = Array.from({ length: 24 }, (_, h) => h);

export function Heat({ grid }: { grid: readonly (readonly (Value | null)[])[] }) {
  const l = lang.value;
  const values = grid.flat().flatMap((v) => (v?.value != null ? [v.value] : []));
  const worst = values.reduce((a, b) => Math.min(a, b), 1);
  // The scale reaches at least from 90 to 100 %, so that a good week does not look like a bad one.
  const low = Math.min(worst, 0.9);
  const shade = (v: number) => Math.round((100 * (1 - v)) / (1 - low));
  const day = (d: number) => new Intl.DateTimeFormat(l === "zh" ? "zh-CN" : "en-GB", { weekday: "short", timeZone: "UTC" }).format(Date.UTC(2026, 5, 1 + d)); // a Monday
  return (
    <Explained>
      <div class="heat-box" tabIndex={0} role="region" aria-label={t("kpis.week")}>
        <table class="heat">
          <thead>
            <tr>
              <td />
              {HOURS.map((h) => (
                <th key={h} scope="col" class="num">
                  {h}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {grid.map((row, d) => (
              <tr key={d}>
                <th scope="row">{day(d)}</th>
                {row.map((v, h) => {
                  const text = v?.value != null ? t("kpis.week_cell", { day: day(d), hour: h, value: percent(v.value, l), coverage: t("kpis.coverage_short", { share: percent(v.coverage ?? 0, l) }) }) : t("kpis.week_unseen", { day: day(d), hour: h });
                  return (
                    <td key={h} class={v?.value != null ? "" : "heat-unseen"} style={v?.value != null ? { "--heat": `${shade(v.value)}%` } : {}} {...explained(text, d + h === 0)}>
                      <span class="visually-hidden">{text}</span>
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
        <p class="heat-scale num" aria-hidden="true">
          {percent(low, l)}
          <span />
          {percent(1, l)}
        </p>
      </div>
    </Explained>
  );
}
