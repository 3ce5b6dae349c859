import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faults, inLanguage } from "../../src/i18n/parts/faults";

/** The codes that a Go file declares, by what they are called there. */
function declared(path: string, type: string): string[] {
  const source = readFileSync(new URL(`../../../../${path}`, import.meta.url), "utf8");
  return [...source.matchAll(new RegExp(`^\\t\\w+\\s+${type}= "([a-z_]+)"`, "gm"))].map((m) => m[1]!);
}

const refusals = declared("problem/code.go", "Code ");
const lines = declared("sales/fault.go", "");

test("the lists of the service are found", () => {
  expect(refusals.length).toBeGreaterThan(60);
  expect(lines.length).toBeGreaterThan(15);
});

// no_answer is what the page itself says where nobody answers.
test("every code that the service can send has its texts, and no other", () => expect(Object.keys(faults).sort()).toEqual([...new Set([...refusals, ...lines, "no_answer"])].sort()));

test("both languages say what is wrong, and what to do where there is something to do", () => {
  for (const [code, f] of Object.entries(faults)) {
    expect(f.en[0], code).not.toBe("");
    expect(f.zh[0], code).toMatch(/\p{Script=Han}|Webhook|GLN|GTIN/u);
    expect(f.zh[1] === "", code).toBe(f.en[1] === "");
    if (f.zh[1]) expect(f.zh[1], code).toMatch(/\p{Script=Han}/u);
  }
});

test("English keeps the service's own words", () => expect(inLanguage("en", "board_away", "the board of c1 is not connected", "see that it has power")).toEqual({ error: "the board of c1 is not connected", hint: "see that it has power" }));

test("Chinese says it by code, with the place that the service names", () => {
  expect(inLanguage("zh", "board_away", "the board of c1 is not connected", "see that it has power")).toEqual({ error: "设备未连接", hint: "请检查电源和网络后重试。" });
  expect(inLanguage("zh", "bad_planogram", "slot 1-2: width_mm is 0", "").error).toBe("陈列图有误（slot 1-2: width_mm is 0）");
});

test("a code that is not known leaves the service's words", () => {
  expect(inLanguage("zh", "of_tomorrow", "the moon is full", "wait")).toEqual({ error: "the moon is full", hint: "wait" });
  expect(inLanguage("zh", "constructor", "the moon is full", "wait")).toEqual({ error: "the moon is full", hint: "wait" });
});
