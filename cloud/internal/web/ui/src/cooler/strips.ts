// The day of each slot as stretches of one state, from a cooler's observations. Pure.

import type { Observation, PastObservation, SlotState } from "../types";

export interface Stretch {
  /** ms */
  from: number;
  to: number;
  state: SlotState;
}

/** An observation holds no longer than this: what came later is not known. */
export const HOLDS_MS = 45 * 60_000;

/** Stretches by slot. Each observation holds until the next, at most HOLDS_MS; the last until `until`. */
export function strips(observations: readonly PastObservation[], until: number): Map<string, Stretch[]> {
  const rows = new Map<string, Stretch[]>();
  const sorted = byTime(observations);
  sorted.forEach((o, i) => {
    const from = Date.parse(o.captured_at);
    const next = sorted[i + 1];
    const to = Math.min(next ? Date.parse(next.captured_at) : until, from + HOLDS_MS);
    for (const s of o.slots ?? []) {
      let row = rows.get(s.slot);
      if (!row) rows.set(s.slot, (row = []));
      const last = row.at(-1);
      if (last && last.state === s.state && last.to >= from) last.to = Math.max(last.to, to);
      else row.push({ from, to: Math.max(to, from), state: s.state });
    }
  });
  return rows;
}

export function byTime(observations: readonly PastObservation[]): PastObservation[] {
  return [...observations].sort((a, b) => Date.parse(a.captured_at) - Date.parse(b.captured_at) || a.boot - b.boot || a.seq - b.seq);
}

/** Index of the observation that holds at a time: the last before it, else the first. */
export function at(observations: readonly PastObservation[], ms: number): number {
  let found = 0;
  observations.forEach((o, i) => {
    if (Date.parse(o.captured_at) <= ms) found = i;
  });
  return found;
}

/**
 * A past look in the form of the newest one. The history keeps no boxes; as the camera has not moved, the slots
 * are drawn where the newest look has them.
 */
export function asObservation(past: PastObservation, newest: Observation): Observation {
  const place = new Map((newest.slots ?? []).map((s) => [s.slot, s]));
  const { width, height, model } = newest;
  return {
    captured_at: past.captured_at,
    width,
    height,
    model,
    quality: { sharpness: 0, brightness: 0, contrast: 0, clipped: 0 },
    facings: [],
    slots: (past.slots ?? []).map((s) => ({ ...s, shelf: place.get(s.slot)?.shelf ?? 0, box: place.get(s.slot)?.box ?? [0, 0, 0, 0] })),
    boot: past.boot,
    seq: past.seq,
  };
}
