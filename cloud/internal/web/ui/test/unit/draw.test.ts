import { expect, test } from "vitest";
import { type Drawn, fromFacings, moved, rows, sized, toShelves } from "../../src/setup/draw";
import type { Observation } from "../../src/types";

const at = (x: number, y: number, w = 100, h = 150, gtin = "g", facings = 1): Drawn => ({ box: [x, y, w, h], gtin, facings });

test("boxes whose middles lie side by side are one shelf, whatever their heights", () => {
  const got = rows([at(300, 400), at(0, 30, 100, 120), at(120, 10, 100, 160), at(0, 420, 100, 120)]);
  expect(got.map((r) => r.map((d) => d.box[0]))).toEqual([[0, 120], [0, 300]]);
});

test("pixels become millimetres between the walls, in the grid, without overlap", () => {
  const shelves = toShelves([at(100, 0, 300, 150, "a", 3), at(380, 0, 320, 150, "b", 2), at(650, 0, 400, 150, "c")], { left: 100, right: 1100 }, 600);
  expect(shelves[0]!.slots.map((s) => [s.id, s.gtin, s.facings, s.x_mm, s.width_mm])).toEqual([["1-1", "a", 3, 0, 175], ["1-2", "b", 2, 175, 170], ["1-3", "c", 1, 345, 225]]);
});

test("what lies outside the walls is not in the planogram", () => {
  expect(toShelves([at(1200, 0)], { left: 100, right: 1100 }, 600)[0]!.slots).toEqual([]);
});

test("packs of one product side by side are one slot; those without a name stay apart; those behind do not count", () => {
  const f = (x: number, gtin: string | null, position: number, depth = 0) => ({ box: [x, 0, 50, 100], score: 1, gtin, sku_score: 1, shelf: 1, position, depth });
  const o = { facings: [f(0, "a", 1), f(50, "a", 2), f(50, "a", 2, 1), f(100, null, 3), f(150, null, 4), f(200, "b", 5)] } as unknown as Observation;
  expect(fromFacings(o).map((d) => [d.gtin, d.facings, d.box])).toEqual([["a", 2, [0, 0, 100, 100]], ["", 1, [100, 0, 50, 100]], ["", 1, [150, 0, 50, 100]], ["b", 1, [200, 0, 50, 100]]]);
});

test("a box stays inside the picture", () => {
  expect(moved([10, 10, 50, 50], -40, 900, 640, 480)).toEqual([0, 430, 50, 50]);
  expect(sized([600, 400, 30, 30], 100, -100, 640, 480)).toEqual([600, 400, 40, 12]);
});
