// How the figures of the last day became what they are. Pure.

import type { Answer, Availability } from "../kpi/answers";
import type { Alert } from "../types";

export const HOUR_MS = 3_600_000;
export const HOURS = 24;

/** Values at equal steps, the last one newest; null where nothing is known. */
export type Line = (number | null)[];

/**
 * How many alerts stood open at each full hour up to now. `alerts` are the newest ones by when they opened;
 * where they are `cut` off, hours before the oldest of them are not known.
 */
export function openAt(alerts: readonly Alert[], now: number, cut: boolean): Line {
  const spans = alerts.map((a) => [Date.parse(a.opened_at), a.acknowledged ? Date.parse(a.acknowledged.at) : a.resolved_at ? Date.parse(a.resolved_at) : Infinity] as const);
  const oldest = cut ? Math.min(...spans.map(([from]) => from)) : -Infinity;
  return hours(now).map((at) => (at < oldest ? null : spans.filter(([from, to]) => from <= at && at < to).length));
}

/** One figure of each hour, in the order of time. */
export function byHour(answer: Answer<Availability>, now: number, of: (f: Availability) => number | null): Line {
  const known = new Map(answer.rows.map((r) => [Math.floor(Date.parse(r.key["hour"] ?? "") / HOUR_MS), of(r.figures)]));
  return hours(now).map((at) => known.get(Math.floor(at / HOUR_MS)) ?? null);
}

/** A line whose last point is what is so now: the hour that runs is not over. */
export function upTo(line: Line | undefined, value: number | null): Line | undefined {
  return line && [...line.slice(0, -1), value];
}

const hours = (now: number) => Array.from({ length: HOURS }, (_, i) => now - (HOURS - 1 - i) * HOUR_MS);

/** The stretches of a line without holes, as points of an SVG of the given size. A level line runs in its middle. */
export function strokes(line: Line, width: number, height: number): string[] {
  const known = line.filter((v) => v !== null);
  const [lo, hi] = [Math.min(...known), Math.max(...known)];
  const y = (v: number) => (hi === lo ? height / 2 : height - (height * (v - lo)) / (hi - lo));
  const x = (i: number) => (line.length < 2 ? width : (width * i) / (line.length - 1));
  const runs: string[][] = [[]];
  line.forEach((v, i) => {
    if (v === null) runs.push([]);
    else runs.at(-1)!.push(`${x(i).toFixed(1)},${y(v).toFixed(1)}`);
  });
  return runs.filter((r) => r.length > 1).map((r) => r.join(" "));
}
