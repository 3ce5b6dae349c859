// Availability over the time asked for, with the time compared with laid under it.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, percent } from "../format";
import { lang, t } from "../i18n/text";
import { theme } from "../theme";
import type { Line, Span } from "./load";

const HEIGHT = 220;

export function Trend({ now, before, span, daily }: { now: Line; before: Line | null; span: Span; daily: boolean }) {
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const [scheme, language] = [theme.value, lang.value];
  const date = (ms: number) => (daily ? new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { month: "short", day: "numeric" }).format(ms) : clock(ms, Date.now(), language));
  const xs = [...new Set([...now.points, ...(before?.points ?? [])].map((p) => p.at))].sort((a, b) => a - b);
  const column = (line: Line | null) => {
    const known = new Map(line?.points.map((p) => [p.at, p.value]));
    return xs.map((x) => known.get(x) ?? null);
  };
  const data: uPlot.AlignedData = [xs, column(now), column(before)];
  const few = xs.length < 32;
  const drawn = useRef<uPlot | null>(null);
  // What is drawn at the moment: figures that are restated move a line, and leave the plot and who points at it.
  const shown = useRef({ data, span });
  shown.current = { data, span };
  useEffect(() => {
    const el = box.current!;
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const axis: uPlot.Axis = { stroke: color("--ink-3"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: `11px ${color("--font")}` };
    const least = () => [...(shown.current.data[1] ?? []), ...(shown.current.data[2] ?? [])].reduce<number>((m, v) => (v == null ? m : Math.min(m, v)), 1);
    const plot = new uPlot(
      {
        width: el.clientWidth,
        height: HEIGHT,
        ms: 1,
        cursor: { y: false, points: { size: 7 } },
        legend: { show: false },
        padding: [8, 26, 0, 0],
        scales: { x: { range: () => [shown.current.span.from, shown.current.span.to] }, y: { range: () => [Math.max(0, Math.floor(least() * 10 - 0.5) / 10), 1] } },
        axes: [
          { ...axis, size: 26, values: (_u, ticks) => ticks.map(date) },
          { ...axis, size: 52, space: 28, values: (_u, ticks) => ticks.map((v) => percent(v, language)) },
        ],
        series: [
          {},
          { stroke: color("--accent"), width: 2, fill: color("--accent-wash"), points: { show: few, size: 6 } },
          { stroke: color("--ink-3"), width: 1.5, dash: [4, 4], points: { show: false } },
        ],
        hooks: {
          setCursor: [
            (u) => {
              const i = u.cursor.idx;
              const [x, a, b] = i == null ? [] : [u.data[0][i], u.data[1]?.[i], u.data[2]?.[i]];
              readout.current!.textContent = x == null ? "" : [date(x), a != null && percent(a, language), b != null && `(${percent(b, language)})`].filter(Boolean).join(" · ");
            },
          ],
        },
      },
      shown.current.data,
      el,
    );
    drawn.current = plot;
    const size = new ResizeObserver(() => plot.setSize({ width: el.clientWidth, height: HEIGHT }));
    size.observe(el);
    return () => {
      size.disconnect();
      plot.destroy();
    };
  }, [scheme, language, daily, few]);
  const state = JSON.stringify([data, span]);
  useEffect(() => drawn.current?.setData(shown.current.data), [state]);
  const said = now.points.filter((p) => p.value !== null).map((p) => `${date(p.at)} ${percent(p.value, language)}`);
  return (
    <div class="chart-box">
      <span class="chart-readout num" ref={readout} aria-hidden="true" />
      <div class="chart" ref={box} role="img" aria-label={`${t("kpi.name.osa")}: ${said.join(", ")}`} />
      {before && (
        <p class="trend-legend">
          <span class="trend-key" />
          {t("kpis.now_line")}
          <span class="trend-key trend-before" />
          {t("kpis.before_line")}
        </p>
      )}
    </div>
  );
}
