// A file of alert rules as the form edits it, and as YAML. Pure.

import type { Severity } from "../types";

export const TYPES = ["stockout", "low_stock", "misplaced", "foreign_product", "planogram_drift", "camera_blocked", "camera_fogged", "camera_shifted", "camera_impaired", "camera_lost", "door_ajar", "door_busy", "door_unused", "no_footfall", "cold_chain", "power_lost", "cooler_moved", "phantom_inventory", "sales_without_shelf", "cooler_offline"] as const;

/** What an entry applies to: every list that is not empty must match. */
export interface Scope {
  types?: string[];
  tenants?: string[];
  stores?: string[];
  devices?: string[];
  gtins?: string[];
  regions?: string[];
  channels?: string[];
  store_classes?: string[];
  cooler_models?: string[];
}

/** One rule: what it leaves out stays as it was. */
export interface Change extends Scope {
  enabled?: boolean;
  open?: { bad: number; of: number };
  close?: number;
  hold?: string;
  severity?: Severity;
  limit_c?: number;
  hysteresis_c?: number;
  door_explains?: number;
  share?: number;
  openings?: number;
  severity_by_loss?: ByLoss;
}

/** Severity by the money lost an hour, in minor units, where that is known; empty: not here. */
export interface ByLoss {
  currency?: string;
  critical?: number;
  warning?: number;
  hysteresis?: number;
}

/** A time at which nothing is counted: once, or each day. */
export interface Quiet extends Scope {
  from?: string;
  to?: string;
  daily?: string;
  tz?: string;
  /** While the store is closed by its own opening hours. */
  outside_hours?: boolean;
}

/** Somebody, or a channel, that holds a role for a scope. */
export interface Recipient extends Scope {
  role: string;
  name?: string;
  format: string;
  url?: string;
  robot_secret?: string;
  secret?: string;
}

/** What roles are told. */
export interface Notify extends Scope {
  roles: string[];
  severities?: Severity[];
  send?: string;
  at?: string;
  escalate?: Step[];
}

/** Whom else, where nobody has acknowledged for so long. */
export interface Step {
  after: string;
  roles: string[];
}

export interface Book {
  version: number;
  /** Time zone of whatever says none. */
  tz?: string;
  rules?: Change[] | null;
  mute?: Quiet[] | null;
  recipients?: Recipient[] | null;
  notify?: Notify[] | null;
}

export interface RulesInForce {
  /** Of the tenant's own; 0: it has none, those of the service are in force. */
  version: number;
  changed_by?: string;
  changed_at: string | null;
  /** Those of the service are not ours to see. */
  hidden: boolean;
  revision: string;
  text: string;
  book: Book;
  defaults: Record<string, Change>;
}

/** Who changed the rules, and when. */
export interface RuleVersion {
  version: number;
  changed_by?: string;
  changed_at: string;
}

export interface DryRun {
  from: string;
  to: string;
  coolers: number;
  messages: number;
  types: { type: string; in_force: number; file: number }[];
  severities?: { severity: Severity; in_force: number; file: number }[];
  alerts: { type: string; store: string; device: string; slot?: string; opened_at: string; ended_at: string | null }[];
}

/** The book as a file that people can read and comment. */
export function toYaml(book: Book): string {
  const { version, rules: _rules, mute: _mute, recipients: _recipients, notify: _notify, ...others } = book;
  const lines = [`version: ${version}`, ...Object.entries(others).map(([k, v]) => `${k}: ${scalar(v)}`)];
  for (const [name, list] of [
    ["rules", book.rules ?? []],
    ["mute", book.mute ?? []],
    ["recipients", book.recipients ?? []],
    ["notify", book.notify ?? []],
  ] as const) {
    if (list.length > 0) lines.push(`${name}:`);
    for (const entry of list) {
      Object.entries(entry)
        .filter(([, v]) => v !== undefined && !(Array.isArray(v) && v.length === 0))
        .forEach(([k, v], i) => lines.push(`${i === 0 ? "- " : "  "}${k}: ${scalar(v)}`));
    }
  }
  return `${lines.join("\n")}\n`;
}

// What could be read as a number, a time or a word of YAML's own is quoted; JSON's quotes are YAML's.
function scalar(v: unknown): string {
  if (Array.isArray(v)) return `[${v.map(scalar).join(", ")}]`;
  if (v !== null && typeof v === "object") return `{${Object.entries(v).map(([k, x]) => `${k}: ${scalar(x)}`).join(", ")}}`;
  if (typeof v !== "string") return String(v);
  return /^[a-z][a-z_]*$/.test(v) && !/^(true|false|yes|no|on|off|null|y|n)$/.test(v) ? v : JSON.stringify(v);
}

/** "a, b c" as a list without empty parts. */
export function toList(text: string): string[] {
  return text.split(/[\s,，、]+/).filter(Boolean);
}

/** Sets a field; undefined, an empty text and an empty list take it away. */
export function put<T extends object, K extends keyof T>(entry: T, key: K, value: T[K] | undefined | ""): T {
  const next = { ...entry };
  if (value === undefined || value === "" || (Array.isArray(value) && value.length === 0)) delete next[key];
  else next[key] = value as T[K];
  return next;
}
