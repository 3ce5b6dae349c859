// What needs a person first. Pure, so that the order on the screen can be tested.

import type { Alert, Cooler, CoolerStatus, Measured, Severity, SlotState } from "../types";
import { SLOT_STATES } from "../types";

const SEVERITY: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };

/** Whether people are not to be told of an alert. */
export const isMuted = (a: Alert, now: number) => a.muted != null && Date.parse(a.muted.until) > now;

/** Alerts that a person can act on, the worst and longest-standing first; muted ones later, acknowledged ones last. */
export function rankAlerts(alerts: Iterable<Alert>, now: number): Alert[] {
  const list: Alert[] = [];
  for (const a of alerts) if (a.state === "open" || a.state === "acknowledged") list.push(a);
  return list.sort(
    (a, b) =>
      Number(a.state === "acknowledged") - Number(b.state === "acknowledged") ||
      Number(isMuted(a, now)) - Number(isMuted(b, now)) ||
      SEVERITY[a.severity] - SEVERITY[b.severity] ||
      byLoss(a, b) ||
      Date.parse(a.opened_at) - Date.parse(b.opened_at) ||
      (a.id < b.id ? -1 : 1),
  );
}

// Currencies are not compared; an alert whose loss is not known comes after those whose is.
function byLoss(a: Alert, b: Alert): number {
  if (a.loss && b.loss) return a.loss.currency === b.loss.currency ? b.loss.minor_per_hour - a.loss.minor_per_hour : 0;
  return Number(!a.loss) - Number(!b.loss);
}

// A cooler that does not report hides its trouble, so it ranks with the worst. One that was never
// seen is being set up: it can wait.
const STATUS: Record<CoolerStatus, number> = { online: 0, degraded: 60, offline: 400, never_seen: -1 };

/** How much trouble a cooler is in: larger is worse, only the order matters. */
export function trouble(c: Cooler): number {
  const { empty, foreign, misplaced, low, unknown } = c.slots;
  return STATUS[c.status] + 100 * c.open_alerts + 50 * empty + 20 * foreign + 12 * misplaced + 5 * low + 3 * unknown;
}

/** Coolers, the most troubled first, then by name. */
export function rankCoolers(coolers: Iterable<Cooler>): Cooler[] {
  return [...coolers].sort((a, b) => trouble(b) - trouble(a) || (a.name || a.device).localeCompare(b.name || b.device));
}

export interface Totals {
  alerts: { open: number; acknowledged: number; critical: number };
  /** What stockouts that are not over lose an hour, by currency, the largest first; for how many of them it is known. */
  losing: { amounts: { currency: string; minor: number }[]; known: number; all: number };
  coolers: { all: number; online: number; degraded: number; offline: number; neverSeen: number };
  slots: { all: number; empty: number; unknown: number };
  /** Slots with an empty reading, and how many coolers have one. */
  emptyIn: number;
  /** On-shelf availability of the fleet: coolers weigh by their slots, and by what was seen of them. */
  osa: { value: number | null; coverage: number };
}

/** The figures of the whole fleet. */
export function totals(alerts: Iterable<Alert>, coolers: Iterable<Cooler>): Totals {
  const t: Totals = {
    alerts: { open: 0, acknowledged: 0, critical: 0 },
    losing: { amounts: [], known: 0, all: 0 },
    coolers: { all: 0, online: 0, degraded: 0, offline: 0, neverSeen: 0 },
    slots: { all: 0, empty: 0, unknown: 0 },
    emptyIn: 0,
    osa: { value: null, coverage: 0 },
  };
  const losing = new Map<string, number>();
  for (const a of alerts) {
    if (a.type === "stockout" && (a.state === "open" || a.state === "acknowledged")) {
      t.losing.all++;
      if (a.loss) {
        t.losing.known++;
        losing.set(a.loss.currency, (losing.get(a.loss.currency) ?? 0) + a.loss.minor_per_hour);
      }
    }
    if (a.state === "open") t.alerts.open++;
    if (a.state === "acknowledged") t.alerts.acknowledged++;
    if (a.state === "open" && a.severity === "critical") t.alerts.critical++;
  }
  t.losing.amounts = [...losing].map(([currency, minor]) => ({ currency, minor })).sort((a, b) => b.minor - a.minor);
  let seen = 0;
  let onShelf = 0;
  for (const c of coolers) {
    t.coolers.all++;
    if (c.status === "never_seen") t.coolers.neverSeen++;
    else t.coolers[c.status]++;
    const all = slotCount(c);
    const slots = slotsNow(c);
    const osa = osaNow(c);
    t.slots.all += all;
    t.slots.empty += slots.empty;
    t.slots.unknown += slots.unknown;
    if (slots.empty > 0) t.emptyIn++;
    if (osa.value !== null) {
      seen += all * osa.coverage;
      onShelf += all * osa.coverage * osa.value;
    }
  }
  if (seen > 0) t.osa = { value: onShelf / seen, coverage: seen / t.slots.all };
  return t;
}

/** Whether nothing is heard of a cooler: what its shelves hold now is not known, whatever they held. */
export const gone = (c: Cooler) => c.status === "offline" || c.status === "never_seen";

/** A cooler's slots by what can be said of them now: of one that is silent, nothing. */
export function slotsNow(c: Cooler): Record<SlotState, number> {
  if (!gone(c)) return c.slots;
  return { ok: 0, low: 0, empty: 0, misplaced: 0, foreign: 0, unknown: slotCount(c) };
}

/** A cooler's availability now: of one that is silent there is none. */
export function osaNow(c: Cooler): Measured {
  return gone(c) ? { value: null, coverage: 0 } : c.osa;
}

/** How much the page can see: nothing because nobody reports, nothing although somebody does, a part, or all. */
export type Sight = "silent" | "unjudged" | "part" | "all";

/** What the figures rest on. */
export function sight(t: Totals): Sight {
  if (t.coolers.online + t.coolers.degraded === 0) return "silent";
  if (t.slots.all === t.slots.unknown) return "unjudged";
  return t.slots.unknown > 0 || t.coolers.offline > 0 ? "part" : "all";
}

/** How many slots a cooler has. */
export function slotCount(c: Cooler): number {
  return SLOT_STATES.reduce((n, s) => n + c.slots[s], 0);
}

/** How long a new alert stands on top, whatever else waits: it must be seen that it came. */
export const FRESH_MS = 60_000;
const FRESH_SHOWN = 5;

/** The ranked alerts with those on top that have just come, newest first. */
export function withNews(ranked: readonly Alert[], arrived: readonly { id: string; at: number }[], now: number): { list: Alert[]; fresh: ReadonlySet<string> } {
  const recent = arrived.filter((a) => now - a.at < FRESH_MS);
  const fresh = new Set(recent.map((a) => a.id));
  if (fresh.size === 0) return { list: [...ranked], fresh };
  const byId = new Map(ranked.filter((a) => fresh.has(a.id)).map((a) => [a.id, a]));
  const top = recent.map((a) => byId.get(a.id)).filter((a) => a !== undefined).slice(0, FRESH_SHOWN);
  const pinned = new Set(top.map((a) => a.id));
  return { list: [...top, ...ranked.filter((a) => !pinned.has(a.id))], fresh };
}
