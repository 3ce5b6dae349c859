import { expect, test } from "vitest";
import { FRESH_MS, rankAlerts, rankCoolers, sight, totals, withNews } from "../../src/live/rank";
import { alert, cooler, slots } from "./make";

test("alerts: open before muted before acknowledged, severe before mild, old before new; pending and resolved never", () => {
  const ranked = rankAlerts([
    alert("muted", { muted: { until: "2026-11-22T13:00:00Z", at: "2026-11-22T10:00:00Z" } }),
    alert("no longer muted", { severity: "warning", opened_at: "2026-11-22T12:00:00Z", muted: { until: "2026-11-22T11:00:00Z", at: "2026-11-22T10:00:00Z" } }),
    alert("mild", { severity: "info" }),
    alert("taken", { state: "acknowledged" }),
    alert("new", { opened_at: "2026-11-22T11:00:00Z" }),
    alert("old", { opened_at: "2026-11-22T09:00:00Z" }),
    alert("over", { state: "resolved" }),
    alert("not yet", { state: "pending" }),
    alert("fair", { severity: "warning" }),
  ], Date.parse("2026-11-22T12:00:00Z"));
  expect(ranked.map((a) => a.id)).toEqual(["old", "new", "fair", "no longer muted", "mild", "muted", "taken"]);
});

test("coolers: the silent and the empty first, the one being set up last", () => {
  const ranked = rankCoolers([
    cooler("well"),
    cooler("new", { status: "never_seen", slots: slots({ ok: 0 }) }),
    cooler("low", { slots: slots({ low: 2 }) }),
    cooler("silent", { status: "offline" }),
    cooler("empty", { slots: slots({ empty: 1 }), open_alerts: 1 }),
    cooler("hidden", { slots: slots({ unknown: 2 }) }),
  ]);
  expect(ranked.map((c) => c.device)).toEqual(["silent", "empty", "low", "hidden", "well", "new"]);
});

test("availability weighs coolers by the slots that were seen", () => {
  const t = totals([], [cooler("a", { slots: slots({ ok: 30 }), osa: { value: 1, coverage: 1 } }), cooler("b", { slots: slots({ ok: 10 }), osa: { value: 0.5, coverage: 0.5 } })]);
  expect(t.osa.value).toBeCloseTo((30 + 0.5 * 5) / 35);
  expect(t.osa.coverage).toBeCloseTo(35 / 40);
});

test("nothing seen is no value, not nought", () => {
  const t = totals([], [cooler("a", { slots: slots({ ok: 0, unknown: 8 }), osa: { value: null, coverage: 0 } })]);
  expect(t.osa).toEqual({ value: null, coverage: 0 });
  expect(t.slots).toEqual({ all: 8, empty: 0, unknown: 8 });
});

test("figures count coolers by status and alerts by state", () => {
  const t = totals(
    [alert("a"), alert("b", { severity: "warning" }), alert("c", { state: "acknowledged" })],
    [cooler("1"), cooler("2", { status: "offline" }), cooler("3", { status: "never_seen" }), cooler("4", { status: "degraded", slots: slots({ empty: 2 }) })],
  );
  expect(t.alerts).toEqual({ open: 2, acknowledged: 1, critical: 1 });
  expect(t.coolers).toEqual({ all: 4, online: 1, degraded: 1, offline: 1, neverSeen: 1 });
  expect(t.emptyIn).toBe(1);
});

test("what has just come stands on top, newest first, for a minute", () => {
  const ranked = ["a", "b", "c", "d"].map((id) => alert(id));
  const arrived = [{ id: "d", at: 100 }, { id: "gone", at: 90 }, { id: "c", at: 80 }, { id: "b", at: 100 - FRESH_MS }];
  const { list, fresh } = withNews(ranked, arrived, 100);
  expect(list.map((a) => a.id)).toEqual(["d", "c", "a", "b"]);
  expect([...fresh]).toEqual(["d", "gone", "c"]);
  expect(withNews(ranked, arrived, 100 + FRESH_MS).list.map((a) => a.id)).toEqual(["a", "b", "c", "d"]);
});

test("within a severity the larger loss comes first; what stockouts lose an hour is added by currency", () => {
  const eur = (minor_per_hour: number) => ({ loss: { minor_per_hour, currency: "EUR" } });
  const list = [alert("unknown"), alert("small", eur(120)), alert("large", { ...eur(900), opened_at: "2026-11-22T11:00:00Z" }), alert("yuan", { loss: { minor_per_hour: 500, currency: "CNY" }, state: "acknowledged" }), alert("door", { type: "door_ajar" })];
  expect(rankAlerts(list, 0).map((a) => a.id)).toEqual(["large", "small", "door", "unknown", "yuan"]);
  expect(totals(list, []).losing).toEqual({ amounts: [{ currency: "EUR", minor: 1020 }, { currency: "CNY", minor: 500 }], known: 3, all: 4 });
});

test("a cooler that is silent shows nothing: its slots are not visible, its availability is no value", () => {
  const silent = cooler("b", { status: "offline", slots: slots({ ok: 6, empty: 2 }), osa: { value: 0.75, coverage: 1 } });
  const none = totals([], [silent]);
  expect(none.slots).toEqual({ all: 8, empty: 0, unknown: 8 });
  expect(none.osa).toEqual({ value: null, coverage: 0 });
  expect(none.emptyIn).toBe(0);
  const half = totals([], [silent, cooler("a", { slots: slots({ ok: 8 }), osa: { value: 1, coverage: 1 } })]);
  expect(half.osa).toEqual({ value: 1, coverage: 0.5 });
});

test("what can be seen: nothing of the silent, nothing that can be judged, a part, all", () => {
  const well = cooler("a", { slots: slots({ ok: 8 }) });
  const silent = cooler("b", { status: "offline", slots: slots({ ok: 8 }) });
  const foggy = cooler("c", { slots: slots({ ok: 0, unknown: 8 }) });
  expect(sight(totals([], [silent, cooler("d", { status: "never_seen" })]))).toBe("silent");
  expect(sight(totals([], [silent, foggy]))).toBe("unjudged");
  expect(sight(totals([], [silent, well]))).toBe("part");
  expect(sight(totals([], [foggy, well]))).toBe("part");
  expect(sight(totals([], [well]))).toBe("all");
});
