// One WebSocket to /v1/live, kept up: it subscribes from the last cursor, reconnects with jittered
// back-off, and says at any moment whether what the page shows is live. Sockets, timers and chance
// come from outside, so that a test can play a day of outages in a millisecond.

import type { ServerMessage } from "../types";

export type LinkState =
  | { kind: "connecting" }
  | { kind: "live" }
  /** Lost; `since` is when (ms), `retryAt` when the next try starts. */
  | { kind: "reconnecting"; since: number; retryAt: number }
  /** The server refuses this client: trying again would change nothing. */
  | { kind: "refused"; error: string; hint: string; code: string };

/** The part of WebSocket that is used. */
export interface Socket {
  send(data: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number }) => void) | null;
  onerror: (() => void) | null;
}

export interface LinkOptions {
  /** Opens a socket for one connection, which may take a while: gives it to `ready` before it is open, or calls `failed`. */
  open(ready: (socket: Socket) => void, failed: () => void): void;
  /** Position to go on from; "" asks for a snapshot. */
  cursor(): string;
  /** Whether staged updates are followed too. */
  rollouts(): boolean;
  onMessage(message: ServerMessage): void;
  onState(state: LinkState): void;
  now(): number;
  random(): number;
  setTimeout(run: () => void, ms: number): unknown;
  clearTimeout(id: unknown): void;
}

export const BACKOFF_FIRST_MS = 500;
export const BACKOFF_MAX_MS = 20_000;
/** A connection that dies younger than this does not reset the back-off. */
export const SETTLED_MS = 10_000;
/** How long a new connection may take to say its first word. */
export const HELLO_MS = 15_000;

/** Pause before try n (0 is the first): full jitter between half and all of the doubling bound. */
export function backoff(n: number, random: () => number): number {
  const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_FIRST_MS * 2 ** n);
  return bound / 2 + (random() * bound) / 2;
}

export class Link {
  private socket: Socket | null = null;
  private tries = 0;
  private lostAt = 0;
  private openedAt = 0;
  private silence = HELLO_MS;
  private retryTimer: unknown = null;
  private silenceTimer: unknown = null;
  private stopped = true;
  /** A socket was asked for and has not come. */
  private opening = false;
  /** Which try this is: a socket that comes for an earlier one is not wanted any more. */
  private attempt = 0;
  /** On this connection something was asked for. */
  private said = false;

  constructor(private readonly o: LinkOptions) {}

  start(): void {
    this.stopped = false;
    this.connect();
  }

  stop(): void {
    this.stopped = true;
    this.o.clearTimeout(this.retryTimer);
    this.drop();
  }

  /** Tries at once: the browser says that the network is back, or the page is looked at again. */
  wake(): void {
    if (this.stopped || this.socket || this.opening) return;
    this.o.clearTimeout(this.retryTimer);
    this.connect();
  }

  /** Says anew what is followed, from where the page is. Before the first snapshot that is still to be said. */
  again(): void {
    if (this.socket && this.said && this.o.cursor() !== "") this.subscribe(this.o.cursor());
  }

  private connect(): void {
    if (this.lostAt === 0) this.o.onState({ kind: "connecting" });
    this.silence = HELLO_MS;
    this.openedAt = this.o.now();
    this.watchSilence();
    this.opening = true;
    const attempt = ++this.attempt;
    this.o.open(
      (socket) => (attempt === this.attempt ? this.use(socket) : socket.close()),
      () => {
        if (attempt === this.attempt) this.lost();
      },
    );
  }

  private use(socket: Socket): void {
    this.opening = false;
    this.socket = socket;
    this.said = false;
    socket.onopen = () => this.subscribe(this.o.cursor());
    socket.onmessage = (e) => this.receive(e.data);
    socket.onerror = null; // a close follows, and says more
    socket.onclose = () => this.lost();
  }

  private subscribe(cursor: string): void {
    this.said = true;
    this.socket?.send(JSON.stringify({ type: "subscribe", cursor, alerts: { types: [], stores: [], devices: [] }, coolers: true, rollouts: this.o.rollouts(), figures: true }));
  }

  private receive(data: unknown): void {
    this.watchSilence();
    let message: ServerMessage;
    try {
      message = JSON.parse(String(data)) as ServerMessage;
    } catch {
      this.lost(); // a server that speaks no JSON is not ours: drop it and come back
      return;
    }
    switch (message.type) {
      case "hello":
        if (message.version !== 1) {
          this.refuse(`live stream version ${message.version}`, "reload the page");
          return;
        }
        // Three missed beats and the line is dead. A server that promised no beat may be silent.
        this.silence = 3000 * (message.heartbeat_s ?? 0);
        this.watchSilence();
        // Who goes on from a cursor has something to show, and the line is up.
        if (this.o.cursor() !== "") this.live();
        break;
      case "resync":
        this.subscribe("");
        break;
      case "snapshot":
      case "changes":
        this.live();
        break;
      case "error":
        this.refuse(message.error, message.hint ?? "", message.code);
        return;
    }
    this.o.onMessage(message);
  }

  private live(): void {
    this.lostAt = 0;
    this.o.onState({ kind: "live" });
  }

  private refuse(error: string, hint: string, code = ""): void {
    this.stop();
    this.o.onState({ kind: "refused", error, hint, code });
  }

  private watchSilence(): void {
    this.o.clearTimeout(this.silenceTimer);
    if (this.silence > 0) this.silenceTimer = this.o.setTimeout(() => this.lost(), this.silence);
  }

  private drop(): void {
    this.o.clearTimeout(this.silenceTimer);
    this.opening = false;
    this.attempt++;
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  private lost(): void {
    if (this.o.now() - this.openedAt >= SETTLED_MS) this.tries = 0;
    this.drop();
    if (!this.stopped) this.retry();
  }

  private retry(): void {
    const now = this.o.now();
    if (this.lostAt === 0) this.lostAt = now;
    const pause = backoff(this.tries++, this.o.random);
    this.o.onState({ kind: "reconnecting", since: this.lostAt, retryAt: now + pause });
    this.retryTimer = this.o.setTimeout(() => this.connect(), pause);
  }
}
