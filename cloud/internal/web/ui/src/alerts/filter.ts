// What the inbox shows. Pure.

import type { Alert, AlertState, Severity } from "../types";

export interface Filter {
  state: Exclude<AlertState, "pending">;
  /** "" for any. */
  severity: Severity | "";
  /** "" for any. */
  type: string;
  store: string;
  /** Whose: a name, "" for anybody's, NOBODY for those that nobody has. */
  whose: string;
  text: string;
}

/** Stands where no name can: names are trimmed. */
export const NOBODY = " ";

export const noFilter: Filter = { state: "open", severity: "", type: "", store: "", whose: "", text: "" };

const STATES: readonly string[] = ["open", "acknowledged", "resolved"] satisfies Filter["state"][];
const SEVERITIES: readonly string[] = ["critical", "warning", "info"] satisfies Severity[];

/** The filter as an address has it, with its "?"; "" where nothing is filtered. */
export function toQuery(f: Filter): string {
  const q = new URLSearchParams();
  for (const key of Object.keys(noFilter) as (keyof Filter)[]) if (f[key] !== noFilter[key]) q.set(key, f[key] === NOBODY ? "-" : f[key]);
  const text = q.toString();
  return text && `?${text}`;
}

/** The filter that an address has; what is no state or severity filters nothing. */
export function fromQuery(search: string): Filter {
  const q = new URLSearchParams(search);
  const get = (key: keyof Filter) => q.get(key) ?? "";
  const state = STATES.includes(get("state")) ? get("state") : noFilter.state;
  const severity = SEVERITIES.includes(get("severity")) ? get("severity") : "";
  return { state: state as Filter["state"], severity: severity as Filter["severity"], type: get("type"), store: get("store"), whose: get("whose") === "-" ? NOBODY : get("whose"), text: get("text") };
}

/** Every word of the text must occur somewhere in the alert or in the words that go with it: names, and its type as the page says it. */
export function matches(a: Alert, f: Filter, names: (a: Alert) => string): boolean {
  if (a.state !== f.state) return false;
  if (f.severity && a.severity !== f.severity) return false;
  if (f.type && a.type !== f.type) return false;
  if (f.store && a.store !== f.store) return false;
  if (f.whose && (a.assigned?.to ?? NOBODY) !== f.whose) return false;
  const words = f.text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const p = a.product;
  const hay = [a.type, a.device, a.store, a.slot, a.gtin, a.assigned?.to, p?.name, p?.name_zh, p?.brand, names(a)].join(" ").toLocaleLowerCase();
  return words.every((w) => hay.includes(w));
}
