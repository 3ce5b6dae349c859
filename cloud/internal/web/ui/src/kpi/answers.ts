// What /v1/kpis/… answers: rows of figures, and the figures of the time compared with.

import type { Measured } from "../types";

export interface Answer<T> {
  from: string;
  to: string;
  coverage: number;
  compared?: { from: string; to: string };
  rows: Row<T>[];
}

export interface Row<T> {
  key: Record<string, string>;
  name?: string;
  name_zh?: string;
  figures: T;
  before?: T | null;
}

export interface Money {
  currency: string;
  minor: number;
}

/** A quantity that was not counted, with its 80 % interval. */
export interface Estimate {
  value: number | null;
  low: number | null;
  high: number | null;
  coverage: number;
}

export interface MoneyEstimate extends Money {
  low: number;
  high: number;
}

export interface ByCause {
  shelf: number;
  store: number;
  unknown: number;
}

export interface Availability {
  osa: Measured;
  oos: Measured;
  facings: Measured;
  out_hours: ByCause;
  lost_units: Estimate;
  lost_units_by_cause: ByCause;
  lost_money: MoneyEstimate[] | null;
}

export interface Sales {
  units: number;
  revenue: Money[] | null;
}

export interface Shares {
  share_of_shelf: Measured;
  share_of_units: number | null;
  index: number | null;
}

export interface Outlet {
  rank: number;
  score: Measured;
  osa: Measured;
  facings: Measured;
  share_of_shelf: Measured;
  order: Measured;
  units: number;
  revenue: Money[] | null;
  lost_units: Estimate;
  lost_units_by_cause: ByCause;
  lost_money: MoneyEstimate[] | null;
  traffic: Traffic;
}

export interface RankedCooler {
  rank: number;
  score: Measured;
  osa: Measured;
  facings: Measured;
  order: Measured;
  door_openings: number;
  units: number;
  lost_units: number;
  lost_money: Money[] | null;
}

export interface Traffic {
  people_in: number;
  receipts: number;
  conversion: Measured;
}

/** What came of a promotion; null where there is nothing to tell by. */
export interface Lift {
  id: string;
  name: string;
  from: string;
  to: string;
  currency: string;
  units: number;
  /** Units that would have been sold without it. */
  baseline: number | null;
  lift_units: Estimate;
  lift: number | null;
  matched_stores: number;
  cannibalised_units: number | null;
  after_units: number | null;
  incremental_margin_minor: number | null;
  roi: number | null;
  coverage: number;
}

/** What a perfect-store score weighs. */
export const PARTS = ["osa", "facings", "share", "order"] as const;
export type Weights = Record<(typeof PARTS)[number], number>;

export interface WeightBook {
  tenant: Weights | null;
  brands: Record<string, Weights>;
  /** What counts where neither says anything. */
  without: Weights;
}
