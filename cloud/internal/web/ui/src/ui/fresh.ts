// Figures that the service has to work out are asked for again when the stream says that they may have changed.

import { computed, effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Pace } from "../live/pace";
import { figuresMark, looked, now } from "../store";

const SPREAD_MS = 1000;

/**
 * A number for useLoad: another one when there may be something new, at most once in `gap` ms. With `every` also at
 * least that often, for what the stream does not tell of; an hour ends on the hour.
 */
export function useFresh(gap: number, every = 0): number {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const pace = new Pace({
      gap,
      spread: SPREAD_MS,
      run: () => setTurn((n) => n + 1),
      now: Date.now,
      random: Math.random,
      setTimeout: (run, ms) => setTimeout(run, ms),
      clearTimeout: (id) => clearTimeout(id as number),
    });
    const stretch = computed(() => (every > 0 ? Math.floor(now.value / every) : 0));
    const state = computed(() => `${figuresMark.value} ${stretch.value}`);
    let hints = 0; // what was loaded just now rests on the first
    const stops = [effect(() => void (state.value && pace.hint(hints++))), effect(() => pace.look(looked.value)), () => pace.stop()];
    return () => stops.forEach((stop) => stop());
  }, [gap, every]);
  return turn;
}

/** Orders and stock: decided about and moved by others. */
export const useTradeFresh = () => useFresh(15_000, 60_000);
/** Figures of whole days: nine questions a page. */
export const useFiguresFresh = () => useFresh(30_000, 3_600_000);
