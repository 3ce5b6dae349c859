// Planograms of ProSpace / JDA Space Planning: "PROSPACE SCHEMATIC FILE", a line a record, cells between
// commas, a comma within a cell behind a backslash. Pure.
//
// Read are: Planogram (name, width, height, depth), Product (UPC, ID, name, size), Fixture (x, width, y,
// height) and Position (UPC, ID, x, width, y, …, facings across, high and deep), by their columns, which
// have been the same in all versions seen. Lengths are in the file's own unit: inches or centimetres,
// which the file does not say in a place that can be relied on, so the packs' width decides, and whoever
// imports can say otherwise. Everything else in the file is left alone.

import { type FilePlan, type FileSlot, type Note, Notes } from "./build";
import { FileFault } from "./csv";
import { readGtin } from "./gtin";

export type PsaUnit = "in" | "cm";
const MM: Record<PsaUnit, number> = { in: 25.4, cm: 10 };

const PLANOGRAM = { name: 1, width: 3, depth: 5 };
const PRODUCT = { upc: 1, id: 2, name: 3, width: 5, brand: 232 };
const FIXTURE = { x: 4, width: 5, y: 6, height: 7 };
const POSITION = { upc: 1, id: 2, x: 4, width: 5, y: 6, across: 14, high: 15, deep: 16 };

export interface PsaFile {
  /** Names of the planograms in it. */
  planograms: string[];
  /** What the packs' width says of the unit. */
  unit: PsaUnit;
  read(index: number, unit: PsaUnit): { plan: FilePlan; notes: Note[] };
}

interface PsaPlan {
  cells: string[];
  fixtures: string[][];
  positions: string[][];
}

export function readPsa(text: string): PsaFile {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  if (!lines[0]?.startsWith("PROSPACE SCHEMATIC FILE")) throw new FileFault("not_psa");
  const products = new Map<string, string[]>();
  const plans: PsaPlan[] = [];
  for (const line of lines) {
    const row = split(line);
    const plan = plans.at(-1);
    if (row[0] === "Product") {
      for (const key of [row[PRODUCT.upc], row[PRODUCT.id]]) if (key && !products.has(key)) products.set(key, row);
    } else if (row[0] === "Planogram") plans.push({ cells: row, fixtures: [], positions: [] });
    else if (row[0] === "Fixture") plan?.fixtures.push(row);
    else if (row[0] === "Position") plan?.positions.push(row);
  }
  if (plans.length === 0) throw new FileFault("no_planogram");
  return {
    planograms: plans.map((p, i) => p.cells[PLANOGRAM.name] || `${i + 1}`),
    unit: unitOf([...products.values()].map((p) => number(p[PRODUCT.width]))),
    read: (index, unit) => toPlan(plans[index]!, products, MM[unit]),
  };
}

/** A can is 2.6 inches or 6.6 centimetres wide; few packs of a cooler are wider than 4.4 inches or narrower than that in centimetres. */
function unitOf(widths: readonly number[]): PsaUnit {
  const known = widths.filter((w) => w > 0).sort((a, b) => a - b);
  const median = known[Math.floor(known.length / 2)] ?? 10;
  return median < 4.4 ? "in" : "cm";
}

function toPlan(p: PsaPlan, products: ReadonlyMap<string, string[]>, mm: number): { plan: FilePlan; notes: Note[] } {
  const notes = new Notes();
  // A shelf is a fixture's height: fixtures side by side are one shelf. The topmost comes first.
  const levels: number[] = [];
  const level = (y: number) => {
    const near = levels.findIndex((l) => Math.abs(l - y) * mm < 20);
    return near >= 0 ? near : levels.push(y) - 1;
  };
  for (const f of p.fixtures) level(number(f[FIXTURE.y]) + number(f[FIXTURE.height]));
  const left = p.fixtures.reduce((m, f) => Math.min(m, number(f[FIXTURE.x])), p.fixtures.length > 0 ? Infinity : 0);
  const rows = new Map<number, FileSlot[]>();
  p.positions.forEach((position, i) => {
    const where = String(i + 1);
    const product = products.get(position[POSITION.upc] ?? "") ?? products.get(position[POSITION.id] ?? "");
    if (!product) notes.add("no_product", where);
    const read = [position[POSITION.upc], product?.[PRODUCT.upc], position[POSITION.id], product?.[PRODUCT.id]].map((c) => readGtin(c ?? "")).find((r) => r !== null);
    if (!read) return notes.add("not_gtin", where);
    if (read.added) notes.add("check_digit", where);
    const facings = Math.max(1, Math.round(number(position[POSITION.across]) || 1));
    const [high, deep] = [POSITION.high, POSITION.deep].map((c) => Math.max(1, Math.round(number(position[c]) || 1)));
    const pack = number(product?.[PRODUCT.width]) * mm;
    const width = number(position[POSITION.width]) * mm;
    const shelf = fixtureUnder(levels, number(position[POSITION.y]), mm, level);
    const slot: FileSlot = {
      gtin: read.gtin,
      name: product?.[PRODUCT.name] ?? "",
      ...(product?.[PRODUCT.brand] ? { brand: product[PRODUCT.brand]! } : {}),
      facings: Math.min(50, facings),
      capacity: facings * high! * deep!,
      x_mm: (number(position[POSITION.x]) - left) * mm,
      width_mm: width > 0 ? width : pack > 0 ? pack * facings : null,
      ...(pack > 0 ? { pack_mm: pack } : {}),
    };
    const list = rows.get(shelf);
    if (list) list.push(slot);
    else rows.set(shelf, [slot]);
  });
  if (rows.size === 0) throw new FileFault("no_slots");
  const shelves = [...rows].sort(([a], [b]) => levels[b]! - levels[a]!).map(([i, slots]) => ({ height_mm: levels[i]! * mm, slots }));
  const depth = number(p.cells[PLANOGRAM.depth]) * mm;
  return { plan: { name: p.cells[PLANOGRAM.name] ?? "", width_mm: number(p.cells[PLANOGRAM.width]) * mm || null, ...(depth > 0 ? { depth_mm: depth } : {}), shelves }, notes: notes.list() };
}

/** The shelf that a position stands on: the highest that is not above its foot. */
function fixtureUnder(levels: readonly number[], y: number, mm: number, level: (y: number) => number): number {
  let best = -1;
  levels.forEach((l, i) => {
    if ((l - y) * mm < 20 && (best < 0 || l > levels[best]!)) best = i;
  });
  return best >= 0 ? best : level(y);
}

function split(line: string): string[] {
  const out: string[] = [];
  let cell = "";
  for (let i = 0; i < line.length; i++) {
    const c = line[i]!;
    if (c === "\\" && /[,"\\]/.test(line[i + 1] ?? "")) cell += line[++i];
    else if (c === ",") {
      out.push(cell.trim());
      cell = "";
    } else cell += c;
  }
  out.push(cell.trim());
  return out;
}

const number = (text: string | undefined) => Number(text) || 0;
