// From what a file says of slots to a planogram: shelves from top to bottom, slots from left to right that
// do not overlap. Pure.

import type { Planogram, PlanogramShelf, PlanogramSlot } from "../types";

/** A slot as a file has it, in mm; x unknown where the file only gives an order. */
export interface FileSlot {
  gtin: string;
  name: string;
  brand?: string;
  id?: string;
  facings: number;
  capacity?: number;
  x_mm: number | null;
  width_mm: number | null;
  pack_mm?: number;
}

export interface FilePlan {
  name: string;
  width_mm: number | null;
  depth_mm?: number;
  /** From the top. */
  shelves: { height_mm?: number; slots: FileSlot[] }[];
}

export interface Imported {
  planogram: Planogram;
  /** What was not as it should be, as keys of texts with what goes into them. */
  notes: Note[];
}

export interface Note {
  kind: "overlap" | "check_digit" | "not_gtin" | "no_product" | "no_shelf" | "line";
  n: number;
  /** Where it happened first. */
  where: string;
}

/** A pack whose width no file tells: a 330 ml can. */
const PACK_MM = 66;

export function build(plan: FilePlan, id: string, notes: readonly Note[] = []): Imported {
  const found = [...notes];
  let overlaps = 0;
  let firstOverlap = "";
  const shelves: PlanogramShelf[] = plan.shelves.map((shelf, row) => {
    const given = shelf.slots.map((s) => ({ ...s, width: Math.max(30, Math.round(s.width_mm ?? s.facings * (s.pack_mm ?? PACK_MM))) }));
    const placed = given.some((s) => s.x_mm === null) ? given : [...given].sort((a, b) => a.x_mm! - b.x_mm!);
    let right = 0;
    const slots = placed.map((s, i): PlanogramSlot => {
      const wanted = Math.max(0, Math.round(s.x_mm ?? right));
      // Files round: a little overlap is pushed apart and not worth a word.
      if (wanted < right - 5) {
        overlaps++;
        firstOverlap ||= `${row + 1}-${i + 1}`;
      }
      const x = Math.max(wanted, right);
      right = x + s.width;
      return { id: s.id || `${row + 1}-${i + 1}`, gtin: s.gtin, facings: s.facings, ...(s.capacity ? { capacity: s.capacity } : {}), x_mm: x, width_mm: s.width, ...(s.pack_mm ? { pack_mm: Math.round(s.pack_mm) } : {}) };
    });
    return { ...(shelf.height_mm !== undefined ? { height_mm: Math.round(shelf.height_mm) } : {}), slots };
  });
  if (overlaps > 0) found.push({ kind: "overlap", n: overlaps, where: firstOverlap });
  const ends = shelves.flatMap((s) => s.slots.map((x) => x.x_mm + x.width_mm));
  const products = new Map(plan.shelves.flatMap((s) => s.slots.map((x) => [x.gtin, { gtin: x.gtin, name: x.name || x.gtin, ...(x.brand ? { brand: x.brand } : {}), own: true }] as const)));
  return {
    planogram: { id, version: 1, name: plan.name, width_mm: Math.max(Math.round(plan.width_mm ?? 0), ...ends, 100), ...(plan.depth_mm ? { depth_mm: Math.round(plan.depth_mm) } : {}), shelves: unique(shelves), products: [...products.values()] },
    notes: found,
  };
}

/** Slots need names that differ; a second one of a name gets a number. */
function unique(shelves: PlanogramShelf[]): PlanogramShelf[] {
  const taken = new Set<string>();
  return shelves.map((shelf) => ({
    ...shelf,
    slots: shelf.slots.map((s) => {
      let id = s.id;
      for (let n = 2; taken.has(id); n++) id = `${s.id}.${n}`;
      taken.add(id);
      return { ...s, id };
    }),
  }));
}

/** A name that an address can hold. */
export function codeOf(name: string): string {
  return name.normalize("NFKD").replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 64) || "planogram";
}

/** Counts faults by kind, with the place of the first. */
export class Notes {
  private readonly found = new Map<Note["kind"], Note>();

  add(kind: Note["kind"], where: string): void {
    const known = this.found.get(kind);
    if (known) known.n++;
    else this.found.set(kind, { kind, n: 1, where });
  }

  list(): Note[] {
    return [...this.found.values()];
  }
}
