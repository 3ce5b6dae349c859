// A time series by uPlot, in the page's colours, with bands for what lasted a while. Charts of one
// page share their cursor.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { clock, day } from "../format";
import { lang } from "../i18n/text";
import { theme } from "../theme";
import { type Band, type Grain, split } from "./points";

interface Props {
  label: string;
  /** [ms, value], by time. */
  points: readonly [number, number][];
  bands?: readonly Band[];
  from: number;
  to: number;
  show(value: number): string;
  /** A level that the value should not pass. */
  limit?: number;
  min?: number;
  max?: number;
  grain: Grain;
  /** Pixels. */
  height?: number;
  /** The value holds until the next point, and no stretch between points is unknown. */
  steps?: boolean;
  /** The levels that are marked; without them uPlot chooses. */
  ticks?: readonly number[];
  /** What is left free above and below at least, in the value's unit. */
  pad?: number;
}

const HEIGHT = 172;
/** Longer stretches are marked by days. */
const LONG_MS = 3 * 86_400_000;
// Times are written to the minute: finer marks would read the same.
const MINUTES_MS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map((m) => m * 60_000);
const DAYS_MS = [1, 2, 7, 14, 28].map((d) => d * 86_400_000);

export function Chart(props: Props) {
  const { label, points, bands = [], from, to, show, limit, min, max, grain, height = HEIGHT, steps = false, ticks, pad = 0.5 } = props;
  const box = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLSpanElement>(null);
  const scheme = theme.value;
  const language = lang.value;
  const long = to - from > LONG_MS;
  const few = points.length < 30;
  const drawn = useRef<uPlot | null>(null);
  // What is drawn at the moment: a new value moves the line, and leaves the plot and who points at it.
  const shown = useRef({ from, to, bands, limit, min, max, pad, show });
  shown.current = { from, to, bands, limit, min, max, pad, show };
  const data = (): uPlot.AlignedData => (steps ? [points.map((p) => p[0]), points.map((p) => p[1])] : split(points, grain));
  useEffect(() => {
    const el = box.current!;
    const css = getComputedStyle(document.documentElement);
    const color = (name: string) => css.getPropertyValue(name).trim();
    const axis: uPlot.Axis = {
      stroke: color("--ink-3"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      font: `11px ${color("--font")}`,
    };
    const plot = new uPlot(
      {
        width: el.clientWidth,
        height,
        ms: 1,
        cursor: { sync: { key: "cooler" }, y: false, points: { size: 7 } },
        legend: { show: false },
        padding: [8, 8, 0, 0],
        scales: {
          x: { range: () => [shown.current.from, shown.current.to] },
          y: { range: (_u, lo, hi) => yRange(lo, hi, shown.current) },
        },
        axes: [
          { ...axis, size: 26, values: (_u, ticks) => ticks.map((v) => (long ? day(v, language) : clock(v, v, language))), incrs: long ? DAYS_MS : MINUTES_MS },
          { ...axis, size: 58, space: 24, values: (_u, at) => once(at.map((v) => shown.current.show(v))), ...(ticks ? { splits: () => [...ticks] } : {}) },
        ],
        series: [
          {},
          {
            label,
            stroke: color("--accent"),
            width: 1.75,
            fill: color("--accent-wash"),
            points: { show: !steps && few, size: 5 },
            ...(steps ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}),
          },
        ],
        hooks: {
          setCursor: [
            (u) => {
              const i = u.cursor.idx;
              const [x, y] = i == null ? [] : [u.data[0][i], u.data[1]?.[i]];
              readout.current!.textContent = x == null || y == null ? "" : `${clock(x, shown.current.to, language)} · ${shown.current.show(y)}`;
            },
          ],
          drawClear: [(u) => drawBands(u, shown.current.bands, color("--band"))], draw: [(u) => drawLimit(u, shown.current.limit, color("--empty"))],
        },
      },
      data(),
      el,
    );
    drawn.current = plot;
    const size = new ResizeObserver(() => plot.setSize({ width: el.clientWidth, height }));
    size.observe(el);
    return () => {
      size.disconnect();
      plot.destroy();
    };
  }, [scheme, language, label, long, few, height, steps]);
  useEffect(() => drawn.current?.setData(data()), [points, bands, from, to, limit, grain]);
  return (
    <div class="chart-box">
      <span class="chart-readout num" ref={readout} aria-hidden="true" />
      <div class="chart" ref={box} role="img" aria-label={summary(label, points, show)} />
    </div>
  );
}

/** What a plot shows, for who cannot see it: its range and its last value. */
function summary(label: string, points: readonly [number, number][], show: (v: number) => string): string {
  const ys = points.map((p) => p[1]);
  const last = ys.at(-1);
  if (last === undefined) return label;
  return `${label}: ${show(ys.reduce((a, b) => Math.min(a, b)))} – ${show(ys.reduce((a, b) => Math.max(a, b)))}, ${show(last)}`;
}

function yRange(lo: number | null, hi: number | null, { limit, min, max, pad: least }: { limit: number | undefined; min: number | undefined; max: number | undefined; pad: number }): [number, number] {
  const low = min ?? Math.min(lo ?? 0, limit ?? Infinity);
  const high = max ?? Math.max(hi ?? 1, limit ?? -Infinity);
  const pad = Math.max((high - low) * 0.12, least);
  return [min ?? low - pad, max ?? high + pad];
}

function drawBands(u: uPlot, bands: readonly Band[], color: string): void {
  u.ctx.save();
  u.ctx.fillStyle = color;
  for (const b of bands) {
    const x0 = Math.max(u.valToPos(b.from, "x", true), u.bbox.left);
    const x1 = Math.min(u.valToPos(b.to, "x", true), u.bbox.left + u.bbox.width);
    // An opening of seconds in a day is thinner than a pixel, and must be seen all the same.
    if (x1 >= u.bbox.left && x0 <= u.bbox.left + u.bbox.width) u.ctx.fillRect(x0, u.bbox.top, Math.max(x1 - x0, 1.5 * devicePixelRatio), u.bbox.height);
  }
  u.ctx.restore();
}

function drawLimit(u: uPlot, limit: number | undefined, color: string): void {
  if (limit === undefined) return;
  const y = u.valToPos(limit, "y", true);
  u.ctx.save();
  u.ctx.strokeStyle = color;
  u.ctx.setLineDash([4 * devicePixelRatio, 4 * devicePixelRatio]);
  u.ctx.beginPath();
  u.ctx.moveTo(u.bbox.left, y);
  u.ctx.lineTo(u.bbox.left + u.bbox.width, y);
  u.ctx.stroke();
  u.ctx.restore();
}

/** Marks of an axis, each said once: between whole numbers there is nothing to count. */
const once = (marks: string[]) => marks.map((m, i) => (m === marks[i - 1] ? "" : m));
