// What a KPI page asks: which part of the trade, which time, compared with what, divided by what. All of
// it stands in the address, so that a view can be sent on. Pure.

export const SCOPES = ["region", "store", "brand", "category", "sku"] as const;
export type ScopeKey = (typeof SCOPES)[number];
export type Scope = Partial<Record<ScopeKey, string>>;

export const BYS = ["store", "region", "brand", "sku", "cooler"] as const;
export type By = (typeof BYS)[number];

export const DAYS = [1, 7, 28, 91] as const;
export const COMPARES = ["previous", "year", ""] as const;

export interface Question {
  scope: Scope;
  by: By;
  /** The last so many days, or the days from and to (both whole, 2026-03-02). */
  days: number;
  from?: string;
  to?: string;
  compare: (typeof COMPARES)[number];
}

const DAY_MS = 86_400_000;
const DATE = /^\d{4}-\d\d-\d\d$/;

export function parse(search: string): Question {
  const q = new URLSearchParams(search);
  const scope: Scope = {};
  for (const k of SCOPES) {
    const v = q.get(k);
    if (v !== null) scope[k] = v;
  }
  const days = Number(q.get("days"));
  const compare = q.get("compare") ?? "previous";
  const [from, to] = [q.get("from") ?? "", q.get("to") ?? ""];
  const own = DATE.test(from) && DATE.test(to) && from <= to;
  return {
    scope,
    by: BYS.find((b) => b === q.get("by")) ?? firstBy(scope),
    days: DAYS.find((d) => d === days) ?? 7,
    ...(own ? { from, to } : {}),
    compare: COMPARES.find((c) => c === compare) ?? "previous",
  };
}

/** What one looks at first within a scope. */
export function firstBy(scope: Scope): By {
  if (scope.store !== undefined) return scope.sku === undefined ? "sku" : "cooler";
  return "store";
}

/** The address of a question: only what differs from what is taken without it. */
export function address(q: Question): string {
  const p = new URLSearchParams();
  for (const k of SCOPES) if (q.scope[k] !== undefined) p.set(k, q.scope[k]);
  if (q.by !== firstBy(q.scope)) p.set("by", q.by);
  if (q.from && q.to) {
    p.set("from", q.from);
    p.set("to", q.to);
  } else if (q.days !== 7) p.set("days", String(q.days));
  if (q.compare !== "previous") p.set("compare", q.compare);
  const s = p.toString();
  return s ? `/kpis?${s}` : "/kpis";
}

/** The question a row leads to, or null where it cannot be divided further. */
export function into(q: Question, key: ScopeKey, value: string): Question {
  const scope = { ...q.scope, [key]: value };
  return { ...q, scope, by: firstBy(scope) };
}

/** The span of time: whole days of the viewer's clock where they are given, else until now. */
export function span(q: Question, now: number): { from: number; to: number } {
  if (q.from && q.to) return { from: new Date(`${q.from}T00:00:00`).getTime(), to: Math.min(now, new Date(`${q.to}T00:00:00`).getTime() + DAY_MS) };
  return { from: now - q.days * DAY_MS, to: now };
}

const PARAMS: Record<ScopeKey, string> = { region: "regions", store: "stores", brand: "brands", category: "categories", sku: "skus" };

export interface Ask {
  by?: string;
  compare?: string;
  format?: "csv" | "xlsx";
}

/** The query of /v1/kpis/…; coolers are ranked as wholes, so they take less of it. */
export function params(q: Question, at: { from: number; to: number }, ask: Ask, keys: readonly ScopeKey[] = SCOPES): string {
  const p = new URLSearchParams({ from: new Date(at.from).toISOString(), to: new Date(at.to).toISOString() });
  for (const k of keys) if (q.scope[k] !== undefined) p.set(PARAMS[k], q.scope[k]);
  for (const [k, v] of Object.entries(ask)) if (v) p.set(k, v);
  return p.toString();
}
