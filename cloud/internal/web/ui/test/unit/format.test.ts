import { describe, expect, test } from "vitest";
import { ago, clock, duration, interval, percent, temperature } from "../../src/format";

describe("percent", () => {
  for (const [share, want] of [
    [1, "100%"],
    [0.9999, "99%"],
    [0, "0%"],
    [0.0001, "1%"],
    [0.5, "50%"],
    [null, "–"],
    [Number.NaN, "–"],
  ] as const) {
    test(`${share}`, () => expect(percent(share, "en")).toBe(want));
  }
});

describe("temperature", () => {
  for (const [mc, want] of [
    [4250, "4.3 °C"],
    [-40, "0.0 °C"],
    [-1800, "-1.8 °C"],
    [null, "–"],
  ] as const) {
    test(`${mc}`, () => expect(temperature(mc, "en")).toBe(want));
  }
});

describe("duration", () => {
  for (const [s, en, zh] of [
    [0, "0 s", "0 秒"],
    [59, "59 s", "59 秒"],
    [60, "1 min", "1 分钟"],
    [3600, "1 h", "1 小时"],
    [3780, "1 h 3 min", "1 小时 3 分钟"],
    [90_000, "1 d 1 h", "1 天 1 小时"],
    [-5, "0 s", "0 秒"],
  ] as const) {
    test(`${s} s`, () => expect([duration(s, "en"), duration(s, "zh")]).toEqual([en, zh]));
  }
});

describe("interval", () => {
  for (const [lo, hi, want] of [
    [720, 1080, "12–18 min"],
    [720, 725, "12 min"],
    [3180, 3780, "53 min – 1 h 3 min"],
    [3780, 4380, "1 h 3 min – 1 h 13 min"],
    [40, 90, "40 s – 1 min"],
  ] as const) {
    test(want, () => expect(interval(lo, hi, "en")).toBe(want));
  }
});

describe("ago", () => {
  const now = 1e12;
  for (const [s, en, zh] of [
    [-500, "now", "现在"],
    [4, "now", "现在"],
    [45, "40 sec ago", "40秒前"],
    [130, "2 min ago", "2分钟前"],
    [7300, "2 hr ago", "2小时前"],
    [200_000, "2 days ago", "前天"],
  ] as const) {
    test(`${s} s`, () => expect([ago(now - s * 1000, now, "en"), ago(now - s * 1000, now, "zh")]).toEqual([en, zh]));
  }
});

test("a time of another day carries its date", () => {
  const now = new Date(2026, 10, 22, 15, 0).getTime();
  expect(clock(new Date(2026, 10, 22, 9, 5).getTime(), now, "en")).toBe("09:05");
  expect(clock(new Date(2026, 10, 20, 9, 5).getTime(), now, "en")).toContain("20 Nov");
});
