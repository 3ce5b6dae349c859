import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { en } from "../../src/i18n/en";
import { zh } from "../../src/i18n/zh";

const keys = Object.keys(en).sort();
const params = (s: string) => [...s.matchAll(/\{(\w+)\}/g)].map((m) => m[1]).sort();

test("both languages have the same keys", () => expect(Object.keys(zh).sort()).toEqual(keys));

describe("each text takes the same values in both languages", () => {
  for (const k of keys) {
    const [a, b] = [(en as Record<string, string>)[k]!, (zh as Record<string, string>)[k]!];
    test(k, () => {
      expect(b).not.toBe("");
      expect(params(b)).toEqual(params(a));
    });
  }
});

test("counted texts come in both forms", () => {
  const bases = keys.filter((k) => k.endsWith(".other")).map((k) => k.slice(0, -6));
  expect(bases.filter((b) => !keys.includes(`${b}.one`))).toEqual([]);
});

const src = new URL("../../src/", import.meta.url).pathname;
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((f) => /\.tsx?$/.test(f) && !f.startsWith("i18n/"));
const code = files.map((f) => readFileSync(join(src, f), "utf8")).join("\n");

test("no text is left that no view shows", () => {
  // Groups that are looked up by a value of the service: word("state", s), t(`link.${kind}`) and so on.
  const byValue = /^(up\.(count|state|status|kind|part|why)|fault|first|type|resolution|reason|severity|state|status|door|alertstate|teach\.status|wish\.(part|from|\w+_permille)|link|cooler\.show|hook|kpi\.\w+\.help|kpi\.(name|def)|boards\.clock|draw\.(left|right)|import\.(note|fault)|promo\.\w+\.help|rules\.(regions|channels|store_classes|cooler_models)|people\.(send|kind|state)|access\.role(_short)?|kpis\.(by|compare|scope)|kpis\.(csv|xlsx)|shelf|verdict|cause|lostcause|sales\.(by|report)|order\.(status|from)|online\.(status|passed)|forecast\.method|(sales|stock|order|online|moves|outcome|forecast)\.\w+\.help|delivery\.day|campaign\.(ahead|running|over))(\.|$)/;
  const unused = keys.map((k) => k.replace(/\.(one|other)$/, "")).filter((k) => !byValue.test(k) && !code.includes(`"${k}"`) && !/^trade\.(sales|stock|orders|online|promotions)$/.test(k) && !/^setup\.(coolers|boards|stores|planograms|products|rules|people|integrations|access|refused)$/.test(k));
  expect([...new Set(unused)]).toEqual([]);
});

test("no view holds words of its own", () => {
  // Text between tags that has two letters in a row, outside of {…}.
  const bare = files
    .filter((f) => f.endsWith(".tsx"))
    .flatMap((f) => [...readFileSync(join(src, f), "utf8").matchAll(/(?<!=)>\s*([A-Za-z][a-z]+[^<>{}=;()]*)</g)].map((m) => `${f}: ${m[1]}`));
  expect(bare.filter((b) => !/cooler-cloud simulate/.test(b))).toEqual([]);
});
