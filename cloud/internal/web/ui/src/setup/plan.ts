// Editing a planogram: pure steps from one draft to the next. Slots of a shelf never overlap and
// never leave the cooler; every step keeps them in order from left to right.

import type { Planogram, PlanogramShelf, PlanogramSlot } from "../types";

/** Steps of the grid that slots snap to, mm. */
export const GRID_MM = 5;
export const LEAST_MM = 30;
export const WIDTH_MM = 600;

export interface Place {
  shelf: number;
  slot: number;
}

export function blank(id: string): Planogram {
  return { id, version: 1, name: "", width_mm: WIDTH_MM, shelves: [{ slots: [] }], products: [] };
}

export function width(p: Planogram): number {
  const ends = p.shelves.flatMap((s) => s.slots.map((x) => x.x_mm + x.width_mm));
  return Math.max(p.width_mm || 0, ...ends, LEAST_MM);
}

export function slotAt(p: Planogram, at: Place): PlanogramSlot | undefined {
  return p.shelves[at.shelf]?.slots[at.slot];
}

function withShelf(p: Planogram, i: number, change: (s: PlanogramShelf) => PlanogramShelf): Planogram {
  return { ...p, shelves: p.shelves.map((s, k) => (k === i ? change(s) : s)) };
}

/** Changes a slot's fields, as typed. */
export function patch(p: Planogram, at: Place, fields: Partial<PlanogramSlot>): Planogram {
  return withShelf(p, at.shelf, (s) => ({ ...s, slots: s.slots.map((x, k) => (k === at.slot ? { ...x, ...fields } : x)) }));
}

const snap = (mm: number) => Math.round(mm / GRID_MM) * GRID_MM;

/** Room of a slot between its neighbours. */
function room(p: Planogram, at: Place): [number, number] {
  const slots = p.shelves[at.shelf]!.slots;
  const before = slots[at.slot - 1];
  const after = slots[at.slot + 1];
  return [before ? before.x_mm + before.width_mm : 0, after ? after.x_mm : width(p)];
}

/** Moves a slot to x, as far as its neighbours let it. */
export function move(p: Planogram, at: Place, x: number): Planogram {
  const s = slotAt(p, at);
  if (!s) return p;
  const [lo, hi] = room(p, at);
  return patch(p, at, { x_mm: Math.max(lo, Math.min(snap(x), hi - s.width_mm)) });
}

/** Sets a slot's right edge, as far as its neighbour lets it. */
export function stretch(p: Planogram, at: Place, right: number): Planogram {
  const s = slotAt(p, at);
  if (!s) return p;
  const [, hi] = room(p, at);
  return patch(p, at, { width_mm: Math.max(LEAST_MM, Math.min(snap(right), hi) - s.x_mm) });
}

/** A name for a new slot that no other has. */
function freeName(p: Planogram, shelf: number): string {
  const taken = new Set(p.shelves.flatMap((s) => s.slots.map((x) => x.id)));
  let n = p.shelves[shelf]!.slots.length + 1;
  while (taken.has(`${shelf + 1}-${n}`)) n++;
  return `${shelf + 1}-${n}`;
}

/** Adds a slot in the widest gap of a shelf; the same planogram where there is none. */
export function addSlot(p: Planogram, shelf: number, gtin: string): Planogram {
  const slots = p.shelves[shelf]!.slots;
  let from = 0;
  let gap: [number, number] = [0, 0];
  for (const edge of [...slots.map((s) => [s.x_mm, s.x_mm + s.width_mm] as const), [width(p), width(p)] as const]) {
    if (edge[0] - from > gap[1] - gap[0]) gap = [from, edge[0]];
    from = Math.max(from, edge[1]);
  }
  if (gap[1] - gap[0] < LEAST_MM) return p;
  const slot: PlanogramSlot = { id: freeName(p, shelf), gtin, facings: 1, x_mm: gap[0], width_mm: Math.min(120, gap[1] - gap[0]) };
  return withShelf(p, shelf, (s) => ({ ...s, slots: [...s.slots, slot].sort((a, b) => a.x_mm - b.x_mm) }));
}

export function removeSlot(p: Planogram, at: Place): Planogram {
  return withShelf(p, at.shelf, (s) => ({ ...s, slots: s.slots.filter((_, k) => k !== at.slot) }));
}

/** A shelf below the others. */
export function addShelf(p: Planogram): Planogram {
  return { ...p, shelves: [...p.shelves, { slots: [] }] };
}

export function removeShelf(p: Planogram, i: number): Planogram {
  return { ...p, shelves: p.shelves.filter((_, k) => k !== i) };
}

/** Makes sure that the products that the slots name are listed, as far as they are known. */
export function withProducts(p: Planogram, known: readonly NonNullable<Planogram["products"]>[number][]): Planogram {
  const listed = new Map((p.products ?? []).map((x) => [x.gtin, x]));
  for (const s of p.shelves) for (const slot of s.slots) {
    const product = known.find((k) => k.gtin === slot.gtin);
    if (product && !listed.has(slot.gtin)) listed.set(slot.gtin, product);
  }
  return { ...p, products: [...listed.values()] };
}
