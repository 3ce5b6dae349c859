// Figures that the service has to work out are asked for again when the stream says that they may have changed.

import { effect } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Pace } from "../live/pace";
import { figuresMark, looked } from "../store";

const SPREAD_MS = 1000;

/** A number for the dependencies of useLoad: another one when there may be something new, at most once in `gap` ms. */
export function useFresh(gap: number): number {
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
    const stops = [effect(() => pace.hint(figuresMark.value)), effect(() => pace.look(looked.value)), () => pace.stop()];
    return () => stops.forEach((stop) => stop());
  }, [gap]);
  return turn;
}
