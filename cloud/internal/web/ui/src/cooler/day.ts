// All looks of a stretch of time, however many pages the service gives them in.

import type { PastObservation } from "../types";
import { byTime } from "./strips";

/** As many as one answer holds; the service gives 5000 at most. */
export const PAGE = 1000;

type Ask = (q: { from: string; to: string; limit: number }) => Promise<{ observations: PastObservation[] | null }>;

/** Every look in [from, to), ms, by time. The service gives the latest of a range: the next page ends where the last began. */
export async function allLooks(ask: Ask, from: number, to: number): Promise<PastObservation[]> {
  const looks = new Map<string, PastObservation>();
  for (let end = to; ; ) {
    const { observations } = await ask({ from: new Date(from).toISOString(), to: new Date(end).toISOString(), limit: PAGE });
    const page = observations ?? [];
    const had = looks.size;
    for (const o of page) looks.set(`${o.boot} ${o.seq}`, o);
    // The end is exclusive and a look of the same moment may stand on the next page: one millisecond is asked for twice.
    const next = Math.min(...page.map((o) => Date.parse(o.captured_at))) + 1;
    if (page.length < PAGE || looks.size === had || next >= end) return byTime([...looks.values()]);
    end = next;
  }
}
