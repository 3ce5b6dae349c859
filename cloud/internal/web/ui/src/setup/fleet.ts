// Boards as GET /v1/fleet tells of them, and how their versions compare. Pure.

import type { CoolerStatus } from "../types";
import type { Scope } from "./rollouts";
import type { Schedule } from "./wish";

export type Part = "agent" | "model" | "gallery" | "planogram" | "schedule" | "thresholds";

interface From {
  from: Scope;
}

/** What is wanted of a board, or what it has of it. */
export interface Wanted {
  planogram?: From & { id: string; version: number };
  schedule?: From & Schedule;
  thresholds?: From & { values: Record<string, number> };
  gallery?: From & { version: string };
  model?: From & { version: string };
  agent?: From & { version: string };
  missing?: string[];
}

/** How a board stands to what is wanted of it. */
export interface Standing {
  state: "none" | "pending" | "in_force" | "rejected" | "rolled_back";
  detail?: string;
  reported_at?: string;
  wanted: Wanted;
  applied?: Wanted;
  differences: { part: Part; wanted: string; has: string }[];
}

export interface Board {
  device: string;
  store: string;
  name: string;
  status: CoolerStatus;
  reasons?: string[];
  last_seen: string | null;
  agent_version?: string;
  model?: string;
  board?: string;
  started_at?: string;
  clock?: string;
  /** What runs the networks. */
  runtime?: string;
  /** Version of the enrolled references. */
  gallery?: string;
  /** That are fitted; one with a fault gives nothing. */
  sensors?: { name: string; fault?: string }[];
  /** How it stands to what is wanted of it. */
  desired?: Standing;
  /** What came of the last command. */
  answer?: { id: string; ok: boolean; detail?: string };
  health?: {
    at: string;
    uptime_s: number;
    outbox_messages: number;
    outbox_bytes: number;
    outbox_oldest?: string;
    disk_free_bytes: number;
    memory_bytes: number;
    board_temp_mc?: number;
  };
}

/** Semantic versions in their order; what is none comes first. */
export function compareVersions(a: string, b: string): number {
  const parts = (v: string) => {
    const m = /^v?(\d+)\.(\d+)\.(\d+)(-.*)?/.exec(v);
    return m ? [Number(m[1]), Number(m[2]), Number(m[3]), m[4] ? 0 : 1] : [-1, 0, 0, 0];
  };
  const [x, y] = [parts(a), parts(b)];
  for (let i = 0; i < 4; i++) if (x[i] !== y[i]) return x[i]! - y[i]!;
  return a.localeCompare(b);
}

/** How many boards run which version, the newest first; those that never told theirs as "". */
export function versions(boards: readonly Board[]): [version: string, n: number][] {
  const counts = new Map<string, number>();
  for (const b of boards) counts.set(b.agent_version ?? "", (counts.get(b.agent_version ?? "") ?? 0) + 1);
  return [...counts].sort(([a], [b]) => compareVersions(b, a));
}

/** Bytes as people read them. */
export function bytes(n: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let i = 0;
  while (n >= 1000 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return `${n >= 100 || i === 0 ? Math.round(n) : n.toFixed(1)} ${units[i]}`;
}
