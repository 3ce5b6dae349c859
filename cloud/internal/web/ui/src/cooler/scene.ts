// What a cooler's page draws, worked out once from an observation and a planogram: each facing with
// the slot that it stands in, each slot with what stands there instead. Pure.

import type { Box, Facing, Observation, Planogram, PlanogramSlot, Product, SlotReading, SlotState } from "../types";

export interface SceneFacing {
  index: number;
  box: Box;
  score: number;
  skuScore: number;
  gtin: string | null;
  product: Product | null;
  /** Slot that it stands in; "" beside the planogram. */
  slot: string;
  /** How the slot is judged; null beside the planogram. */
  state: SlotState | null;
  /** It is not what is due in its slot. */
  wrong: boolean;
}

export interface SceneSlot {
  id: string;
  /** 1 is the highest. */
  shelf: number;
  due: number;
  present: number;
  gtin: string;
  product: Product | null;
  state: SlotState;
  reason: string;
  /** Where it was looked for in the picture; null where it was not. */
  box: Box | null;
  /** Other products that stand there, each once. */
  others: (Product & { gtin: string })[];
  planned: PlanogramSlot | null;
}

export interface Scene {
  facings: SceneFacing[];
  slots: SceneSlot[];
  /** Slots by shelf, top to bottom, as the planogram (or, without one, the observation) has them. */
  shelves: SceneSlot[][];
  /** Inner width that the shelves are drawn to, mm; 0 without a planogram. */
  widthMM: number;
}

export function buildScene(observation: Observation | null, planogram: Planogram | null, names: ReadonlyMap<string, Product>): Scene {
  const products = new Map(names);
  for (const p of planogram?.products ?? []) if (p.gtin) products.set(p.gtin, named(p, names.get(p.gtin)));
  const product = (gtin: string | null) => (gtin ? (products.get(gtin) ?? null) : null);

  const facings = observation?.facings ?? [];
  const readings = new Map((observation?.slots ?? []).map((r) => [r.slot, r]));
  const slots = planogram ? fromPlanogram(planogram, readings) : fromReadings(observation?.slots ?? []);
  for (const s of slots) s.product = product(s.gtin);

  const home = new Map<number, SceneSlot>();
  for (const s of slots) for (const i of readings.get(s.id)?.seen ?? []) home.set(i, s);
  for (const s of slots) s.others = others(s, readings.get(s.id), facings, planogram, product);

  return {
    facings: facings.map((f, index) => {
      const slot = home.get(index);
      return {
        index,
        box: f.box,
        score: f.score,
        skuScore: f.sku_score,
        gtin: f.gtin,
        product: product(f.gtin),
        slot: slot?.id ?? "",
        state: slot?.state ?? null,
        wrong: slot !== undefined && f.gtin !== null && !fills(planogram, slot.gtin, f.gtin),
      };
    }),
    slots,
    shelves: byShelf(slots),
    widthMM: planogram ? innerWidth(planogram) : 0,
  };
}

/** What the planogram says of a product; what it does not say, the master does. */
function named(p: Product, master: Product | undefined): Product {
  if (!master) return p;
  const said = Object.fromEntries(Object.entries(p).filter(([, v]) => v !== "" && v != null));
  // A name that the planogram has in one language only is no name for the other where the master has it.
  return { ...master, ...said };
}

function fromPlanogram(p: Planogram, readings: ReadonlyMap<string, SlotReading>): SceneSlot[] {
  return p.shelves.flatMap((shelf, i) =>
    shelf.slots.map((planned) => {
      const r = readings.get(planned.id);
      return { ...read(r), id: planned.id, shelf: i + 1, gtin: planned.gtin, due: planned.facings, planned };
    }),
  );
}

const fromReadings = (readings: SlotReading[]) => readings.map((r) => ({ ...read(r), id: r.slot, shelf: r.shelf, gtin: r.gtin, due: r.facings_due, planned: null }));

/** The judgement; a slot that the observation does not speak of is unknown. */
function read(r: SlotReading | undefined): Pick<SceneSlot, "present" | "state" | "reason" | "box" | "product" | "others"> {
  const box = r && r.box[2] > 0 && r.box[3] > 0 ? r.box : null;
  return { present: r?.facings_present ?? 0, state: r?.state ?? "unknown", reason: r?.reason ?? "", box, product: null, others: [] };
}

function others(s: SceneSlot, r: SlotReading | undefined, facings: readonly Facing[], p: Planogram | null, product: (g: string | null) => Product | null) {
  const found = new Map<string, Product & { gtin: string }>();
  for (const i of r?.seen ?? []) {
    const gtin = facings[i]?.gtin;
    if (gtin && !fills(p, s.gtin, gtin)) found.set(gtin, { ...product(gtin), gtin });
  }
  return [...found.values()];
}

/** Whether got may stand where want is due. */
function fills(p: Planogram | null, want: string, got: string): boolean {
  return want === got || (p?.interchangeable ?? []).some((group) => group.includes(want) && group.includes(got));
}

function byShelf(slots: SceneSlot[]): SceneSlot[][] {
  const shelves: SceneSlot[][] = [];
  for (const s of slots) (shelves[Math.max(0, s.shelf - 1)] ??= []).push(s);
  return shelves.filter((s) => s !== undefined);
}

function innerWidth(p: Planogram): number {
  const ends = p.shelves.flatMap((s) => s.slots.map((slot) => slot.x_mm + slot.width_mm));
  return Math.max(p.width_mm ?? 0, ...ends, 1);
}

/** The smallest box around all. */
export function around(boxes: readonly Box[]): Box | null {
  if (boxes.length === 0) return null;
  const x0 = Math.min(...boxes.map((b) => b[0]));
  const y0 = Math.min(...boxes.map((b) => b[1]));
  const x1 = Math.max(...boxes.map((b) => b[0] + b[2]));
  const y1 = Math.max(...boxes.map((b) => b[1] + b[3]));
  return [x0, y0, x1 - x0, y1 - y0];
}
