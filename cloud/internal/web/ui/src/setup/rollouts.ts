// Staged updates and bundles as the API tells of them, and what is counted of them. Pure.

import type { Schedule } from "./wish";

export type Kind = "agent" | "model" | "gallery";

export interface Bundle {
  kind: Kind;
  version: string;
  arch?: string;
  sha256: string;
  size: number;
  expires_at: string;
  added_at: string;
  added_by: string;
}

export interface Bundles {
  bundles: Bundle[];
  root: { version: number } | null;
  url: string;
}

export type RolloutStatus = "running" | "paused" | "halted" | "cancelled" | "done";

/** In the order in which a bar shows them. */
export const COUNTS = ["healthy", "watched", "asked", "failed", "late", "waiting", "skipped", "taken_back"] as const;
export type BoardStatus = (typeof COUNTS)[number];

export interface Rollout {
  id: number;
  name: string;
  kind: Kind;
  version: string;
  regions?: string[];
  stores?: string[];
  devices?: string[];
  stages: string[];
  status: RolloutStatus;
  stage: number;
  target: number;
  reason?: string;
  created_at: string;
  created_by: string;
  counts: Record<BoardStatus, number>;
}

export interface RolloutDetail extends Rollout {
  boards: { device: string; status: BoardStatus; detail?: string }[];
}

export interface Order {
  kind: Kind;
  version: string;
  regions?: string[];
  stores?: string[];
  devices?: string[];
  stages: string[];
  soak_s: number;
  max_failures: number;
}

export type Scope = "tenant" | "store" | "cooler";

export interface Wish {
  scope: Scope;
  place: string;
  parts: { planogram?: string; agent?: string; model?: string; gallery?: string; schedule?: Schedule; thresholds?: Record<string, number> };
  changed_at: string;
  changed_by: string;
}

export const total = (r: Rollout) => COUNTS.reduce((n, s) => n + r.counts[s], 0);

/**
 * Why one stands still, as the page's own words: the key of a sentence, what is filled in, and what a board
 * said, in its own words. Undefined where the service says something that is not known here.
 */
export function why(r: Rollout): { key: "halted" | "nobody" | "by"; of: Record<string, string | number>; said?: string } | undefined {
  const reason = r.reason ?? "";
  const halted = /^failed: (\d+), allowed: (\d+); the last is (\S+): (?:(?:rejected|rolled_back): )?(.*)$/s.exec(reason);
  if (halted) return { key: "halted", of: { n: Number(halted[1]), allowed: Number(halted[2]), device: halted[3]! }, said: halted[4]! };
  if (reason === "no board has come to be well under it") return { key: "nobody", of: {} };
  const by = /^by (.+)$/.exec(reason);
  return by ? { key: "by", of: { name: by[1]! } } : undefined;
}

export const over = (r: Rollout) => r.status === "done" || r.status === "cancelled";

/** "1, 5%, 100%" as the API takes it; spaces and full-width commas as people type them. */
export function stagesOf(text: string): string[] {
  return text
    .split(/[,，、\s]+/)
    .map((s) => s.replace("％", "%"))
    .filter((s) => s !== "");
}

/** The versions that can be chosen, each once, however many processors it is for. */
export function choices(bundles: readonly Bundle[]): { kind: Kind; version: string }[] {
  const seen = new Set<string>();
  return bundles.filter((b) => {
    const key = `${b.kind} ${b.version}`;
    return seen.has(key) ? false : seen.add(key);
  });
}
