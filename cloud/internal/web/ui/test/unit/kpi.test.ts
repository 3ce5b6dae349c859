import { describe, expect, test } from "vitest";
import { amount, delta, interval, write } from "../../src/kpi/defs";
import { address, into, params, parse, span } from "../../src/kpi/query";
import { joined, sorted, type TableRow, week } from "../../src/kpi/rows";

describe("questions", () => {
  test("an address says only what differs, and is read back", () => {
    const q = parse("");
    expect(address(q)).toBe("/kpis");
    expect([q.days, q.by, q.compare]).toEqual([7, "store", "previous"]);
    const store = into({ ...q, days: 28 }, "store", "s 1");
    expect(store.by).toBe("sku");
    expect(address(store)).toBe("/kpis?store=s+1&days=28");
    expect(parse(address(store).slice(5))).toEqual(store);
    expect(parse(address({ ...q, compare: "" }).slice(5)).compare).toBe("");
  });

  test("rubbish in an address is not taken", () => {
    const q = parse("?days=12&by=moon&compare=never&from=2026-03-09&to=2026-03-02");
    expect([q.days, q.by, q.compare, q.from]).toEqual([7, "store", "previous", undefined]);
  });

  test("days of one's own are whole, and end no later than now", () => {
    const { from, to } = span(parse("?from=2026-03-02&to=2026-03-02"), Date.parse("2027-01-01"));
    expect(to - from).toBe(86_400_000);
    const now = new Date("2026-03-02T10:00:00").getTime();
    expect(span(parse("?from=2026-03-02&to=2026-03-02"), now).to).toBe(now);
  });

  test("the service is asked in its own words", () => {
    const q = parse("?store=s1&sku=4006381333931");
    expect(params(q, { from: 0, to: 86_400_000 }, { by: "day" })).toBe("from=1970-01-01T00%3A00%3A00.000Z&to=1970-01-02T00%3A00%3A00.000Z&stores=s1&skus=4006381333931&by=day");
  });
});

describe("figures", () => {
  test("nothing known is a dash, never nought", () => expect(write("share", { value: null, coverage: 0 }, "en")).toBe("–"));

  test("money keeps its currency, and currencies are not added", () => {
    expect(write("money", amount([{ currency: "EUR", minor: 1250 }]), "en")).toBe("€12.50");
    expect(write("money", amount([{ currency: "JPY", minor: 900 }]), "en")).toBe("JP¥900");
    expect(write("money", amount([{ currency: "EUR", minor: 100 }, { currency: "CNY", minor: 700 }]), "en")).toBe("CN¥7.00 · €1.00");
    expect(amount([])).toEqual({ value: null });
  });

  test("an estimate comes with its interval", () => expect(interval("count", { value: 10, low: 7.5, high: 13 }, "en")).toBe("7.5 – 13"));

  test("a share changes by points, a count by per cent; which way is better decides the tone", () => {
    expect(delta("share", 1, { value: 0.93 }, { value: 0.95 }, "en")).toEqual({ text: "2.0 pp", up: false, tone: "bad" });
    expect(delta("count", -1, { value: 8 }, { value: 10 }, "en")).toEqual({ text: "20%", up: false, tone: "good" });
    expect(delta("share", 1, { value: 0.93 }, { value: null }, "en")).toBeNull();
    expect(delta("count", 1, { value: 8 }, { value: 0 }, "en")).toBeNull();
    expect(delta("money", 1, { value: 8, currency: "EUR" }, { value: 9, currency: "USD" }, "en")).toBeNull();
    expect(delta("share", 1, { value: 0.9301 }, { value: 0.93 }, "en")?.tone).toBe("none");
  });
});

describe("rows", () => {
  const row = (sku: string, now: TableRow["now"]): TableRow => ({ key: { sku }, name: sku, nameZh: "", now, before: null });

  test("answers about one key stand in one row", () => {
    const rows = joined([row("a", { osa: { value: 0.9 } })], [row("a", { units: { value: 5 } }), row("b", { units: { value: 1 } })]);
    expect(rows.map((r) => r.key["sku"])).toEqual(["a", "b"]);
    expect(rows[0]!.now).toEqual({ osa: { value: 0.9 }, units: { value: 5 } });
  });

  test("what has no value comes last either way", () => {
    const rows = [row("none", { osa: { value: null } }), row("low", { osa: { value: 0.5 } }), row("high", { osa: { value: 0.9 } })];
    expect(sorted(rows, "osa", false).map((r) => r.name)).toEqual(["low", "high", "none"]);
    expect(sorted(rows, "osa", true).map((r) => r.name)).toEqual(["high", "low", "none"]);
  });

  test("a week has seven days of twenty-four hours, with holes where nothing is known", () => {
    const grid = week({ from: "", to: "", coverage: 1, rows: [{ key: { weekday: "7", hour_of_day: "23" }, figures: { osa: { value: 0.8, coverage: 1 } } as never }] });
    expect(grid[6]![23]).toEqual({ value: 0.8, coverage: 1 });
    expect(grid.flat().filter(Boolean)).toHaveLength(1);
  });
});
