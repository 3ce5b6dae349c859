import { expect, test } from "vitest";
import { type Change, put, toList, toYaml } from "../../src/rules/book";

test("a book becomes a file as one would write it by hand", () => {
  expect(
    toYaml({
      version: 1,
      rules: [
        { types: ["stockout"], gtins: ["4006381333931"], open: { bad: 1, of: 1 }, hold: "90s" },
        { types: ["misplaced", "foreign_product"], stores: ["kiosk-*"], enabled: false },
      ],
      mute: [{ daily: "22:00-07:00", tz: "Asia/Shanghai", types: [] }],
    }),
  ).toBe(`version: 1
rules:
- types: [stockout]
  gtins: ["4006381333931"]
  open: {bad: 1, of: 1}
  hold: "90s"
- types: [misplaced, foreign_product]
  stores: ["kiosk-*"]
  enabled: false
mute:
- daily: "22:00-07:00"
  tz: "Asia/Shanghai"
`);
});

test("what YAML would read as something else is quoted", () => {
  expect(toYaml({ version: 1, rules: [{ types: ["stockout"], stores: ["no", "12", 'a"b'] }] })).toContain('stores: ["no", "12", "a\\"b"]');
});

test("what the form has no field for stays", () => {
  expect(toYaml({ version: 1, tz: "Asia/Shanghai", rules: [{ types: ["stockout"], regions: ["south"], ...{ later: 3 } }] })).toBe('version: 1\ntz: "Asia/Shanghai"\nrules:\n- types: [stockout]\n  regions: [south]\n  later: 3\n');
});

test("an empty book is the defaults", () => expect(toYaml({ version: 1, rules: [], mute: null })).toBe("version: 1\n"));

test("a field that is emptied is taken away", () => {
  const rule: Change = { types: ["stockout"], close: 2, stores: ["a"] };
  expect(put(rule, "close", undefined)).toEqual({ types: ["stockout"], stores: ["a"] });
  expect(put(rule, "stores", [])).toEqual({ types: ["stockout"], close: 2 });
  expect(rule.close).toBe(2);
});

test("lists are read as people type them", () => expect(toList(" a, b；c，d  e ".replace("；", ";"))).toEqual(["a", "b;c", "d", "e"]));

test("severity by money is a map in a line", () =>
  expect(toYaml({ version: 1, rules: [{ types: ["stockout"], severity_by_loss: { currency: "CNY", critical: 5000, warning: 1000 } }] })).toBe('version: 1\nrules:\n- types: [stockout]\n  severity_by_loss: {currency: "CNY", critical: 5000, warning: 1000}\n'));
