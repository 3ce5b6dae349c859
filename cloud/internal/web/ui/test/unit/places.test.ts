import { describe, expect, test } from "vitest";
import { inPlaces } from "../../src/ui/places";

describe("rows that are held in their places", () => {
  const id = (s: string) => s[0]!;
  test.each([
    ["keep them, whatever their figures became", ["b9", "a1"], ["a", "b"], ["a1", "b9"]],
    ["close up where one is gone", ["c", "a"], ["a", "b", "c"], ["a", "c"]],
    ["come after where they are new, in their own order", ["y", "b", "x", "a"], ["a", "b"], ["a", "b", "y", "x"]],
    ["have the order that they come in where none had a place", ["b", "a"], [], ["b", "a"]],
  ])("%s", (_what, rows, keys, want) => expect(inPlaces(rows, keys, id)).toEqual(want));
});
