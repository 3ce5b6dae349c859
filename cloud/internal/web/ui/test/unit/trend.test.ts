import { expect, test } from "vitest";
import { byHour, HOUR_MS, HOURS, openAt, strokes, upTo } from "../../src/now/trend";
import type { Alert } from "../../src/types";

const now = Date.parse("2026-03-02T12:30:00Z");
const alert = (opened: number, ended?: number) => ({ opened_at: new Date(now - opened * HOUR_MS).toISOString(), ...(ended === undefined ? {} : { resolved_at: new Date(now - ended * HOUR_MS).toISOString() }) }) as Alert;

test("alerts are counted at each hour at which they stood open", () => {
  const line = openAt([alert(0.5), alert(3.5, 1.5)], now, false);
  expect(line).toHaveLength(HOURS);
  expect(line.slice(-5)).toEqual([0, 1, 1, 0, 1]);
});

test("hours before the oldest alert of a list that is cut are not known", () => {
  const line = openAt([alert(1.5)], now, true);
  expect(line.slice(-3)).toEqual([null, 1, 1]);
  expect(line.slice(0, -2).every((v) => v === null)).toBe(true);
});

test("an hour that no answer speaks of is a hole, not a zero", () => {
  const row = (hour: string, osa: number) => ({ key: { hour }, figures: { osa: { value: osa, coverage: 1 } } });
  const answer = { rows: [row("2026-03-02T12:00:00Z", 0.9), row("2026-03-02T10:00:00Z", 0.8)] } as unknown as Parameters<typeof byHour>[0];
  expect(byHour(answer, now, (f) => f.osa.value).slice(-3)).toEqual([0.8, null, 0.9]);
});

test("a line is broken where nothing is known, and a level one runs in the middle", () => {
  expect(strokes([1, 2, null, 2, 1], 40, 10)).toEqual(["0.0,10.0 10.0,0.0", "30.0,0.0 40.0,10.0"]);
  expect(strokes([3, 3], 40, 10)).toEqual(["0.0,5.0 40.0,5.0"]);
  expect(strokes([null, 4, null], 40, 10)).toEqual([]);
});

test("a line ends with what is so now, not with the hour that is not over", () => {
  expect(upTo([1, 2, 3], 7)).toEqual([1, 2, 7]);
  expect(upTo([1, 2, 3], null)).toEqual([1, 2, null]);
  expect(upTo(undefined, 7)).toBeUndefined();
});
