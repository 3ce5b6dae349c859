// The KPIs that tables and tiles show: how each is read from its figures, how it is written, and which
// way is better. Definitions are in the texts under kpidef.*; docs/kpis.md is their source.

import { count, type Lang, money, NONE } from "../format";
import type { Measured } from "../types";
import type { ByCause, Money } from "./answers";

/** A KPI's value: with the share it was observed on where that is known, and its interval where it is estimated. */
export interface Value {
  value: number | null;
  coverage?: number;
  low?: number | null;
  high?: number | null;
  /** Of money; amounts in several currencies are never added. */
  currency?: string;
  more?: Money[];
  /** Of what is lost: why. */
  causes?: ByCause;
}

export type Unit = "share" | "count" | "money" | "hours" | "index" | "rank";

export interface Kpi {
  id: KpiId;
  unit: Unit;
  /** 1: more is better, -1: less is better, 0: neither. */
  better: 1 | -1 | 0;
}

export const KPIS = {
  score: { unit: "share", better: 1 },
  osa: { unit: "share", better: 1 },
  oos: { unit: "share", better: -1 },
  facings: { unit: "share", better: 1 },
  order: { unit: "share", better: 1 },
  share_of_shelf: { unit: "share", better: 1 },
  share_of_units: { unit: "share", better: 1 },
  index: { unit: "index", better: 0 },
  units: { unit: "count", better: 1 },
  revenue: { unit: "money", better: 1 },
  out_hours: { unit: "hours", better: -1 },
  lost_units: { unit: "count", better: -1 },
  lost_money: { unit: "money", better: -1 },
  conversion: { unit: "share", better: 1 },
  openings: { unit: "count", better: 0 },
} as const satisfies Record<string, { unit: Unit; better: 1 | -1 | 0 }>;

export type KpiId = keyof typeof KPIS;

export const measured = (m: Measured | null | undefined): Value => ({ value: m?.value ?? null, coverage: m?.coverage ?? 0 });

/** An amount; where there are several currencies the largest stands first. */
export function amount(list: readonly (Money & { low?: number; high?: number })[] | null | undefined): Value {
  const [first, ...more] = [...(list ?? [])].sort((a, b) => b.minor - a.minor);
  if (!first) return { value: null };
  const { low, high } = first;
  return { value: first.minor, currency: first.currency, ...(more.length > 0 ? { more } : {}), ...(low !== undefined && high !== undefined ? { low, high } : {}) };
}

/** The parts of what is lost, the largest first; none where nothing is. */
export function byCause(of: ByCause | undefined): { cause: keyof ByCause; share: number }[] {
  const all = of ? of.shelf + of.store + of.unknown : 0;
  if (!of || all <= 0) return [];
  return (["shelf", "store", "unknown"] as const).map((cause) => ({ cause, share: of[cause] / all })).filter((c) => c.share > 0).sort((a, b) => b.share - a.share);
}

const LOCALE: Record<Lang, string> = { en: "en-GB", zh: "zh-CN" };

const fixed = (n: number, digits: number, lang: Lang) => new Intl.NumberFormat(LOCALE[lang], { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(n);

export function write(unit: Unit, v: Value, lang: Lang): string {
  if (v.value === null) return NONE;
  switch (unit) {
    case "share":
      return `${fixed(v.value * 100, 1, lang)}%`;
    case "money":
      return [{ minor: v.value, currency: v.currency ?? "" }, ...(v.more ?? [])].map((m) => money(m.minor, m.currency, lang)).join(" · ");
    case "hours":
      return `${fixed(v.value, v.value < 10 ? 1 : 0, lang)} h`;
    case "index":
      return fixed(v.value, 2, lang);
    case "rank":
      return String(v.value);
    case "count":
      return Number.isInteger(v.value) || v.value >= 100 ? count(Math.round(v.value), lang) : fixed(v.value, 1, lang);
  }
}

/** Written interval of an estimate, "" where there is none. */
export function interval(unit: Unit, v: Value, lang: Lang): string {
  if (v.low == null || v.high == null || v.value === null) return "";
  return `${write(unit, { ...v, value: v.low, more: [] }, lang)} – ${write(unit, { ...v, value: v.high, more: [] }, lang)}`;
}

export interface Delta {
  text: string;
  /** Whether it is good, bad or neither. */
  tone: "good" | "bad" | "none";
  up: boolean;
}

/** What became of a KPI: percentage points of a share, per cent of anything else; null where either is not known. */
export function delta(unit: Unit, better: number, now: Value, before: Value | null | undefined, lang: Lang): Delta | null {
  if (!before || now.value === null || before.value === null || now.currency !== before.currency) return null;
  const d = now.value - before.value;
  let text: string;
  if (unit === "share") text = `${fixed(Math.abs(d) * 100, 1, lang)} pp`;
  else if (unit === "index") text = fixed(Math.abs(d), 2, lang);
  else if (before.value === 0) return null;
  else text = `${fixed((Math.abs(d) / Math.abs(before.value)) * 100, 0, lang)}%`;
  const none = !/[1-9]/.test(text);
  return { text, up: d > 0, tone: none || better === 0 ? "none" : d * better > 0 ? "good" : "bad" };
}
