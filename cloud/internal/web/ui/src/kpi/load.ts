// Asks for what a KPI page shows.

import { api } from "../api";
import type { Answer, Availability, Outlet, RankedCooler, Sales, Shares } from "./answers";
import { type Ask, params, type Question, type ScopeKey } from "./query";
import { type Figures, fromAvailability, fromCooler, fromOutlet, fromSales, fromShares, joined, rowsOf, type TableRow } from "./rows";
import type { KpiId } from "./defs";

export interface Span {
  from: number;
  to: number;
}

const COOLER_KEYS: readonly ScopeKey[] = ["store", "region"];

/** The file of a table, as the service writes it. */
export function exportAddress(q: Question, at: Span, format: "csv" | "xlsx"): string {
  const compare = q.compare;
  switch (q.by) {
    case "store":
      return `/v1/kpis/outlets?${params(q, at, { compare, format })}`;
    case "cooler":
      return `/v1/kpis/coolers?${params(q, at, { format }, COOLER_KEYS)}`;
    default:
      return `/v1/kpis/availability?${params(q, at, { by: q.by, compare, format })}`;
  }
}

/** Columns of a table, by what it is divided by. */
export function columns(q: Question): KpiId[] {
  switch (q.by) {
    case "store":
      return ["score", "osa", "facings", "order", "share_of_shelf", "units", "revenue", "lost_units", "lost_money", "conversion"];
    case "cooler":
      return ["score", "osa", "facings", "order", "openings", "units", "lost_units", "lost_money"];
    case "region":
      return ["osa", "facings", "out_hours", "units", "revenue", "lost_units", "lost_money"];
    default:
      return ["osa", "facings", "out_hours", "share_of_shelf", "share_of_units", "index", "units", "revenue", "lost_units", "lost_money"];
  }
}

const ask = <T>(what: string, q: Question, at: Span, more: Ask, signal: AbortSignal, keys?: readonly ScopeKey[]) => api.kpi<Answer<T>>(what, params(q, at, more, keys), signal);

export async function table(q: Question, at: Span, signal: AbortSignal): Promise<TableRow[]> {
  const { by, compare } = q;
  if (by === "store") return rowsOf(await ask<Outlet>("outlets", q, at, { compare }, signal), fromOutlet);
  if (by === "cooler") return rowsOf(await ask<RankedCooler>("coolers", q, at, {}, signal, COOLER_KEYS), fromCooler);
  const [availability, sales, shares] = await Promise.all([
    ask<Availability>("availability", q, at, { by, compare }, signal),
    ask<Sales>("sales", q, at, { by, compare }, signal),
    by === "region" ? null : ask<Shares>("shares", whole(q), at, { by, compare }, signal),
  ]);
  const rows = joined(rowsOf(availability, fromAvailability), rowsOf(sales, fromSales));
  if (!shares) return rows;
  const asked = new Set(rows.map((r) => JSON.stringify(r.key)));
  return joined(rows, rowsOf(shares, fromShares).filter((r) => asked.has(JSON.stringify(r.key))));
}

/** A share is a part of the whole shelf: what the scope says of products must not narrow the whole. */
function whole(q: Question): Question {
  const { brand, sku, category, ...rest } = q.scope;
  return { ...q, scope: rest };
}

export interface Overview {
  /** The time that it is of. */
  at: Span;
  total: TableRow | null;
  coverage: number;
  compared: Answer<unknown>["compared"];
  trend: Line;
  before: Line | null;
  week: Answer<Availability>;
  shares: TableRow[];
}

/** Availability over time, in days or hours from the beginning of its span. */
export interface Line {
  points: { at: number; value: number | null; coverage: number }[];
}

export async function overview(q: Question, at: Span, signal: AbortSignal): Promise<Overview> {
  const grain = at.to - at.from > 3 * 86_400_000 ? "day" : "hour";
  const was = earlier(q, at);
  const [availability, sales, now, before, week, shares] = await Promise.all([
    ask<Availability>("availability", q, at, { compare: q.compare }, signal),
    ask<Sales>("sales", q, at, { compare: q.compare }, signal),
    ask<Availability>("availability", q, at, { by: grain }, signal),
    was ? ask<Availability>("availability", q, was, { by: grain }, signal) : null,
    ask<Availability>("availability", q, at, { by: "weekday,hour_of_day" }, signal),
    ask<Shares>("shares", whole(q), at, { by: "brand" }, signal),
  ]);
  const [total] = joined(rowsOf(availability, fromAvailability), rowsOf(sales, fromSales));
  return {
    at,
    total: total ?? null,
    coverage: availability.coverage,
    compared: availability.compared,
    trend: line(now, grain),
    before: before && was && { points: line(before, grain).points.map((p) => ({ ...p, at: p.at + at.from - was.from })) },
    week,
    shares: rowsOf(shares, (f): Figures => fromShares(f)),
  };
}

const WEEK_MS = 7 * 86_400_000;

function earlier(q: Question, at: Span): Span | null {
  const by = q.compare === "previous" ? at.to - at.from : q.compare === "year" ? 52 * WEEK_MS : 0;
  return by > 0 ? { from: at.from - by, to: at.to - by } : null;
}

// A day is drawn at its noon on the viewer's clock: stores in other zones have the same day at other times.
function line(answer: Answer<Availability>, grain: "day" | "hour"): Line {
  const points = answer.rows.map((r) => ({
    at: grain === "day" ? new Date(`${r.key["day"]}T12:00:00`).getTime() : Date.parse(r.key["hour"] ?? ""),
    value: r.figures.osa.value,
    coverage: r.figures.osa.coverage,
  }));
  return { points: points.sort((a, b) => a.at - b.at) };
}
