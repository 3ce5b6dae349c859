// The last day of what the tiles show; and how many coolers were online since the page was opened, which nobody
// else remembers. The hours are asked for when the stream says that they changed; what is now comes by itself.

import { effect, signal } from "@preact/signals";
import { api } from "../api";
import type { Answer, Availability } from "../kpi/answers";
import { figures, now, ready } from "../store";
import { useLoad } from "../ui/async";
import { useFresh } from "../ui/fresh";
import { byHour, HOUR_MS, HOURS, type Line, openAt } from "./trend";

export interface Trends {
  alerts: Line;
  osa: Line;
  empty: Line;
  unseen: Line;
  lost: Line;
}

/** Hours that are over hardly change, and the last point of each line is that of the stream. */
const GAP_MS = 60_000;
const MOST = 1000;

export function useTrends(): Trends | undefined {
  const hour = Math.floor(now.value / HOUR_MS);
  const fresh = useFresh(GAP_MS);
  return useLoad((signal) => read((hour + 1) * HOUR_MS, signal), [hour, fresh]).data;
}

async function read(at: number, signal: AbortSignal): Promise<Trends> {
  const q = new URLSearchParams({ from: new Date(at - HOURS * HOUR_MS).toISOString(), to: new Date(at).toISOString(), by: "hour" });
  const [availability, alerts] = await Promise.all([api.kpi<Answer<Availability>>("availability", q.toString(), signal), api.alerts({ limit: MOST }, signal)]);
  const list = alerts.alerts ?? [];
  return {
    alerts: openAt(list, Date.now(), list.length === MOST),
    osa: byHour(availability, at - 1, (f) => f.osa.value),
    empty: byHour(availability, at - 1, (f) => f.oos.value),
    unseen: byHour(availability, at - 1, (f) => 1 - f.osa.coverage),
    // Only where all of it is in one currency: others are never added.
    lost: byHour(availability, at - 1, (f) => (f.lost_money?.length === 1 ? f.lost_money[0]!.minor : f.lost_units.value === 0 ? 0 : null)),
  };
}

/** Coolers online, a sample a minute since the page was opened; at most a day of them. */
export const online = signal<Line>([]);

let last = 0;
effect(() => {
  const at = now.value;
  if (!ready.value || at - last < 60_000) return;
  last = at;
  online.value = [...online.peek(), figures.peek().coolers.online].slice(-24 * 60);
});
