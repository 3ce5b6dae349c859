// What the API and the live stream speak (see the service's API description). Optional fields are
// those that an older or a busy server may leave out: the page must stand without them.

import type { Board } from "./setup/fleet";
import type { Rollout } from "./setup/rollouts";

export type SlotState = "ok" | "low" | "empty" | "misplaced" | "foreign" | "unknown";

/** In the order of trouble, worst first; drawn, sorted and counted in this order. */
export const SLOT_STATES: readonly SlotState[] = ["empty", "foreign", "misplaced", "low", "unknown", "ok"];

export type CoolerStatus = "online" | "degraded" | "offline" | "never_seen";
export type Door = "open" | "closed" | "unknown";

export interface PlanogramRef {
  id: string;
  version: number;
}

/** A KPI with the share of what it speaks of that was observed. Coverage 0 means no value. */
export interface Measured {
  value: number | null;
  coverage: number;
}

/** One row of GET /v1/coolers. */
export interface Cooler {
  device: string;
  store: string;
  name: string;
  status: CoolerStatus;
  last_seen: string | null;
  planogram?: PlanogramRef | null;
  slots: Record<SlotState, number>;
  open_alerts: number;
  osa: Measured;
  temp_mc: number | null;
  door: Door;
  picture_seq?: number | null;
  picture_boot?: number | null;
  /** When the slots were looked at; last_seen is when anything was heard. */
  observed_at?: string | null;
  /** Why it is degraded. */
  reasons?: string[];
  /** As its maker calls it. */
  model?: string;
}

export type Severity = "critical" | "warning" | "info";
export type AlertState = "pending" | "open" | "acknowledged" | "resolved";

export interface Product {
  gtin?: string;
  name?: string;
  name_zh?: string;
  brand?: string;
  own?: boolean;
}

export interface Alert {
  id: string;
  type: string;
  subject: string;
  tenant: string;
  store: string;
  device: string;
  /** Others that the cooler stood in while it lasted, the last one last. */
  store_was?: string[];
  slot?: string;
  gtin?: string;
  product?: Product | null;
  severity: Severity;
  /** What it loses an hour, in the currency's minor unit, where the demand is known. */
  /** Others that it has had, the last one last. */
  severity_was?: Severity[];
  loss?: { minor_per_hour: number; currency: string } | null;
  state: AlertState;
  opened_at: string;
  /** Null where the subject was never seen well before. */
  last_seen_good?: string | null;
  first_seen_bad?: string | null;
  resolved_at?: string | null;
  resolution?: string;
  /** Bounds of the true duration, seconds; max_s is null where the beginning is not known. */
  duration?: { min_s: number; max_s: number | null } | null;
  planogram?: PlanogramRef | null;
  model?: string;
  evidence?: Evidence | null;
  detail?: Record<string, string>;
  /** It opened and closed so often that it took more to open. */
  flapping?: boolean;
  acknowledged?: { at: string; by?: string; note?: string } | null;
  assigned?: { to: string; at: string; by?: string } | null;
  muted?: { until: string; at: string; by?: string; note?: string } | null;
  comments?: { at: string; by?: string; text: string }[] | null;
  /** Rises with each change of this alert. */
  revision: number;
}

/** A look that an alert rests on: when it was, and where the slot was in its picture of width by height. */
export interface ProofLook {
  boot: number;
  seq: number;
  captured_at: string;
  box: Box;
  width: number;
  height: number;
  /** Null as long as no picture of it has come. */
  kept_until: string | null;
}

/** The observations that an alert rests on; null where one is not known, or not yet. */
export interface Evidence {
  before_boot: number | null;
  before_seq: number | null;
  after_boot: number | null;
  after_seq: number | null;
  end_boot?: number | null;
  end_seq?: number | null;
}

/** CloudEvents 1.0 envelope of one row of the alert log. */
export interface AlertEvent {
  id: string;
  type: string;
  source: string;
  subject: string;
  time: string;
  /** The row's position in the log: decimal digits, may exceed 2^53. */
  sequence: string;
  data: Alert;
}

/** [x, y, width, height], pixels of the picture as captured. */
export type Box = [number, number, number, number];

export interface Facing {
  box: Box;
  score: number;
  gtin: string | null;
  sku_score: number;
  shelf: number;
  position: number;
  depth?: number;
}

export interface SlotReading {
  slot: string;
  shelf: number;
  gtin: string;
  state: SlotState;
  reason?: string;
  facings_due: number;
  facings_present: number;
  seen?: number[];
  box: Box;
}

export interface Quality {
  reason?: string;
  blind?: { box: Box; reason: string }[] | null;
  sharpness: number;
  brightness: number;
  contrast: number;
  clipped: number;
}

export interface Observation {
  captured_at: string;
  width: number;
  height: number;
  planogram_id?: string;
  planogram_version?: number;
  model: string;
  quality: Quality;
  facings: Facing[] | null;
  slots: SlotReading[] | null;
  boot?: number;
  seq?: number;
}

export interface PlanogramSlot {
  id: string;
  gtin: string;
  facings: number;
  capacity?: number;
  x_mm: number;
  width_mm: number;
  pack_mm?: number;
}

export interface PlanogramShelf {
  name?: string;
  height_mm?: number;
  slots: PlanogramSlot[];
}

export interface Planogram {
  id: string;
  version: number;
  name?: string;
  width_mm?: number;
  depth_mm?: number;
  shelves: PlanogramShelf[];
  products?: Required<Pick<Product, "gtin" | "name">>[] & Product[];
  interchangeable?: string[][];
}

/** One look as the history keeps it: what was judged of each slot, without what was seen. */
export interface PastObservation {
  captured_at: string;
  /** The board's clock was not set: the time is that of arrival. */
  time_doubtful?: boolean;
  boot: number;
  seq: number;
  slots: Omit<SlotReading, "shelf" | "box" | "seen">[] | null;
}

/** GET /v1/coolers/{device}: the row, with the planogram itself where the row has its name only. */
export interface CoolerDetail extends Omit<Cooler, "planogram"> {
  planogram: Planogram | null;
  /** ID of the planogram that it is due to have; "" for none. */
  assigned_planogram?: string;
  observation: Observation | null;
  alerts: Alert[] | null;
  /** What its board says of itself. */
  board?: Board;
}

export interface Store {
  store: string;
  name: string;
  gln?: string;
  lat?: number | null;
  lon?: number | null;
  tz?: string;
  hours?: string;
  region?: string;
  /** Of trade. */
  channel?: string;
  class?: string;
}

/** Somebody who is told of alerts. */
export interface Webhook {
  id: string;
  url: string;
  format: string;
  types: string[] | null;
  stores: string[] | null;
  severities: string[] | null;
  /** Told once, in the answer to its making. */
  secret?: string;
  /** Why it is told no more. */
  disabled?: string;
  created_at: string;
  /** Null where it has taken the last that it was offered; missing in the answer to its making, as the others. */
  failing?: Failing | null;
  /** How many events it never took. */
  dead_letters?: number;
  /** It has not been told all of the log yet. */
  waiting?: boolean;
}

/** How a webhook's target fails. */
export interface Failing {
  since: string;
  error: string;
  tried_at: string;
  next_try: string;
}

/** An event that a webhook's target never took. */
export interface DeadLetter {
  /** Its position in the alert log: decimal digits, may exceed 2^53. */
  cursor: string;
  event_id: string;
  reason: string;
  died_at: string;
}

/** A message that could not be stored, put aside with its bytes. */
export interface Refused {
  id: number;
  received_at: string;
  topic: string;
  reason: string;
  detail: string;
  times: number;
  size: number;
}

/** What the live stream sends. */
export type ServerMessage =
  | { type: "hello"; version: number; heartbeat_s?: number }
  | { type: "snapshot"; cursor: string; more?: boolean; alerts: Alert[] | null; coolers: Cooler[] | null }
  | { type: "changes"; cursor: string; events: AlertEvent[] | null; coolers: Cooler[] | null; rollouts?: Rollout[]; figures?: number }
  | { type: "resync" }
  | { type: "error"; code?: string; error: string; hint?: string };
