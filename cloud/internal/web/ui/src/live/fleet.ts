// The page's picture of the fleet, and the pure steps that change it. Every step is idempotent: an
// event that comes twice, late or out of order changes nothing twice, because an alert only ever goes
// to a higher revision and a cooler's row only to a later sighting.

import type { Alert, AlertEvent, Cooler } from "../types";

export interface Fleet {
  /** Position in the alert log up to which this picture holds; "" before the first snapshot. */
  readonly cursor: string;
  readonly coolers: ReadonlyMap<string, Cooler>;
  /** Alerts that are not resolved, by id. */
  readonly alerts: ReadonlyMap<string, Alert>;
  /** The last alerts seen to resolve, newest first. */
  readonly resolved: readonly Alert[];
  /** Alerts that opened while the page watched, and when they came (ms); newest first. */
  readonly arrived: readonly Arrival[];
}

export interface Arrival {
  readonly id: string;
  readonly at: number;
}

/** Bounds of what a page that is open all day keeps. */
export const KEEP_RESOLVED = 100;
export const KEEP_ARRIVED = 100;

export const emptyFleet: Fleet = { cursor: "", coolers: new Map(), alerts: new Map(), resolved: [], arrived: [] };

/** Whether log position a is later than b. Positions are decimal and may exceed 2^53. */
export function isLater(a: string, b: string): boolean {
  const x = a.replace(/^0+(?=\d)/, "");
  const y = b.replace(/^0+(?=\d)/, "");
  return x.length !== y.length ? x.length > y.length : x > y;
}

const later = (a: string, b: string) => (isLater(a, b) ? a : b);

/** A snapshot replaces everything but what the page remembers of the past. */
export function applySnapshot(fleet: Fleet, cursor: string, alerts: readonly Alert[], coolers: readonly Cooler[]): Fleet {
  const open = alerts.filter((a) => a.state !== "resolved");
  const ids = new Set(open.map((a) => a.id));
  return {
    cursor,
    coolers: new Map(coolers.map((c) => [c.device, c])),
    alerts: new Map(open.map((a) => [a.id, a])),
    resolved: fleet.resolved.filter((a) => !ids.has(a.id)),
    arrived: fleet.arrived.filter((a) => ids.has(a.id)),
  };
}

/** Changes since the cursor, that came at `now` (ms). */
export function applyChanges(fleet: Fleet, cursor: string, events: readonly AlertEvent[], coolers: readonly Cooler[], now: number): Fleet {
  let next = applyCoolers(fleet, coolers);
  for (const event of events) next = applyAlert(next, event.data, event.type.endsWith(".opened") ? now : undefined);
  return { ...next, cursor: later(cursor, fleet.cursor) };
}

/** Rows of coolers, from the stream or from REST after an interruption. */
export function applyCoolers(fleet: Fleet, rows: readonly Cooler[]): Fleet {
  if (rows.length === 0) return fleet;
  const coolers = new Map(fleet.coolers);
  for (const row of rows) {
    const known = coolers.get(row.device);
    if (known && seen(row) < seen(known)) continue;
    coolers.set(row.device, row);
  }
  return { ...fleet, coolers };
}

const seen = (c: Cooler) => (c.last_seen ? Date.parse(c.last_seen) : 0);

/** One alert at one revision, from an event or from the answer to an acknowledgement; `opened` is when it came, if that is news. */
export function applyAlert(fleet: Fleet, alert: Alert, opened?: number): Fleet {
  const known = fleet.alerts.get(alert.id) ?? fleet.resolved.find((a) => a.id === alert.id);
  if (known && known.revision >= alert.revision) return fleet;

  const alerts = new Map(fleet.alerts);
  let { resolved, arrived } = fleet;
  if (known?.state === "resolved") resolved = resolved.filter((a) => a.id !== alert.id);
  if (alert.state === "resolved") {
    alerts.delete(alert.id);
    resolved = [alert, ...resolved].slice(0, KEEP_RESOLVED);
    arrived = arrived.filter((a) => a.id !== alert.id);
  } else {
    alerts.set(alert.id, alert);
    if (opened !== undefined && !known) arrived = [{ id: alert.id, at: opened }, ...arrived].slice(0, KEEP_ARRIVED);
  }
  return { ...fleet, alerts, resolved, arrived };
}
