// Sales, stock, orders and promotions as the service speaks of them, and how they are asked for.

import { call, query } from "../api";
import type { Answer, Lift, Sales } from "../kpi/answers";
import type { Store } from "../types";
import type { ChannelLine } from "./channels";

export interface Problem {
  line: number;
  status: "parked" | "rejected";
  code: string;
  error: string;
  input: string;
  field?: string;
  hint?: string;
}

/** What became of an input, or would. */
export interface Report {
  dry_run: boolean;
  lines: number;
  stored: number;
  corrected: number;
  duplicate: number;
  late: number;
  parked: number;
  rejected: number;
  skipped: number;
  problems: Problem[] | null;
  /** The rejected lines as a file to be mended and sent again; absent where the file itself has to be. */
  mend?: string;
  /** From this line on nothing was read. */
  stopped_at?: number;
}

export interface Parked {
  code: string;
  missing: string;
  error: string;
  parked_at: string;
  line: Record<string, unknown> & { channel: string; order: string; line: string };
}

/** A movement of stock that waits for its product or store. */
export interface ParkedMovement {
  code: string;
  missing: string;
  error: string;
  parked_at: string;
  movement: Record<string, unknown> & { id: string; store: string; cause: "count" | "delivery" | "transfer_in" | "transfer_out" | "waste" | "adjustment" };
}

export interface Rejected {
  id: number;
  source: string;
  code: string;
  error: string;
  input: string;
  times: number;
  last_at: string;
  field?: string;
  hint?: string;
  /** The webhook that it came in, which can be read again. */
  message?: string;
}

/** An order that was cancelled before any line of it came. */
export interface Cancellation {
  channel: string;
  order: string;
  revision: number;
  parked_at: string;
}

/** What became of webhooks that were read again. */
export interface Reread {
  messages: number;
  taken: number;
  stored: number;
  corrected: number;
  duplicate: number;
  late: number;
  parked: number;
  rejected: number;
  skipped: number;
}

export interface Channel {
  channel: string;
  kind: "shopify" | "webhook" | "file" | "poslog";
}

export interface StockRow {
  store: string;
  gtin: string;
  on_hand: number | null;
  counted_at: string | null;
  reserved: number;
  free: number | null;
  shelf: "on_shelf" | "empty" | "unknown" | "not_due";
  facings: number;
  slots: number;
  slots_judged: number;
  verdict: Verdict;
  confidence: number;
  empty_since?: string;
  empty_open_minutes?: number;
}

/** Worst first. */
export const VERDICTS = ["phantom", "backroom_only", "book_short", "not_counted", "unknown", "agrees"] as const;
export type Verdict = (typeof VERDICTS)[number];

export interface Movement {
  id: string;
  store: string;
  gtin: string;
  cause: string;
  units: number;
  at: string;
  expected: number | null;
  after: number | null;
  place?: string;
  note?: string;
  channel?: string;
  order?: string;
  shrink?: number;
}

export interface Entered {
  id: string;
  store: string;
  gtin: string;
  cause: string;
  units: number;
  at: string;
  place?: string;
  note?: string;
}

export type SuggestionStatus = "suggested" | "approved" | "paused" | "sent" | "expired";

export interface Suggestion {
  id: string;
  store: string;
  gtin: string;
  name?: string;
  units_per_case: number;
  cases: number;
  cases_suggested: number;
  status: SuggestionStatus;
  order_by: string;
  delivery: string;
  next_delivery: string;
  stock: number;
  stock_source: "book" | "shelf";
  stock_at_delivery: number;
  demand: { mean: number; p10: number; p50: number; p90: number; lift: number; online: number };
  capped_by_cooler: boolean;
  over_capacity?: number;
  gain_minor: number;
  currency: string;
  gain_units: number;
  by?: string;
  note?: string;
  fault?: string;
  outcome?: { sold: number; out_hours: number; lost_units: number; watched: number; in_range: boolean; error: number };
}

/** How suggestions of one kind did, over the cycles that have ended. */
export interface Outcomes {
  status: SuggestionStatus;
  followed: boolean;
  count: number;
  in_range: number;
  error: number;
  abs_error: number;
  demand: number;
  sold: number;
  lost_units: number;
  out_hours: number;
  watched: number;
}

export type Method = "demand_rate" | "naive_seasonal" | "moving_average" | "average_of_picks" | "last_cycle";

/** How one way to forecast did over the last cycle. */
export interface Score {
  method: Method;
  pinball: number;
  mae: number;
  covered: number;
  cases: number;
}

export interface Calendar {
  days: string[];
  at: string;
  order_by: string;
  lead_days: number;
  off?: string[];
  extra?: string[];
}

export type Decision = { action: "approve"; seen_cases: number; by: string } | { action: "pause" | "resume"; by: string } | { action: "change"; cases: number; by: string };

export type OrderStatus = "held" | "sold" | "cancelled" | "timed_out" | "refused";

export interface OnlineOrder {
  channel: string;
  order: string;
  status: OrderStatus;
  assignments: { store: string; km: number; lines: Item[]; points: Record<"distance" | "doubt" | "load" | "cost" | "parcel" | "total", number> }[] | null;
  missing: Item[] | null;
  /** Of what is missing: why the nearest stores do not serve it. */
  passed?: PassedStore[] | null;
  expires_at?: string;
  created_at: string;
}

/** A store that does not serve a product, and why not. */
export interface PassedStore {
  store: string;
  km?: number;
  gtin?: string;
  reason: "too_far" | "no_place" | "no_orders" | "closed" | "closes_soon" | "not_counted" | "unsure" | "short";
  detail: string;
}

export interface Item {
  gtin: string;
  units: number;
}

export interface Promotion {
  id: string;
  name: string;
  gtins: string[];
  stores: string[];
  from: string;
  to: string;
  cost_minor: number;
  currency: string;
}

export interface MasterProduct {
  gtin: string;
  name: string;
  name_zh?: string;
  brand?: string;
}

const seg = encodeURIComponent;
const TYPES: Record<string, string> = { csv: "text/csv", ndjson: "application/x-ndjson", json: "application/json", xml: "application/xml" };

/** What the service takes a file for, by its name; "" where it takes none of its kind. */
export const typeOf = (name: string): string => TYPES[name.replace(/\.gz$/i, "").split(".").at(-1)?.toLowerCase() ?? ""] ?? "";

export const tradeApi = {
  sales: (q: Record<string, string | undefined>, signal?: AbortSignal) => call<Answer<Sales & { channels: ChannelLine[] | null }>>("GET", `/v1/kpis/sales${query(q)}`, { signal }),
  products: (signal?: AbortSignal) => call<{ products: MasterProduct[] | null }>("GET", "/v1/sales/products", { signal }),
  stores: (signal?: AbortSignal) => call<{ stores: (Store & { currency?: string })[] | null }>("GET", "/v1/sales/stores", { signal }),
  channels: (signal?: AbortSignal) => call<{ channels: Channel[] | null }>("GET", "/v1/sales/channels", { signal }),
  parked: (signal?: AbortSignal) => call<{ parked: Parked[] | null; movements: ParkedMovement[] | null; cancellations: Cancellation[] | null }>("GET", "/v1/sales/parked?limit=200", { signal }),
  replay: () => call<{ replayed: number }>("POST", "/v1/sales/parked/replay", { body: {} }),
  rejected: (signal?: AbortSignal) => call<{ rejected: Rejected[] | null }>("GET", "/v1/sales/rejected?limit=200", { signal }),
  reread: () => call<Reread>("POST", "/v1/sales/rejected/replay", { body: {} }),
  forget: (id: number) => call<unknown>("DELETE", `/v1/sales/rejected/${id}`),
  send: (text: string | Blob, type: string, q: { channel?: string; dry_run?: string; mend?: string }) => call<Report>("POST", `/v1/sales/lines${query(q)}`, { body: text, headers: { "Content-Type": type } }),
  stock: (store: string, signal?: AbortSignal) => call<{ store: string; at: string; open: boolean; products: StockRow[] | null }>("GET", `/v1/stock/reconciliation${query({ store })}`, { signal }),
  movements: (q: { store: string; gtin: string; from: string; to: string }, signal?: AbortSignal) => call<{ movements: Movement[] | null }>("GET", `/v1/stock/movements${query(q)}`, { signal }),
  enter: (m: Entered) => call<{ results: { id: string; status: string; error?: string; hint?: string }[] }>("POST", "/v1/stock/movements", { body: { movements: [m] } }),
  suggestions: (q: { status: string; stores?: string | undefined }, signal?: AbortSignal) => call<{ suggestions: Suggestion[] | null }>("GET", `/v1/suggestions${query(q)}`, { signal }),
  outcomes: (stores: string | undefined, signal?: AbortSignal) => call<{ outcomes: Outcomes[] | null }>("GET", `/v1/suggestions/outcomes${query({ stores })}`, { signal }),
  model: (signal?: AbortSignal) => call<{ model: { fitted_at: string; forecast: Score[] | null; online?: Score[] | null } | null }>("GET", "/v1/kpis/model", { signal }),
  deliveries: (signal?: AbortSignal) => call<{ without: Calendar; stores: Record<string, Calendar> | null }>("GET", "/v1/deliveries", { signal }),
  putDelivery: (store: string, c: Calendar) => call<Calendar>("PUT", `/v1/deliveries/${seg(store)}`, { body: c }),
  decide: (id: string, d: Decision) => call<Suggestion>("POST", `/v1/suggestions/${seg(id)}`, { body: d }),
  approveAll: (of: readonly Suggestion[], by: string) =>
    call<{ results: { id: string; error?: string }[] }>("POST", "/v1/suggestions/bulk", { body: { ids: of.map((s) => s.id), action: "approve", seen_cases: Object.fromEntries(of.map((s) => [s.id, s.cases])), by } }),
  orders: (status: string, signal?: AbortSignal) => call<{ orders: OnlineOrder[] | null }>("GET", `/v1/orders${query({ status })}`, { signal }),
  release: (o: OnlineOrder) => call<OnlineOrder>("POST", `/v1/orders/${seg(o.channel)}/${seg(o.order)}/cancel`, { body: {} }),
  promotions: (signal?: AbortSignal) => call<{ promotions: Promotion[] | null }>("GET", "/v1/promotions", { signal }),
  putPromotion: ({ id, ...body }: Promotion) => call<Promotion>("PUT", `/v1/promotions/${seg(id)}`, { body }),
  removePromotion: (id: string) => call<unknown>("DELETE", `/v1/promotions/${seg(id)}`),
  lifts: (signal?: AbortSignal) => call<{ promotions: Lift[] | null }>("GET", "/v1/kpis/promotions", { signal }),
};
