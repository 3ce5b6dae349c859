// The page's state: the fleet as the live stream tells it, how the stream is, and what time it is.
// Views read these signals; only this file writes them.

import { computed, effect, signal } from "@preact/signals";
import { api } from "./api";
import { applyAlert, applyChanges, applyCoolers, applySnapshot, emptyFleet, type Fleet } from "./live/fleet";
import { Link, type LinkState, type Socket } from "./live/link";
import { me } from "./me";
import { rankAlerts, rankCoolers, totals, withNews } from "./live/rank";
import { known } from "./session";
import type { Rollout } from "./setup/rollouts";
import type { Alert, AlertEvent, Cooler, ServerMessage, Store } from "./types";

export const fleet = signal<Fleet>(emptyFleet);
export const link = signal<LinkState>({ kind: "connecting" });
/** When the server last said something, ms; 0 before it did. */
export const heard = signal(0);
/** The present, in steps coarse enough to spare the battery. */
export const now = signal(Date.now());
export const stores = signal<ReadonlyMap<string, Store>>(new Map());
/** The alerts that opened with the last batch of changes, for who announces them. */
export const opened = signal<readonly Alert[]>([]);

/** Whether the page has anything to show yet. */
export const ready = computed(() => fleet.value.cursor !== "");
const alertMap = computed(() => fleet.value.alerts);
const coolerMap = computed(() => fleet.value.coolers);
export const ranked = computed(() => rankAlerts(alertMap.value.values(), now.value));
export const coolers = computed(() => rankCoolers(coolerMap.value.values()));
/** Open alerts as they are shown: ranked, and what has just come on top. */
export const waiting = computed(() => withNews(ranked.value.filter((a) => a.state === "open"), fleet.value.arrived, now.value));
export const figures = computed(() => totals(alertMap.value.values(), coolerMap.value.values()));
export const stale = computed(() => link.value.kind === "reconnecting" && ready.value);

const TICK_MS = 5_000;

let live: Link | null = null;

/** Staged updates as the stream told them last; undefined before it did. */
export const rollouts = signal<readonly Rollout[] | undefined>(undefined);
let followers = 0;

/** Another number than before: KPIs may have changed. 0 before the stream said so. */
export const figuresMark = signal(0);
/** Whether somebody may be looking. */
export const looked = signal(document.visibilityState === "visible");

/** Follows staged updates live until what is given back is called. */
export function followRollouts(): () => void {
  if (++followers === 1) live?.again();
  return () => {
    if (--followers === 0) live?.again();
  };
}

/** Starts the stream and the clock; called once by main. */
export function start(): void {
  live = new Link({
    open: (ready, failed) => void api.ticket().then(({ ticket }) => ready(new WebSocket(liveAddress(ticket)) as unknown as Socket)).catch(failed),
    cursor: () => fleet.value.cursor,
    rollouts: () => followers > 0,
    onMessage: receive,
    onState: (s) => {
      if (s.kind !== "live" || link.value.kind !== "live") link.value = s;
      if (s.kind === "reconnecting") void stillSignedIn();
    },
    now: Date.now,
    random: Math.random,
    setTimeout: (run, ms) => setTimeout(run, ms),
    clearTimeout: (id) => clearTimeout(id as number),
  });
  live.start();
  setInterval(() => (now.value = Date.now()), TICK_MS);
  addEventListener("online", () => live?.wake());
  document.addEventListener("visibilitychange", () => {
    looked.value = document.visibilityState === "visible";
    if (!looked.value) return;
    now.value = Date.now();
    live?.wake();
  });
  effect(knowStores);
}

// A browser does not tell why a WebSocket was refused: a session that has ended looks like a lost network.
async function stillSignedIn(): Promise<void> {
  if (!(await known())) location.reload();
}

/** Tries the stream again at once. */
export function retryNow(): void {
  live?.wake();
}

// A connection is let in by a ticket of its own, which is good for one and for seconds: an address may end in a log.
function liveAddress(ticket: string): string {
  const url = new URL("/v1/live", location.href);
  url.searchParams.set("ticket", ticket);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

// What came of a snapshot that goes on with the next message.
const NONE: { alerts: Alert[]; coolers: Cooler[] } = { alerts: [], coolers: [] };
let parts = NONE;

function receive(message: ServerMessage): void {
  heard.value = Date.now();
  now.value = heard.value;
  switch (message.type) {
    case "hello":
      parts = NONE; // a snapshot that broke off begins anew
      if (fleet.value.cursor !== "") void catchUp();
      break;
    case "snapshot": {
      const all = { alerts: [...parts.alerts, ...(message.alerts ?? [])], coolers: [...parts.coolers, ...(message.coolers ?? [])] };
      parts = message.more ? all : NONE;
      if (!message.more) fleet.value = applySnapshot(fleet.value, message.cursor, all.alerts, all.coolers);
      break;
    }
    case "changes":
      fleet.value = applyChanges(fleet.value, message.cursor, message.events ?? [], message.coolers ?? [], heard.value);
      if (message.rollouts) rollouts.value = message.rollouts;
      if (message.figures) figuresMark.value = message.figures;
      announce(message.events ?? []);
      break;
  }
}

// The alert log is resumed by cursor, but rows of coolers are no log: what they became during an
// interruption is asked for.
async function catchUp(): Promise<void> {
  try {
    const { coolers } = await api.coolers();
    fleet.value = applyCoolers(fleet.value, coolers ?? []);
  } catch {
    // The stream goes on; each cooler corrects its row with its next message.
  }
}

function announce(events: readonly AlertEvent[]): void {
  const ids = new Set(events.filter((e) => e.type.endsWith(".opened")).map((e) => e.data.id));
  const fresh = ranked.peek().filter((a) => ids.has(a.id));
  if (fresh.length > 0) opened.value = fresh;
}

/** What somebody says of an alert, without who. */
export type Said = { action: "acknowledge"; note: string } | { action: "assign"; to: string } | { action: "mute"; until: string | null } | { action: "comment"; text: string };

/** Says something of one alert; the stream tells everybody else. */
export async function say(alert: Alert, said: Said): Promise<Alert> {
  const after = await api.say(alert.id, { by: me.value, ...said });
  fleet.value = applyAlert(fleet.value, after);
  return after;
}

const BULK = 500;

/** Says the same of many alerts; gives those that did not take it. */
export async function sayOfAll(ids: readonly string[], said: Said): Promise<{ id: string; code?: string; error: string }[]> {
  const failed: { id: string; code?: string; error: string }[] = [];
  for (let i = 0; i < ids.length; i += BULK) {
    const answer = await api.bulk(ids.slice(i, i + BULK), { by: me.value, ...said });
    fleet.value = answer.alerts.reduce((f, a) => applyAlert(f, a), fleet.value);
    failed.push(...answer.failed);
  }
  return failed;
}

let asked = "";

// The stream does not tell of stores. They are read when a cooler appears, moves or is renamed, which
// is when somebody is setting up.
function knowStores(): void {
  let key = "";
  for (const c of coolerMap.value.values()) key += `${c.device}\t${c.store}\t${c.name}\n`;
  if (!key || key === asked) return;
  asked = key;
  void readStores();
}

/** Reads the stores again. */
export async function readStores(): Promise<void> {
  try {
    const { stores: list } = await api.stores();
    stores.value = new Map((list ?? []).map((s) => [s.store, s]));
  } catch {
    // Ids stand in for names.
  }
}

/** A store's name, its id where it has none. */
export function storeName(id: string): string {
  return stores.value.get(id)?.name || id;
}

/** A cooler's name, its device where it has none. */
export function coolerName(device: string): string {
  return fleet.value.coolers.get(device)?.name || device;
}

/** Where a cooler is: its name and its store's, once where they are the same. */
export function placeWords(device: string, store: string): string[] {
  return [...new Set([coolerName(device), storeName(store)])];
}
