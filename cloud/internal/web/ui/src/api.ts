// The REST API, typed. Every failure is an ApiError that a view can show: what went wrong, and what a
// person can do about it, both in the page's language where the code is known.

import type { AuditEntry, Token, User } from "./access/types";
import { refusal } from "./i18n/text";
import type { Board, Standing } from "./setup/fleet";
import type { Bundle, Bundles, Order, Rollout, RolloutDetail, Scope, Wish } from "./setup/rollouts";
import { wishPath } from "./setup/wish";
import type { Session } from "./session";
import type { DryRun, RulesInForce, RuleVersion } from "./rules/book";
import type { Notice } from "./rules/people";
import type { Trial } from "./ui/trial";
import type { Alert, ProofLook, Cooler, CoolerDetail, DeadLetter, PastObservation, Planogram, Product, Refused, Store, Webhook } from "./types";

export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 where no answer came. */
    readonly status: number,
    private readonly said: string,
    private readonly remedy = "",
    /** What is wrong, as programs tell it apart; "" where the service did not say. */
    readonly code = "",
  ) {
    super();
  }

  /** What went wrong, in the page's language at the moment that it is read. */
  override get message(): string {
    return refusal({ code: this.code, error: this.said, hint: this.remedy }).error;
  }

  /** What to do about it; "" where nothing is known. */
  get hint(): string {
    return refusal({ code: this.code, error: this.said, hint: this.remedy }).hint;
  }
}

interface Options {
  body?: unknown;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

export async function call<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const headers: Record<string, string> = { Accept: "application/json", ...options.headers };
  const init: RequestInit = { method, headers };
  if (options.signal) init.signal = options.signal;
  if (options.body !== undefined) {
    headers["Content-Type"] ??= "application/json";
    init.body = typeof options.body === "string" || options.body instanceof Blob ? options.body : JSON.stringify(options.body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new ApiError(0, "no answer from the server", "look at the network, and try again", "no_answer");
  }
  const text = await response.text();
  const body = parse(text);
  if (!response.ok) {
    const { error, hint, code } = (body ?? {}) as { error?: string; hint?: string; code?: string };
    throw new ApiError(response.status, error ?? (text.slice(0, 200) || response.statusText), hint, code);
  }
  return body as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function query(params: Record<string, string | number | undefined>): string {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== "") q.set(k, String(v));
  const s = q.toString();
  return s ? `?${s}` : "";
}

const seg = encodeURIComponent;

export interface AlertQuery {
  state?: string;
  type?: string;
  store?: string;
  device?: string;
  limit?: number;
  before?: string;
}

/** One line over time of one cooler: times in ms since the epoch. */
export interface Series {
  kind: string;
  /** Each reading, or means and totals by the hour: then the door's values are openings. */
  grain: "reading" | "hour" | "day";
  points: [number, number][];
}

/** What a person says of an alert; who says it is in `by`. */
export type Word =
  | { action: "acknowledge"; by: string; note: string }
  | { action: "assign"; by: string; to: string }
  | { action: "mute"; by: string; until: string | null }
  | { action: "comment"; by: string; text: string };

const YAML = { "Content-Type": "application/yaml" };

const SAY: Record<Word["action"], string> = { acknowledge: "ack", assign: "assign", mute: "mute", comment: "comments" };

export const api = {
  session: () => call<Session>("GET", "/v1/session"),
  signIn: (body: { email: string; password: string }) => call<Session>("POST", "/v1/session", { body }),
  ticket: () => call<{ ticket: string }>("POST", "/v1/live/tickets"),
  signOut: () => call<unknown>("DELETE", "/v1/session"),
  setup: (body: { code: string; name: string; email: string; password: string }) => call<Session>("POST", "/v1/setup", { body }),
  choosePassword: (body: { code: string; password: string }) => call<Session>("POST", "/v1/password", { body }),
  coolers: (signal?: AbortSignal) => call<{ coolers: Cooler[] | null; cursor: string }>("GET", "/v1/coolers", { signal }),
  cooler: (device: string, signal?: AbortSignal) => call<CoolerDetail>("GET", `/v1/coolers/${seg(device)}`, { signal }),
  observations: (device: string, q: { from?: string; to?: string; limit?: number }, signal?: AbortSignal) =>
    call<{ observations: PastObservation[] | null }>("GET", `/v1/coolers/${seg(device)}/observations${query(q)}`, { signal }),
  series: (device: string, q: { kind: string; from?: string; to?: string }, signal?: AbortSignal) =>
    call<Series>("GET", `/v1/coolers/${seg(device)}/series${query(q)}`, { signal }),
  /** Address of a picture: the last one, or the one of an observation. */
  picture: (device: string, of?: { boot?: number | null | undefined; seq?: number | null | undefined }) =>
    `/v1/coolers/${seg(device)}/picture${query({ boot: of?.boot ?? undefined, seq: of?.seq ?? undefined })}`,
  putCooler: (device: string, body: { name?: string; store?: string; planogram?: string; model?: string }) => call<CoolerDetail>("PUT", `/v1/coolers/${seg(device)}`, { body }),
  putStore: (store: string, body: Omit<Store, "store">) => call<Store>("PUT", `/v1/stores/${seg(store)}`, { body }),
  planogram: (id: string, signal?: AbortSignal) => call<Planogram>("GET", `/v1/planograms/${seg(id)}`, { signal }),
  /** Publishes a version; `body` is YAML or JSON as text, or a planogram. */
  putPlanogram: (id: string, body: Planogram | string) => call<Planogram>("PUT", `/v1/planograms/${seg(id)}`, { body }),
  putWeights: (book: { tenant: unknown; brands: unknown }) => call<unknown>("PUT", "/v1/kpis/weights", { body: book }),
  /** A question about KPIs; see kpi/answers.ts for what each gives. */
  kpi: <T>(what: string, query: string, signal?: AbortSignal) => call<T>("GET", `/v1/kpis/${what}?${query}`, { signal }),
  rules: (signal?: AbortSignal) => call<RulesInForce>("GET", "/v1/rules", { signal }),
  /** Puts a file of rules in force, in the place of the revision that it was made from. */
  putRules: (text: string, over: string) => call<RulesInForce>("PUT", "/v1/rules", { body: text, headers: { ...YAML, "If-Match": over } }),
  ruleVersions: (signal?: AbortSignal) => call<{ versions: RuleVersion[] }>("GET", "/v1/rules/versions", { signal }),
  ruleVersion: (version: number) => call<RulesInForce>("GET", `/v1/rules/versions/${version}`),
  /** Sends somebody a test message; the recipient need not stand in the rules yet. */
  testRecipient: (body: { format: string; url: string; robot_secret: string; secret: string }) => call<Trial>("POST", "/v1/rules/recipients/test", { body }),
  notices: (signal?: AbortSignal) => call<{ notices: Notice[] }>("GET", "/v1/notices?limit=50", { signal }),
  testWebhook: (id: string) => call<Trial>("POST", `/v1/webhooks/${seg(id)}/test`, { body: {} }),
  /** Judges the last days again by a file of rules; changes nothing. */
  testRules: (text: string, days: number, signal?: AbortSignal) => call<DryRun>("POST", `/v1/rules/test?days=${days}`, { body: text, headers: YAML, signal }),
  users: (signal?: AbortSignal) => call<{ users: User[] | null }>("GET", "/v1/users", { signal }),
  /** The link is without the host. */
  addUser: (body: { name: string; email: string; role: string }) => call<{ user: User; link: string }>("POST", "/v1/users", { body }),
  putUser: (id: number, body: { name: string; role: string; disabled: boolean }) => call<User>("PUT", `/v1/users/${id}`, { body }),
  removeUser: (id: number) => call<unknown>("DELETE", `/v1/users/${id}`),
  inviteUser: (id: number) => call<{ user: User; link: string }>("POST", `/v1/users/${id}/link`, { body: {} }),
  tokens: (signal?: AbortSignal) => call<{ tokens: Token[] | null }>("GET", "/v1/tokens", { signal }),
  addToken: (body: { name: string; role: string }) => call<{ token: string }>("POST", "/v1/tokens", { body }),
  revokeToken: (id: number) => call<unknown>("DELETE", `/v1/tokens/${id}`),
  audit: (signal?: AbortSignal) => call<{ entries: AuditEntry[] | null }>("GET", "/v1/audit", { signal }),
  fleet: (signal?: AbortSignal) => call<{ boards: Board[] | null }>("GET", "/v1/fleet", { signal }),
  bundles: (signal?: AbortSignal) => call<Bundles>("GET", "/v1/bundles", { signal }),
  /** A file that was signed elsewhere; the server checks it. */
  addBundle: (file: Blob) => call<Bundle>("POST", "/v1/bundles", { body: file, headers: { "Content-Type": "application/zip" } }),
  rollouts: (signal?: AbortSignal) => call<{ rollouts: Rollout[] }>("GET", "/v1/rollouts", { signal }),
  rollout: (id: number, signal?: AbortSignal) => call<RolloutDetail>("GET", `/v1/rollouts/${id}`, { signal }),
  startRollout: (body: Order) => call<Rollout>("POST", "/v1/rollouts", { body }),
  sayRollout: (id: number, what: "pause" | "resume" | "cancel") => call<Rollout>("POST", `/v1/rollouts/${id}/${what}`),
  wishes: (signal?: AbortSignal) => call<{ wishes: Wish[] }>("GET", "/v1/desired", { signal }),
  /** Wishes something of boards; null leaves a part to the wish beyond. */
  putWish: (scope: Scope, place: string, parts: Record<string, unknown>) => call<Wish>("PUT", wishPath(scope, place), { body: parts }),
  desired: (device: string, signal?: AbortSignal) => call<Standing>("GET", `/v1/coolers/${seg(device)}/desired`, { signal }),
  /** Has a board try once more what it refused. */
  retryDesired: (device: string) => call<unknown>("POST", `/v1/coolers/${seg(device)}/desired/attempts`),
  /** Asks a board that is connected to do something once. */
  command: (device: string, name: "capture" | "picture" | "selftest" | "restart" | "settle") => call<{ id: string }>("POST", `/v1/coolers/${seg(device)}/commands`, { body: { name } }),
  /** A code by which a board gets its certificate; good once. */
  enrolment: (body: { store: string; device: string }) => call<{ code: string; expires: string }>("POST", "/v1/enrolments", { body }),
  refused: (signal?: AbortSignal) => call<{ messages: Refused[] | null }>("GET", "/v1/quarantine", { signal }),
  refusedBytes: (id: number) => `/v1/quarantine/${id}`,
  webhooks: (signal?: AbortSignal) => call<{ webhooks: Webhook[] | null }>("GET", "/v1/webhooks", { signal }),
  addWebhook: (body: { url: string; format: string; types: string[]; stores: string[]; severities: string[]; robot_secret: string }) => call<Webhook>("POST", "/v1/webhooks", { body }),
  /** Events that its target never took, in the order of the log. */
  deadLetters: (id: string, signal?: AbortSignal) => call<{ dead_letters: DeadLetter[] | null }>("GET", `/v1/webhooks/${seg(id)}/dead?limit=1000`, { signal }),
  /** Sends again all after a position of the log, and enables it. */
  replayWebhook: (id: string, cursor: string) => call<unknown>("POST", `/v1/webhooks/${seg(id)}/replay`, { body: { cursor } }),
  removeWebhook: (id: string) => call<unknown>("DELETE", `/v1/webhooks/${seg(id)}`),
  stores: (signal?: AbortSignal) => call<{ stores: Store[] | null }>("GET", "/v1/stores", { signal }),
  planograms: (signal?: AbortSignal) => call<{ planograms: Planogram[] | null }>("GET", "/v1/planograms", { signal }),
  products: (signal?: AbortSignal) => call<{ products: Product[] | null }>("GET", "/v1/products", { signal }),
  alerts: (q: AlertQuery, signal?: AbortSignal) => call<{ alerts: Alert[] | null; cursor: string }>("GET", `/v1/alerts${query({ ...q })}`, { signal }),
  alert: (id: string, signal?: AbortSignal) => call<Alert>("GET", `/v1/alerts/${seg(id)}`, { signal }),
  /** Where the slot of an alert is in the pictures of its moments. */
  proof: (id: string, signal?: AbortSignal) => call<Record<"before" | "after" | "end", ProofLook | null>>("GET", `/v1/alerts/${seg(id)}/proof`, { signal }),
  /** A person's word about one alert. */
  say: (id: string, { action, ...body }: Word) => call<Alert>("POST", `/v1/alerts/${seg(id)}/${SAY[action]}`, { body }),
  /** The same word about up to 500 alerts; each takes it or does not, by itself. */
  bulk: (ids: readonly string[], word: Word) => call<{ alerts: Alert[]; failed: { id: string; code?: string; error: string }[] }>("POST", "/v1/alerts/bulk", { body: { ids, ...word } }),
};
