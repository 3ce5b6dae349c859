import { expect, test } from "vitest";
import { allLooks, PAGE } from "../../src/cooler/day";
import type { PastObservation } from "../../src/types";

const MIDNIGHT = Date.parse("2026-11-22T00:00:00Z");

/** Answers as the service does: the latest of the range, its end exclusive, in the order of their time. */
const service = (looks: readonly PastObservation[]) => {
  let asked = 0;
  return {
    asked: () => asked,
    ask: (q: { from: string; to: string; limit: number }) => {
      asked++;
      const within = looks.filter((o) => Date.parse(o.captured_at) >= Date.parse(q.from) && Date.parse(o.captured_at) < Date.parse(q.to));
      return Promise.resolve({ observations: within.slice(-q.limit) });
    },
  };
};

const look = (seq: number, ms: number): PastObservation => ({ captured_at: new Date(ms).toISOString(), boot: 1, seq, slots: [] });

test("a day of a look every half minute is had whole, two of one moment on the border of pages too", async () => {
  const looks = Array.from({ length: 2880 }, (_, i) => look(i, MIDNIGHT + i * 30_000));
  looks[2880 - PAGE - 1]!.captured_at = looks[2880 - PAGE]!.captured_at;
  const s = service(looks);
  const got = await allLooks(s.ask, MIDNIGHT, MIDNIGHT + 86_400_000);
  expect(got.map((o) => o.seq)).toEqual(looks.map((o) => o.seq));
  expect(s.asked()).toBe(3);
});

test("a page of one moment ends the asking", async () => {
  const s = service(Array.from({ length: PAGE + 5 }, (_, i) => look(i, MIDNIGHT)));
  expect(await allLooks(s.ask, MIDNIGHT, MIDNIGHT + 1000)).toHaveLength(PAGE);
  expect(s.asked()).toBe(2);
});
