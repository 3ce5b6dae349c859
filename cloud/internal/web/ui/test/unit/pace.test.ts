import { expect, test } from "vitest";
import { Pace } from "../../src/live/pace";

/** A clock that a test moves, with one timer on it. */
function stage(gap: number, spread = 0) {
  const s = { now: 0, turns: [] as number[], timer: null as null | { at: number; run: () => void } };
  const pace = new Pace({
    gap,
    spread,
    run: () => s.turns.push(s.now),
    now: () => s.now,
    random: () => 0.5,
    setTimeout: (run, ms) => (s.timer = { at: s.now + ms, run }),
    clearTimeout: (t) => {
      if (t === s.timer) s.timer = null;
    },
  });
  const pass = (ms: number) => {
    const until = s.now + ms;
    while (s.timer && s.timer.at <= until) {
      const { at, run } = s.timer;
      s.timer = null;
      s.now = at;
      run();
    }
    s.now = until;
  };
  return { pace, s, pass };
}

test("a hint is followed soon, and many of them at the pace", () => {
  const { pace, s, pass } = stage(10_000);
  pass(60_000);
  for (let i = 1; i <= 60; i++) {
    pace.hint(i);
    pass(1000);
  }
  pass(60_000);
  // The last one is for what was hinted at after the turn before it.
  expect(s.turns).toEqual([60_000, 70_000, 80_000, 90_000, 100_000, 110_000, 120_000]);
});

test("the same mark again is no news", () => {
  const { pace, s, pass } = stage(1000);
  pace.hint(7);
  pass(5000);
  pace.hint(7);
  pass(5000);
  expect(s.turns).toEqual([1000]);
});

test("nobody looks: nothing is asked for until somebody does", () => {
  const { pace, s, pass } = stage(1000);
  pace.look(false);
  pace.hint(1);
  pass(60_000);
  expect(s.turns).toEqual([]);
  pace.look(true);
  pass(0);
  expect(s.turns).toEqual([60_000]);
});

test("pages that hear the same hint do not all ask at once", () => {
  const { pace, s, pass } = stage(1000, 800);
  pass(60_000);
  pace.hint(1);
  pass(5000);
  expect(s.turns).toEqual([60_400]);
});

test("stopped, it asks for nothing more", () => {
  const { pace, s, pass } = stage(1000);
  pace.hint(1);
  pace.stop();
  pass(5000);
  pace.hint(2);
  pass(5000);
  expect(s.turns).toEqual([]);
});
