// Planograms as tables: one line a slot, in the order in which the slots stand. Pure.
//
// The head names the columns, in any order; "shelf" and "gtin" must be there. Shelf 1 is the highest.

import { type FilePlan, type FileSlot, type Note, Notes } from "./build";
import { readGtin } from "./gtin";

const COLUMNS = {
  shelf: ["shelf", "row", "tray", "层", "层板", "货架层"],
  slot: ["slot", "slot_id", "position", "货位", "位置"],
  gtin: ["gtin", "ean", "upc", "barcode", "ean13", "条码", "商品条码", "条形码"],
  name: ["name", "product", "description", "名称", "商品", "商品名称", "品名"],
  brand: ["brand", "品牌"],
  facings: ["facings", "hfacings", "faces", "排面", "排面数"],
  capacity: ["capacity", "max", "容量"],
  x_mm: ["x_mm", "x", "left_mm", "左距"],
  width_mm: ["width_mm", "width", "宽度"],
  pack_mm: ["pack_mm", "pack_width_mm", "包装宽度"],
} as const;
type Column = keyof typeof COLUMNS;

export class FileFault extends Error {
  constructor(
    readonly kind: "no_head" | "no_slots" | "not_psa" | "no_planogram",
    readonly what = "",
  ) {
    super(kind);
  }
}

/** The cells of a table: RFC 4180 with comma, semicolon or tab, whichever the head has most of. */
export function cells(text: string): string[][] {
  const body = text.replace(/^\uFEFF/, "");
  const head = body.slice(0, body.search(/\r|\n|$/));
  const count = (c: string) => head.split(c).length;
  const separator = [",", ";", "\t"].reduce((best, c) => (count(c) > count(best) ? c : best));
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i <= body.length; i++) {
    const c = body[i];
    if (quoted && c !== undefined) {
      if (c !== '"') cell += c;
      else if (body[i + 1] === '"') cell += body[++i];
      else quoted = false;
    } else if (c === '"' && cell === "") quoted = true;
    else if (c === separator || c === "\n" || c === "\r" || c === undefined) {
      row.push(cell.trim());
      cell = "";
      if (c === separator) continue;
      if (row.some(Boolean)) rows.push(row);
      row = [];
    } else cell += c;
  }
  return rows;
}

export function readCsv(text: string, fileName: string): { plan: FilePlan; notes: Note[] } {
  const [head = [], ...lines] = cells(text);
  const at = columnsOf(head);
  for (const need of ["shelf", "gtin"] as const) if (at[need] === undefined) throw new FileFault("no_head", need);
  const notes = new Notes();
  const shelves = new Map<number, FileSlot[]>();
  lines.forEach((line, i) => {
    const get = (c: Column) => (at[c] === undefined ? "" : (line[at[c]!] ?? ""));
    const where = String(i + 2);
    const shelf = Number(get("shelf"));
    if (!Number.isInteger(shelf) || shelf < 1 || shelf > 50) return notes.add("no_shelf", where);
    const read = readGtin(get("gtin"));
    if (!read) return notes.add("not_gtin", where);
    if (read.added) notes.add("check_digit", where);
    const [x, width, pack] = [number(get("x_mm")), number(get("width_mm")), number(get("pack_mm"))];
    const slot: FileSlot = {
      gtin: read.gtin,
      name: get("name"),
      ...(get("brand") ? { brand: get("brand") } : {}),
      ...(/^[A-Za-z0-9._-]{1,64}$/.test(get("slot")) ? { id: get("slot") } : {}),
      facings: Math.min(50, Math.max(1, Math.round(number(get("facings")) ?? 1))),
      ...(number(get("capacity")) ? { capacity: Math.round(number(get("capacity"))!) } : {}),
      x_mm: x,
      width_mm: width,
      ...(pack ? { pack_mm: pack } : {}),
    };
    const list = shelves.get(shelf);
    if (list) list.push(slot);
    else shelves.set(shelf, [slot]);
  });
  if (shelves.size === 0) throw new FileFault("no_slots");
  const rows = [...shelves].sort(([a], [b]) => a - b).map(([, slots]) => ({ slots }));
  return { plan: { name: fileName.replace(/\.\w+$/, ""), width_mm: null, shelves: rows }, notes: notes.list() };
}

function columnsOf(head: readonly string[]): Partial<Record<Column, number>> {
  const at: Partial<Record<Column, number>> = {};
  head.forEach((text, i) => {
    const name = text.toLocaleLowerCase().replace(/[\s-]+/g, "_");
    const column = (Object.keys(COLUMNS) as Column[]).find((c) => (COLUMNS[c] as readonly string[]).includes(name));
    if (column && at[column] === undefined) at[column] = i;
  });
  return at;
}

/** A number with point or comma; null where there is none. */
function number(text: string): number | null {
  const n = Number(text.replace(",", "."));
  return text === "" || Number.isNaN(n) ? null : n;
}
