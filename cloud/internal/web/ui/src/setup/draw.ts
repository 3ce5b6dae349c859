// Slots drawn on a cooler's picture, and the planogram that they make. Pure.

import { around } from "../cooler/scene";
import type { Box, Observation, PlanogramShelf } from "../types";
import { GRID_MM, LEAST_MM } from "./plan";

/** A box on the picture, in its pixels, with what is due in it. */
export interface Drawn {
  box: Box;
  gtin: string;
  facings: number;
}

/** The inner walls, in pixels of the picture. */
export interface Walls {
  left: number;
  right: number;
}

/** What the camera sees, as slots: packs of one product side by side are one. */
export function fromFacings(o: Observation): Drawn[] {
  const front = (o.facings ?? []).filter((f) => !f.depth).sort((a, b) => a.shelf - b.shelf || a.position - b.position || a.box[0] - b.box[0]);
  const groups: { shelf: number; gtin: string; boxes: Box[] }[] = [];
  for (const f of front) {
    const last = groups.at(-1);
    const gtin = f.gtin ?? "";
    if (last && last.shelf === f.shelf && last.gtin === gtin && gtin !== "") last.boxes.push(f.box);
    else groups.push({ shelf: f.shelf, gtin, boxes: [f.box] });
  }
  return groups.map((g) => ({ box: around(g.boxes)!, gtin: g.gtin, facings: g.boxes.length }));
}

/** Rows from the top: boxes whose middle lies within another's height stand on one shelf. */
export function rows(drawn: readonly Drawn[]): Drawn[][] {
  const out: { top: number; bottom: number; boxes: Drawn[] }[] = [];
  for (const d of [...drawn].sort((a, b) => a.box[1] + a.box[3] - (b.box[1] + b.box[3]))) {
    const [, y, , h] = d.box;
    const middle = y + h / 2;
    const row = out.find((r) => (middle > r.top && middle < r.bottom) || ((r.top + r.bottom) / 2 > y && (r.top + r.bottom) / 2 < y + h));
    if (row) {
      row.boxes.push(d);
      row.top = Math.min(row.top, y);
      row.bottom = Math.max(row.bottom, y + h);
    } else out.push({ top: y, bottom: y + h, boxes: [d] });
  }
  return out.sort((a, b) => a.bottom - b.bottom).map((r) => r.boxes.sort((a, b) => a.box[0] - b.box[0]));
}

/** The shelves that the boxes make in a cooler of an inner width: in the grid, without overlap, inside the walls. */
export function toShelves(drawn: readonly Drawn[], walls: Walls, innerMM: number): PlanogramShelf[] {
  const snap = (mm: number) => Math.round(mm / GRID_MM) * GRID_MM;
  const mm = (px: number) => Math.min(innerMM, Math.max(0, snap(((px - walls.left) / Math.max(1, walls.right - walls.left)) * innerMM)));
  return rows(drawn).map((row, r) => {
    let free = 0;
    return {
      slots: row.flatMap((d, i) => {
        const x = Math.max(free, mm(d.box[0]));
        const next = row[i + 1];
        const right = Math.min(Math.max(mm(d.box[0] + d.box[2]), x + LEAST_MM), innerMM);
        // Where two boxes overlap the border is in the middle.
        const end = next && mm(next.box[0]) < right && mm(next.box[0]) > x ? Math.max(x + LEAST_MM, snap((mm(next.box[0]) + right) / 2)) : right;
        if (end - x < LEAST_MM) return [];
        free = end;
        return [{ id: `${r + 1}-${i + 1}`, gtin: d.gtin, facings: d.facings, x_mm: x, width_mm: end - x }];
      }),
    };
  });
}

/** Moves a box within the picture. */
export function moved(b: Box, dx: number, dy: number, w: number, h: number): Box {
  return [Math.min(Math.max(0, b[0] + dx), w - b[2]), Math.min(Math.max(0, b[1] + dy), h - b[3]), b[2], b[3]];
}

/** The least side of a box, px of the picture. */
export const LEAST_PX = 12;

/** Moves a box's right lower corner within the picture. */
export function sized(b: Box, dw: number, dh: number, w: number, h: number): Box {
  return [b[0], b[1], Math.min(Math.max(LEAST_PX, b[2] + dw), w - b[0]), Math.min(Math.max(LEAST_PX, b[3] + dh), h - b[1])];
}
