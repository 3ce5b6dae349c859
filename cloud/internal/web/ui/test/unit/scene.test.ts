import { describe, expect, test } from "vitest";
import { openings, split } from "../../src/cooler/points";
import { around, buildScene } from "../../src/cooler/scene";
import { matches, noFilter } from "../../src/alerts/filter";
import { parse } from "../../src/routes";
import { visible } from "../../src/ui/window";
import type { Facing, Observation, Planogram, SlotReading } from "../../src/types";
import { alert } from "./make";

const COLA = "4006381333931";
const WATER = "4006381333948";
const RIVAL = "5901234123457";

const plan: Planogram = {
  id: "p",
  version: 2,
  shelves: [
    { slots: [{ id: "1-1", gtin: COLA, facings: 2, x_mm: 0, width_mm: 200 }, { id: "1-2", gtin: WATER, facings: 1, x_mm: 200, width_mm: 100 }] },
    { slots: [{ id: "2-1", gtin: WATER, facings: 3, x_mm: 0, width_mm: 300 }] },
  ],
  products: [
    { gtin: COLA, name: "Cola", own: true },
    { gtin: WATER, name: "Water", own: true },
    { gtin: RIVAL, name: "Rival", own: false },
  ],
};
const facing = (gtin: string | null, x: number): Facing => ({ box: [x, 0, 10, 20], score: 0.9, gtin, sku_score: 0.8, shelf: 1, position: 1 });
const reading = (slot: string, patch: Partial<SlotReading>): SlotReading => ({ slot, shelf: 1, gtin: COLA, state: "ok", facings_due: 2, facings_present: 2, box: [0, 0, 100, 50], ...patch });
const looked = (facings: Facing[], slots: SlotReading[]): Observation => ({ captured_at: "2026-11-22T10:00:00Z", width: 640, height: 480, model: "m", quality: { sharpness: 1, brightness: 0.5, contrast: 0.2, clipped: 0 }, facings, slots });

describe("scene", () => {
  const o = looked([facing(COLA, 0), facing(RIVAL, 20), facing(null, 40), facing(WATER, 600)], [reading("1-1", { state: "foreign", seen: [0, 1, 2] }), reading("1-2", { gtin: WATER, state: "unknown", reason: "fog", box: [0, 0, 0, 0] })]);
  const s = buildScene(o, plan, new Map());
  const slot = (id: string) => s.slots.find((x) => x.id === id)!;

  test("a facing takes its slot's state", () => expect(s.facings[0]).toMatchObject({ slot: "1-1", state: "foreign", wrong: false, product: { name: "Cola" } }));
  test("another product in the slot is wrong there", () => expect(s.facings[1]?.wrong).toBe(true));
  test("one without a name is not called wrong", () => expect(s.facings[2]?.wrong).toBe(false));
  test("one beside the planogram has no slot", () => expect(s.facings[3]).toMatchObject({ slot: "", state: null }));
  test("a slot names what stands there instead", () => expect(slot("1-1").others.map((p) => p.name)).toEqual(["Rival"]));
  test("a slot out of view has no box", () => expect(slot("1-2")).toMatchObject({ state: "unknown", reason: "fog", box: null }));
  test("a slot that the observation does not speak of is unknown, never empty", () => expect(slot("2-1").state).toBe("unknown"));
  test("shelves are as the planogram has them", () => expect(s.shelves.map((x) => x.map((y) => y.id))).toEqual([["1-1", "1-2"], ["2-1"]]));
  test("an interchangeable product is not wrong", () => {
    const both = buildScene(o, { ...plan, interchangeable: [[COLA, RIVAL]] }, new Map());
    expect(both.facings[1]?.wrong).toBe(false);
  });
  test("without a planogram the readings stand alone", () => expect(buildScene(o, null, new Map()).slots.map((x) => x.id)).toEqual(["1-1", "1-2"]));
  test("without an observation every slot is unknown", () => expect(new Set(buildScene(null, plan, new Map()).slots.map((x) => x.state))).toEqual(new Set(["unknown"])));
  test("lists that the service leaves null are empty", () => expect(buildScene({ ...o, facings: null, slots: null }, null, new Map())).toMatchObject({ facings: [], slots: [], shelves: [] }));
});

test("around holds every box", () => {
  expect(around([[10, 10, 5, 5], [0, 20, 10, 10]])).toEqual([0, 10, 15, 20]);
  expect(around([])).toBeNull();
});

describe("door", () => {
  const door = (points: [number, number][]) => openings({ kind: "door", points }, 100);
  test("opened and closed", () => expect(door([[10, 1], [20, 0], [30, 1], [35, 0]])).toEqual([{ from: 10, to: 20 }, { from: 30, to: 35 }]));
  test("still open", () => expect(door([[90, 1]])).toEqual([{ from: 90, to: 100 }]));
  test("said twice", () => expect(door([[10, 1], [15, 1], [20, 0], [25, 0]])).toEqual([{ from: 10, to: 20 }]));
});

test("a plot has a hole where readings are far apart", () => {
  expect(split([[0, 1], [60_000, 2], [9_000_000, 3]])).toEqual([[0, 60_000, 60_001, 9_000_000], [1, 2, null, 3]]);
});

describe("filter", () => {
  const a = alert("x", { product: { name: "North Lake Cola", name_zh: "北湖可乐" }, severity: "warning" });
  const names = () => "Beverage door 1 Kiosk";
  for (const [what, patch, want] of [
    ["nothing asked", {}, true],
    ["words in any order", { text: "kiosk cola" }, true],
    ["Chinese name", { text: "可乐" }, true],
    ["a word that is not there", { text: "cola water" }, false],
    ["severity", { severity: "critical" }, false],
    ["store", { store: "s" }, true],
    ["another state", { state: "resolved" }, false],
  ] as const) {
    test(what, () => expect(matches(a, { ...noFilter, ...patch }, names)).toBe(want));
  }
});

describe("addresses", () => {
  for (const [path, want] of [
    ["/", { view: "now" }],
    ["/alerts", { view: "alerts" }],
    ["/alerts/al_1", { view: "alerts", id: "al_1" }],
    ["/coolers/a%2Fb", { view: "cooler", device: "a/b" }],
    ["/coolers", { view: "missing" }],
    ["/coolers/a/b", { view: "missing" }],
    ["/%zz", { view: "missing" }],
  ] as const) {
    test(path, () => expect(parse(path)).toEqual(want));
  }
});

describe("window over rows", () => {
  test("at the top", () => expect(visible(0, 800, 50, 1000)).toEqual([0, 24]));
  test("in the middle", () => expect(visible(-5000, 800, 50, 1000)).toEqual([92, 124]));
  test("past the end", () => expect(visible(-90_000, 800, 50, 1000)).toEqual([1000, 1000]));
  test("a short list", () => expect(visible(100, 800, 50, 3)).toEqual([0, 3]));
});
