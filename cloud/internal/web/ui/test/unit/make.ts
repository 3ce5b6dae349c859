// Alerts, coolers and events for tests: plain ones, and what is different about this one.

import type { Alert, AlertEvent, Cooler, SlotState } from "../../src/types";

export function alert(id: string, patch: Partial<Alert> = {}): Alert {
  return {
    id,
    type: "stockout",
    subject: "t/s/c/1-1",
    tenant: "t",
    store: "s",
    device: "c",
    slot: "1-1",
    severity: "critical",
    state: "open",
    opened_at: "2026-11-22T10:00:00Z",
    revision: 1,
    ...patch,
  };
}

export function event(sequence: string, kind: string, data: Alert): AlertEvent {
  return { id: `${data.id}.${data.revision}`, type: `org.coldshelf.alert.${kind}`, source: "/coldshelf/t/s/c", subject: data.subject, time: data.opened_at, sequence, data };
}

export function slots(patch: Partial<Record<SlotState, number>> = {}): Record<SlotState, number> {
  return { ok: 10, low: 0, empty: 0, misplaced: 0, foreign: 0, unknown: 0, ...patch };
}

export function cooler(device: string, patch: Partial<Cooler> = {}): Cooler {
  return { device, store: "s", name: device, status: "online", last_seen: "2026-11-22T10:00:00Z", slots: slots(), open_alerts: 0, osa: { value: 1, coverage: 1 }, temp_mc: 4000, door: "closed", ...patch };
}
