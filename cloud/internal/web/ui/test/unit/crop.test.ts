import { expect, test } from "vitest";
import { cropAround, within } from "../../src/alerts/crop";
import type { Box } from "../../src/types";

test("a slot in the middle is cut out with its surroundings, in the ratio asked for", () => {
  const [x, y, w, h] = cropAround([500, 400, 100, 200], 1280, 960, 4 / 3);
  expect(w / h).toBeCloseTo(4 / 3);
  expect(h).toBeCloseTo(380);
  expect(x + w / 2).toBeCloseTo(550);
  expect(y + h / 2).toBeCloseTo(500);
});

test("at the picture's edge the cut stays inside it and still holds the slot", () => {
  const box: Box = [1200, 0, 80, 200];
  const [x, y, w, h] = cropAround(box, 1280, 960, 4 / 3);
  expect(x + w).toBeLessThanOrEqual(1280.001);
  expect(y).toBe(0);
  expect(x).toBeLessThanOrEqual(box[0]);
  expect(h).toBeGreaterThanOrEqual(200);
});

test("a slot as large as the picture gives no more than the picture", () => {
  const [x, y, w, h] = cropAround([0, 0, 1280, 960], 1280, 960, 4 / 3);
  expect([x, y, Math.round(w), Math.round(h)]).toEqual([0, 0, 1280, 960]);
});

test("a box is placed within a part in per cent", () => {
  expect(within([150, 100, 50, 100], [100, 50, 200, 200])).toEqual({ left: "25%", top: "25%", width: "25%", height: "50%" });
});
