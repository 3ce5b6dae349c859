import { describe, expect, test } from "vitest";
import { openings, split } from "../../src/cooler/points";
import { around, buildScene } from "../../src/cooler/scene";
import { asObservation, at, strips } from "../../src/cooler/strips";
import { cluster, frameOf, lines, projector } from "../../src/now/geo";
import { fromQuery, matches, NOBODY, noFilter, toQuery } from "../../src/alerts/filter";
import { toCsv } from "../../src/ui/csv";
import { parse } from "../../src/routes";
import { visible } from "../../src/ui/window";
import type { Facing, Observation, PastObservation, Planogram, SlotReading } from "../../src/types";
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
  const door = (points: [number, number][]) => openings({ kind: "door", grain: "reading", points }, 100);
  test("opened and closed", () => expect(door([[10, 1], [20, 0], [30, 1], [35, 0]])).toEqual([{ from: 10, to: 20 }, { from: 30, to: 35 }]));
  test("still open", () => expect(door([[90, 1]])).toEqual([{ from: 90, to: 100 }]));
  test("said twice", () => expect(door([[10, 1], [15, 1], [20, 0], [25, 0]])).toEqual([{ from: 10, to: 20 }]));
});

test("a plot has a hole where readings are far apart", () => {
  expect(split([[0, 1], [60_000, 2], [9_000_000, 3]])).toEqual([[0, 60_000, 60_001, 9_000_000], [1, 2, null, 3]]);
});

describe("strips", () => {
  const min = 60_000;
  const look = (at: number, state: SlotReading["state"]): PastObservation => ({ captured_at: new Date(at * min).toISOString(), boot: 1, seq: at + 1, slots: [reading("1-1", { state })] });
  const rows = (...o: PastObservation[]) => strips(o, 100 * min).get("1-1")!.map((s) => [s.from / min, s.to / min, s.state]);
  test("a state lasts until the next look, in whatever order they come", () => expect(rows(look(20, "empty"), look(0, "ok"), look(30, "ok"))).toEqual([[0, 20, "ok"], [20, 30, "empty"], [30, 75, "ok"]]));
  test("looks that agree are one stretch", () => expect(rows(look(0, "ok"), look(10, "ok"), look(20, "low"))).toEqual([[0, 20, "ok"], [20, 65, "low"]]));
  test("a long silence is a hole", () => expect(rows(look(0, "ok"), look(90, "ok"))).toEqual([[0, 45, "ok"], [90, 100, "ok"]]));
  test("finds the look that holds at a time", () => {
    const looks = [look(0, "ok"), look(10, "ok"), look(20, "ok")];
    expect([-5, 0, 9, 10, 99].map((m) => at(looks, m * min))).toEqual([0, 0, 0, 1, 2]);
  });
});

test("a past look is drawn where the slots are looked for now", () => {
  const newest = looked([facing(COLA, 0)], [reading("1-1", { shelf: 1, box: [5, 6, 7, 8] })]);
  const past = asObservation({ captured_at: "2026-11-22T08:00:00Z", boot: 1, seq: 3, slots: [{ slot: "1-1", gtin: COLA, state: "empty", facings_due: 2, facings_present: 0 }, { slot: "gone", gtin: WATER, state: "ok", facings_due: 1, facings_present: 1 }] }, newest);
  expect(past.slots?.map((s) => [s.slot, s.state, s.box])).toEqual([["1-1", "empty", [5, 6, 7, 8]], ["gone", "ok", [0, 0, 0, 0]]]);
  expect(past.facings).toEqual([]);
});

test("hourly counts of openings are no bands", () => expect(openings({ kind: "door", grain: "hour", points: [[10, 3]] }, 100)).toEqual([]));

describe("map", () => {
  const places = [{ id: "a", lat: 50, lon: 10 }, { id: "b", lat: 54, lon: 14 }];
  test("the frame holds every place, in proportion and centred", () => {
    const project = projector(frameOf(places), 400, 200);
    const [[ax, ay], [bx, by]] = places.map((p) => project(p.lat, p.lon)) as [[number, number], [number, number]];
    expect([ax + bx, ay + by].map(Math.round)).toEqual([400, 200]);
    expect(ay).toBeGreaterThan(by); // north is up
    // At 52° a degree of longitude is 0.616 of a degree of latitude.
    expect((bx - ax) / (ay - by)).toBeCloseTo(0.616, 2);
  });
  test("one place alone has a frame", () => expect(projector(frameOf([places[0]!]), 400, 200)(50, 10)).toEqual([200, 100]));
  test("points that touch are one", () => {
    const found = cluster([{ x: 0, y: 0, item: "a" }, { x: 100, y: 0, item: "b" }, { x: 10, y: 0, item: "c" }], 30);
    expect(found).toEqual([{ x: 5, y: 0, members: ["a", "c"] }, { x: 100, y: 0, members: ["b"] }]);
  });
  test("lines stand at round degrees", () => expect(lines(8.3, 14.1, 4)).toEqual([10, 12, 14]));
});

describe("csv", () => {
  test("quotes what needs it, keeps numbers, empties nulls", () => expect(toCsv([["a,b", 'say "x"', 1.5, null]])).toBe('"a,b","say ""x""",1.5,\r\n'));
  test("a formula is text", () => expect(toCsv([["=1+1", -2]])).toBe("'=1+1,-2\r\n"));
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
    ["type", { type: a.type }, true],
    ["another type", { type: "door_ajar" }, false],
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
    ["/setup", { view: "setup", tab: "coolers" }],
    ["/setup/stores", { view: "setup", tab: "stores" }],
    ["/setup/planograms/door-1", { view: "setup", tab: "planograms", id: "door-1" }],
    ["/setup/stores/x", { view: "missing" }],
    ["/setup/nothing", { view: "missing" }],
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

test("names that a planogram lacks are the product master's, in both languages; its own stand", () => {
  const bare = { ...plan, products: [{ gtin: COLA, name: "Cola", own: true }] };
  const master = new Map([
    [COLA, { gtin: COLA, name: "Cola 330 ml", name_zh: "可乐" }],
    [WATER, { gtin: WATER, name: "Spring water", name_zh: "矿泉水" }],
  ]);
  const [cola, water] = buildScene(null, bare, master).slots;
  expect(cola!.product).toMatchObject({ name: "Cola", name_zh: "可乐", own: true });
  expect(water!.product).toMatchObject({ name: "Spring water", name_zh: "矿泉水" });
});

test("an address has the inbox's filter, and what is none filters nothing", () => {
  expect(toQuery(noFilter)).toBe("");
  const f = { ...noFilter, state: "acknowledged", severity: "critical", type: "stockout", store: "S-1", whose: "Li & Co", text: "可乐 x" } as const;
  expect(fromQuery(toQuery(f))).toEqual(f);
  expect(fromQuery(toQuery({ ...noFilter, whose: NOBODY }))).toEqual({ ...noFilter, whose: NOBODY });
  expect(fromQuery("?state=pending&severity=awful&x=1")).toEqual(noFilter);
});
