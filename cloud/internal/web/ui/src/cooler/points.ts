// Readings made ready to be drawn. Pure.

import type { AlignedData } from "uplot";
import type { Series } from "../api";

/** Two readings further apart than this are not joined by a line: what was between is not known. */
const GAP_MS = { reading: 20 * 60_000, hour: 90 * 60_000, day: 36 * 3_600_000 };

export type Grain = keyof typeof GAP_MS;

export interface Band {
  /** ms */
  from: number;
  to: number;
}

/** Columns for uPlot, with a hole where readings are far apart. */
export function split(points: readonly [number, number][], grain: Grain = "reading"): AlignedData {
  const xs: number[] = [];
  const ys: (number | null)[] = [];
  for (const [x, y] of points) {
    const last = xs.at(-1);
    if (last !== undefined && x - last > GAP_MS[grain]) {
      xs.push(last + 1);
      ys.push(null);
    }
    xs.push(x);
    ys.push(y);
  }
  return [xs, ys];
}

/** Stretches with the door open, from its changes (1 opened, 0 closed). One still open lasts until now. Hourly counts tell of none. */
export function openings(door: Series, until: number): Band[] {
  if (door.grain === "hour") return [];
  const bands: Band[] = [];
  let from: number | null = null;
  for (const [at, open] of door.points) {
    if (open && from === null) from = at;
    if (!open && from !== null) {
      bands.push({ from, to: at });
      from = null;
    }
  }
  if (from !== null) bands.push({ from, to: until });
  return bands;
}

/** The door as a line that holds its state until the next change, up to `until`; openings an hour as they are. */
export function doorLine(door: Series, until: number): [number, number][] {
  const points: [number, number][] = door.points.map(([at, v]) => [at, v]);
  const last = points.at(-1);
  if (door.grain === "reading" && last && last[0] < until) points.push([until, last[1]]);
  return points;
}
