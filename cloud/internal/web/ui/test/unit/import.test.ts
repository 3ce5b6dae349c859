import { describe, expect, test } from "vitest";
import { build, codeOf } from "../../src/import/build";
import { cells, FileFault, readCsv } from "../../src/import/csv";
import { checkDigit, isGtin, readGtin } from "../../src/import/gtin";
import { readPsa } from "../../src/import/psa";

describe("product numbers", () => {
  test("the check digit is GS1's", () => {
    expect(checkDigit("400638133393")).toBe(1);
    expect(isGtin("4006381333931")).toBe(true);
    expect(isGtin("4006381333932")).toBe(false);
  });

  test("as files bring them", () => {
    expect(readGtin(" 4006381333931 ")).toEqual({ gtin: "4006381333931", added: false });
    expect(readGtin("036000291452")).toEqual({ gtin: "036000291452", added: false }); // UPC-A
    expect(readGtin("36000291452")).toEqual({ gtin: "036000291452", added: false }); // its leading nought lost
    expect(readGtin("3600029145")).toEqual({ gtin: "036000291452", added: true }); // and its check digit
    expect(readGtin("400638133393")).toEqual({ gtin: "4006381333931", added: true });
    expect(readGtin("4006381333932")).toBeNull();
    expect(readGtin("A-17")).toBeNull();
  });
});

describe("tables", () => {
  test("comma, semicolon or tab; quotes; a mark at the head; empty lines", () => {
    expect(cells('\uFEFFshelf;gtin;name\r\n1;4006381333931;"Lemon; ""330"" ml"\r\n\r\n2;96385074;x')).toEqual([["shelf", "gtin", "name"], ["1", "4006381333931", 'Lemon; "330" ml'], ["2", "96385074", "x"]]);
    expect(cells("a\tb\n1\t2")).toEqual([["a", "b"], ["1", "2"]]);
  });

  test("slots stand side by side where the file gives no place", () => {
    const { plan } = readCsv("Shelf,EAN,Product,Facings\n1,4006381333931,Lemon,3\n1,96385074,Tonic,1\n2,96385074,Tonic,2\n", "door.csv");
    const { planogram: p } = build(plan, "door");
    expect(p.shelves.map((s) => s.slots.map((x) => [x.id, x.x_mm, x.width_mm, x.facings]))).toEqual([[["1-1", 0, 198, 3], ["1-2", 198, 66, 1]], [["2-1", 0, 132, 2]]]);
    expect(p.width_mm).toBe(264);
    expect(p.products?.map((x) => x.name)).toEqual(["Lemon", "Tonic"]);
  });

  test("Chinese heads, and lines that cannot be taken are told with their number", () => {
    const { plan, notes } = readCsv("层,商品条码,商品名称,排面\n1,4006381333931,柠檬,2\n1,abc,?,1\nx,96385074,?,1\n1,400638133393,,1\n", "门.csv");
    expect(plan.shelves[0]!.slots).toHaveLength(2);
    expect(notes).toEqual([{ kind: "not_gtin", n: 1, where: "3" }, { kind: "no_shelf", n: 1, where: "4" }, { kind: "check_digit", n: 1, where: "5" }]);
  });

  test("a table without the columns that it needs is named", () => {
    expect(() => readCsv("name,facings\nx,1\n", "x.csv")).toThrow(expect.objectContaining({ kind: "no_head", what: "shelf" }));
    expect(() => readCsv("shelf,gtin\n1,nothing\n", "x.csv")).toThrow(FileFault);
  });
});

const row = (type: string, values: Record<number, string | number>) => {
  const cells = Array.from({ length: 240 }, () => "");
  cells[0] = type;
  for (const [i, v] of Object.entries(values)) cells[Number(i)] = String(v);
  return cells.join(",");
};

/** Two shelves of 24 inches; the upper one is of two fixtures side by side. */
const psa = [
  "PROSPACE SCHEMATIC FILE",
  "; Version 2018.1.0",
  "; Codepage=1252",
  row("Project", { 1: "Beverages" }),
  row("Product", { 1: "400638133393", 2: "L1", 3: "Lemon\\, 330 ml", 5: 2.6, 232: "North" }),
  row("Product", { 1: "96385074", 2: "T1", 3: "Tonic", 5: 2.6 }),
  row("Planogram", { 1: "Door 24", 3: 24, 4: 60, 5: 20 }),
  row("Fixture", { 2: "S1", 4: 0, 5: 24, 6: 10, 7: 1 }),
  row("Fixture", { 2: "S2a", 4: 0, 5: 12, 6: 30, 7: 1 }),
  row("Fixture", { 2: "S2b", 4: 12, 5: 12, 6: 30, 7: 1 }),
  row("Position", { 1: "400638133393", 4: 0, 5: 7.8, 6: 31, 14: 3, 15: 1, 16: 6 }),
  row("Position", { 1: "96385074", 4: 12, 5: 5.2, 6: 31, 14: 2, 15: 1, 16: 6 }),
  row("Position", { 1: "96385074", 4: 0, 5: 2.6, 6: 11, 14: 1, 15: 2, 16: 6 }),
  row("Position", { 1: "unknown", 4: 5, 5: 2.6, 6: 11, 14: 1 }),
  row("Planogram", { 1: "Empty", 3: 24 }),
].join("\r\n");

describe("ProSpace", () => {
  test("shelves from the top, slots from the left, in millimetres, with what was wrong", () => {
    const file = readPsa(psa);
    expect([file.planograms, file.unit]).toEqual([["Door 24", "Empty"], "in"]);
    const { plan, notes } = file.read(0, "in");
    const { planogram: p } = build(plan, codeOf(plan.name), notes);
    expect([p.id, p.name, p.width_mm, p.depth_mm]).toEqual(["Door-24", "Door 24", 610, 508]);
    expect(p.shelves.map((s) => s.slots.map((x) => [x.gtin, x.facings, x.capacity, x.x_mm, x.width_mm, x.pack_mm]))).toEqual([
      [["4006381333931", 3, 18, 0, 198, 66], ["96385074", 2, 12, 305, 132, 66]],
      [["96385074", 1, 12, 0, 66, 66]],
    ]);
    expect(p.products?.find((x) => x.gtin === "4006381333931")).toEqual({ gtin: "4006381333931", name: "Lemon, 330 ml", brand: "North", own: true });
    expect(notes).toEqual([{ kind: "check_digit", n: 1, where: "1" }, { kind: "no_product", n: 1, where: "4" }, { kind: "not_gtin", n: 1, where: "4" }]);
  });

  test("the unit can be said otherwise", () => {
    const { plan } = readPsa(psa).read(0, "cm");
    expect(plan.width_mm).toBe(240);
  });

  test("what is no such file, or holds nothing, is told", () => {
    expect(() => readPsa("id: x\n")).toThrow(expect.objectContaining({ kind: "not_psa" }));
    expect(() => readPsa("PROSPACE SCHEMATIC FILE\n")).toThrow(expect.objectContaining({ kind: "no_planogram" }));
    expect(() => readPsa(psa).read(1, "in")).toThrow(expect.objectContaining({ kind: "no_slots" }));
  });

  test("a file cut in half gives what is whole, or a named fault, never another error", () => {
    for (let n = 0; n < psa.length; n += 97) {
      try {
        const file = readPsa(psa.slice(0, n));
        build(file.read(0, file.unit).plan, "x");
      } catch (e) {
        expect(e).toBeInstanceOf(FileFault);
      }
    }
  });
});

test("slots that overlap are pushed apart, and it is said", () => {
  const slot = (gtin: string, x: number) => ({ gtin, name: "", facings: 1, x_mm: x, width_mm: 100 });
  const { planogram, notes } = build({ name: "", width_mm: 300, shelves: [{ slots: [slot("a", 0), slot("b", 60), slot("c", 198)] }] }, "x");
  expect(planogram.shelves[0]!.slots.map((s) => s.x_mm)).toEqual([0, 100, 200]);
  expect(notes).toEqual([{ kind: "overlap", n: 1, where: "1-2" }]);
});
