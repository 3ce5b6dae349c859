import { describe, expect, test } from "vitest";
import { addSlot, blank, LEAST_MM, move, patch, removeSlot, stretch, withProducts } from "../../src/setup/plan";
import type { Planogram } from "../../src/types";

const G = "4006381333931";
const plan: Planogram = {
  id: "p",
  version: 1,
  width_mm: 600,
  shelves: [
    {
      slots: [
        { id: "1-1", gtin: G, facings: 2, x_mm: 0, width_mm: 100 },
        { id: "1-2", gtin: G, facings: 2, x_mm: 150, width_mm: 100 },
        { id: "1-3", gtin: G, facings: 2, x_mm: 300, width_mm: 300 },
      ],
    },
  ],
};
const at = (slot: number) => ({ shelf: 0, slot });
const x = (p: Planogram, i: number) => p.shelves[0]!.slots[i]!.x_mm;
const w = (p: Planogram, i: number) => p.shelves[0]!.slots[i]!.width_mm;

describe("move", () => {
  for (const [what, to, want] of [
    ["snaps to the grid", 163, 165],
    ["stops at the neighbour on the left", 20, 100],
    ["stops at the neighbour on the right", 500, 200],
  ] as const) {
    test(what, () => expect(x(move(plan, at(1), to), 1)).toBe(want));
  }
  test("stops at the walls", () => {
    expect(x(move(plan, at(0), -50), 0)).toBe(0);
    expect(x(move(plan, at(2), 900), 2)).toBe(300);
  });
  test("does not change the draft that it is given", () => {
    move(plan, at(1), 200);
    expect(x(plan, 1)).toBe(150);
  });
});

describe("stretch", () => {
  test("stops at the neighbour", () => expect(w(stretch(plan, at(1), 900), 1)).toBe(150));
  test("keeps a least width", () => expect(w(stretch(plan, at(1), 0), 1)).toBe(LEAST_MM));
});

describe("add", () => {
  test("takes the widest gap, in order, under a free name", () => {
    const p = addSlot(removeSlot(plan, at(2)), 0, G);
    expect(p.shelves[0]!.slots.map((s) => [s.id, s.x_mm, s.width_mm])).toEqual([["1-1", 0, 100], ["1-2", 150, 100], ["1-3", 250, 120]]);
  });
  test("a full shelf stays as it is", () => {
    const full = patch(plan, at(0), { width_mm: 150 });
    const fuller = patch(full, at(1), { width_mm: 150 });
    expect(addSlot(fuller, 0, G)).toBe(fuller);
  });
  test("an empty shelf begins at the left", () => expect(addSlot(blank("new"), 0, G).shelves[0]!.slots).toEqual([{ id: "1-1", gtin: G, facings: 1, x_mm: 0, width_mm: 120 }]));
});

test("products that slots name are listed once", () => {
  const p = withProducts(plan, [{ gtin: G, name: "Cola", own: true }, { gtin: "4006381333948", name: "Water" }]);
  expect(p.products).toEqual([{ gtin: G, name: "Cola", own: true }]);
});
