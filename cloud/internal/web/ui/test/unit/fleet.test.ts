import { describe, expect, test } from "vitest";
import { applyAlert, applyChanges, applyCoolers, applySnapshot, emptyFleet, isLater, KEEP_ARRIVED, KEEP_RESOLVED } from "../../src/live/fleet";
import { alert, cooler, event } from "./make";

describe("cursor", () => {
  for (const [a, b, later] of [
    ["2", "1", true],
    ["1", "2", false],
    ["7", "7", false],
    ["10", "9", true],
    ["9", "10", false],
    ["9007199254740993", "9007199254740992", true],
    ["12", "", true],
    ["0012", "13", false],
  ] as const) {
    test(`${a} is ${later ? "" : "not "}later than ${b || "nothing"}`, () => expect(isLater(a, b)).toBe(later));
  }
});

describe("snapshot", () => {
  test("holds open alerts and every cooler", () => {
    const f = applySnapshot(emptyFleet, "5", [alert("a"), alert("b", { state: "resolved" })], [cooler("c1"), cooler("c2")]);
    expect([...f.alerts.keys()]).toEqual(["a"]);
    expect([...f.coolers.keys()]).toEqual(["c1", "c2"]);
    expect(f.cursor).toBe("5");
  });
  test("drops what was there before it", () => {
    const before = applySnapshot(emptyFleet, "5", [alert("a")], [cooler("c1")]);
    const f = applySnapshot(before, "9", [alert("b")], [cooler("c2")]);
    expect([...f.alerts.keys()]).toEqual(["b"]);
    expect([...f.coolers.keys()]).toEqual(["c2"]);
  });
  test("keeps what the page saw resolve", () => {
    let f = applySnapshot(emptyFleet, "5", [alert("a")], []);
    f = applyChanges(f, "6", [event("6", "resolved", alert("a", { state: "resolved", revision: 2 }))], [], 7);
    expect(applySnapshot(f, "9", [], []).resolved.map((a) => a.id)).toEqual(["a"]);
  });
});

describe("changes", () => {
  const start = applySnapshot(emptyFleet, "5", [alert("a")], [cooler("c1")]);
  const opening = event("6", "opened", alert("b"));

  test("an alert that opens is there, and new", () => {
    const f = applyChanges(start, "6", [opening], [], 7);
    expect([...f.alerts.keys()]).toEqual(["a", "b"]);
    expect(f.arrived).toEqual([{ id: "b", at: 7 }]);
    expect(f.cursor).toBe("6");
  });
  test("the same event twice changes nothing twice", () => {
    const once = applyChanges(start, "6", [opening], [], 7);
    expect(applyChanges(once, "6", [opening], [], 7)).toEqual(once);
  });
  test("a lower revision that comes late is passed over", () => {
    const acked = applyAlert(start, alert("a", { state: "acknowledged", revision: 3 }));
    const f = applyChanges(acked, "7", [event("7", "restated", alert("a", { revision: 2 }))], [], 7);
    expect(f.alerts.get("a")?.state).toBe("acknowledged");
  });
  test("a resolved alert leaves the open ones and is no longer new", () => {
    let f = applyChanges(start, "6", [opening], [], 7);
    f = applyChanges(f, "7", [event("7", "resolved", alert("b", { state: "resolved", revision: 2 }))], [], 7);
    expect(f.alerts.has("b")).toBe(false);
    expect(f.arrived).toEqual([]);
    expect(f.resolved.map((a) => a.id)).toEqual(["b"]);
  });
  test("one that late observations open again comes back", () => {
    let f = applyChanges(start, "6", [event("6", "resolved", alert("a", { state: "resolved", revision: 2 }))], [], 7);
    f = applyChanges(f, "7", [event("7", "restated", alert("a", { revision: 3 }))], [], 7);
    expect(f.alerts.has("a")).toBe(true);
    expect(f.resolved).toEqual([]);
  });
  test("the cursor never goes back", () => {
    expect(applyChanges(start, "3", [], [], 7).cursor).toBe("5");
  });
  test("opened and resolved in one batch is resolved", () => {
    const f = applyChanges(start, "8", [opening, event("7", "resolved", alert("b", { state: "resolved", revision: 2 }))], [], 7);
    expect(f.alerts.has("b")).toBe(false);
  });
});

describe("coolers", () => {
  const at = (s: number) => new Date(1_000_000 + s * 1000).toISOString();
  test("a later row replaces", () => {
    const f = applyCoolers(applyCoolers(emptyFleet, [cooler("c", { last_seen: at(1), temp_mc: 4000 })]), [cooler("c", { last_seen: at(2), temp_mc: 5000 })]);
    expect(f.coolers.get("c")?.temp_mc).toBe(5000);
  });
  test("an older row from REST does not", () => {
    const f = applyCoolers(applyCoolers(emptyFleet, [cooler("c", { last_seen: at(2), temp_mc: 5000 })]), [cooler("c", { last_seen: at(1), temp_mc: 4000 })]);
    expect(f.coolers.get("c")?.temp_mc).toBe(5000);
  });
  test("a row seen at the same time does: its name or alerts changed", () => {
    const f = applyCoolers(applyCoolers(emptyFleet, [cooler("c", { last_seen: at(1) })]), [cooler("c", { last_seen: at(1), open_alerts: 2 })]);
    expect(f.coolers.get("c")?.open_alerts).toBe(2);
  });
});

test("ten thousand alerts that come and go leave no more than is kept", () => {
  let f = emptyFleet;
  for (let i = 0; i < 10_000; i++) {
    f = applyChanges(f, String(2 * i + 1), [event(String(2 * i + 1), "opened", alert(`a${i}`))], [], 7);
    if (i % 10 !== 0) f = applyChanges(f, String(2 * i + 2), [event(String(2 * i + 2), "resolved", alert(`a${i}`, { state: "resolved", revision: 2 }))], [], 7);
    else f = applyChanges(f, String(2 * i + 2), [], [], 7);
  }
  expect(f.alerts.size).toBe(1000);
  expect(f.resolved.length).toBe(KEEP_RESOLVED);
  expect(f.arrived.length).toBeLessThanOrEqual(KEEP_ARRIVED);
});
