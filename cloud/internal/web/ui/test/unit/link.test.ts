import { beforeEach, describe, expect, test } from "vitest";
import { BACKOFF_MAX_MS, backoff, HELLO_MS, Link, type LinkState, SETTLED_MS, type Socket } from "../../src/live/link";
import type { ServerMessage } from "../../src/types";

class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  sent: string[] = [];
  closed = false;
  send(data: string) {
    this.sent.push(data);
  }
  close() {
    this.closed = true;
  }
  say(m: unknown) {
    this.onmessage?.({ data: typeof m === "string" ? m : JSON.stringify(m) });
  }
  cursor(i = 0) {
    return (JSON.parse(this.sent[i]!) as { cursor: string }).cursor;
  }
}

/** A clock that a test moves, and the timers on it. */
class Clock {
  now = 0;
  private timers: { at: number; run: () => void }[] = [];
  set = (run: () => void, ms: number) => {
    const timer = { at: this.now + ms, run };
    this.timers.push(timer);
    return timer;
  };
  clear = (timer: unknown) => {
    this.timers = this.timers.filter((t) => t !== timer);
  };
  pass(ms: number) {
    const until = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.clear(next);
      this.now = next.at;
      next.run();
    }
    this.now = until;
  }
  get pending() {
    return this.timers.length;
  }
}

let clock: Clock;
let sockets: FakeSocket[];
let states: LinkState[];
let messages: ServerMessage[];
let cursor: string;
let follows: boolean;
let link: Link;
/** Whether who asks for a socket has to wait, and who waits. */
let hold: boolean;
let held: { ready: (socket: Socket) => void; failed: () => void };

const last = () => sockets.at(-1)!;
const kinds = () => states.map((s) => s.kind);
const snapshot = { type: "snapshot", cursor: "5", alerts: [], coolers: [] };

beforeEach(() => {
  clock = new Clock();
  sockets = [];
  states = [];
  messages = [];
  cursor = "";
  follows = false;
  hold = false;
  link = new Link({
    open: (ready, failed) => {
      if (hold) {
        held = { ready, failed };
        return;
      }
      sockets.push(new FakeSocket());
      ready(last());
    },
    cursor: () => cursor,
    rollouts: () => follows,
    onMessage: (m) => messages.push(m),
    onState: (s) => states.push(s),
    now: () => clock.now,
    random: () => 1,
    setTimeout: clock.set,
    clearTimeout: clock.clear,
  });
  link.start();
  last().onopen?.();
});

function goLive(beat = 0) {
  last().say({ type: "hello", version: 1, heartbeat_s: beat });
  last().say(snapshot);
  cursor = "5";
}

test("asks for a snapshot first, and is live with it", () => {
  expect(last().cursor()).toBe("");
  goLive();
  expect(kinds()).toEqual(["connecting", "live"]);
  expect(messages.map((m) => m.type)).toEqual(["hello", "snapshot"]);
});

test("goes on from its cursor after a loss", () => {
  goLive();
  last().onclose?.({ code: 1006 });
  expect(states.at(-1)).toEqual({ kind: "reconnecting", since: 0, retryAt: 500 });
  clock.pass(500);
  last().onopen?.();
  expect(last().cursor()).toBe("5");
});

test("is live with the first word of a server that it goes on from", () => {
  goLive();
  last().onclose?.({ code: 1006 });
  clock.pass(500);
  last().say({ type: "hello", version: 1, heartbeat_s: 10 });
  expect(states.at(-1)).toEqual({ kind: "live" });
});

test("says since when it is lost, over all tries", () => {
  goLive();
  clock.pass(60_000);
  last().onclose?.({ code: 1006 });
  for (let i = 0; i < 4; i++) {
    clock.pass(BACKOFF_MAX_MS);
    last().onclose?.({ code: 1006 });
  }
  expect(states.at(-1)).toMatchObject({ kind: "reconnecting", since: 60_000 });
});

test("a connection that holds resets the back-off, one that flaps does not", () => {
  const pause = () => (states.at(-1) as { retryAt: number }).retryAt - clock.now;
  goLive();
  last().onclose?.({ code: 1006 });
  const first = pause();
  clock.pass(first);
  last().onclose?.({ code: 1006 });
  expect(pause()).toBe(2 * first);
  clock.pass(pause());
  goLive();
  clock.pass(SETTLED_MS);
  last().onclose?.({ code: 1006 });
  expect(pause()).toBe(first);
});

test("three missed beats are a loss, also where the socket says nothing", () => {
  goLive(10);
  clock.pass(29_999);
  expect(states.at(-1)?.kind).toBe("live");
  clock.pass(1);
  expect(states.at(-1)?.kind).toBe("reconnecting");
  expect(sockets[0]!.closed).toBe(true);
});

test("a server that promised no beat may be silent", () => {
  goLive();
  clock.pass(3_600_000);
  expect(states.at(-1)?.kind).toBe("live");
});

test("a connection without a first word is given up", () => {
  clock.pass(HELLO_MS);
  expect(states.at(-1)?.kind).toBe("reconnecting");
});

test("resync asks for a snapshot on the same line", () => {
  goLive();
  last().say({ type: "resync" });
  expect(last().cursor(1)).toBe("");
  expect(sockets.length).toBe(1);
});

test("an error of the server ends it for good", () => {
  last().say({ type: "error", code: "stream_ended", error: "token may not read", hint: "ask" });
  expect(states.at(-1)).toEqual({ kind: "refused", error: "token may not read", hint: "ask", code: "stream_ended" });
  clock.pass(3_600_000);
  expect(sockets.length).toBe(1);
});

test("an unknown version is refused, not guessed at", () => {
  last().say({ type: "hello", version: 2 });
  expect(states.at(-1)?.kind).toBe("refused");
});

test("what is no JSON is a loss", () => {
  last().say("<html>");
  expect(states.at(-1)?.kind).toBe("reconnecting");
});

test("waking tries at once, and only while nothing is tried", () => {
  goLive();
  link.wake();
  expect(sockets.length).toBe(1);
  last().onclose?.({ code: 1006 });
  link.wake();
  expect(sockets.length).toBe(2);
  clock.pass(499);
  expect(sockets.length).toBe(2);
});

test("stopping leaves no timer and no socket", () => {
  goLive(10);
  link.stop();
  expect(last().closed).toBe(true);
  expect(clock.pending).toBe(0);
});

describe("back-off", () => {
  test("doubles to its bound", () => expect([0, 1, 2, 10].map((n) => backoff(n, () => 1))).toEqual([500, 1000, 2000, BACKOFF_MAX_MS]));
  test("jitters by half", () => expect(backoff(3, () => 0)).toBe(2000));
});

test("what else is followed is said anew from where the page is, and again after an interruption", () => {
  link.again(); // the snapshot is still to come
  expect(last().sent).toHaveLength(1);
  goLive(10);
  follows = true;
  link.again();
  expect(last().sent.slice(1).map((s) => JSON.parse(s) as unknown)).toEqual([{ type: "subscribe", cursor: "5", alerts: { types: [], stores: [], devices: [] }, coolers: true, rollouts: true, figures: true }]);
  last().onclose?.({ code: 1006 });
  clock.pass(BACKOFF_MAX_MS);
  link.again(); // the new connection has not been asked for anything
  last().onopen?.();
  expect(last().sent).toHaveLength(1);
  expect(JSON.parse(last().sent[0]!)).toMatchObject({ cursor: "5", rollouts: true });
});

describe("a socket that is long in coming", () => {
  beforeEach(() => {
    goLive();
    hold = true;
    last().onclose?.({ code: 1006 });
    clock.pass(500);
  });
  test("is used when it comes, and is not asked for twice", () => {
    const first = held;
    link.wake();
    expect(held).toBe(first);
    const late = new FakeSocket();
    first.ready(late);
    late.onopen?.();
    expect(late.cursor()).toBe("5");
  });
  test("that cannot be had is tried again", () => {
    held.failed();
    expect(states.at(-1)).toMatchObject({ kind: "reconnecting", retryAt: 1500 });
    hold = false;
    clock.pass(1000);
    expect(sockets.length).toBe(2);
  });
  test("that comes once it is given up is closed, and fails nothing", () => {
    const first = held;
    hold = false;
    clock.pass(HELLO_MS + BACKOFF_MAX_MS);
    const late = new FakeSocket();
    const tried = sockets.length;
    first.ready(late);
    first.failed();
    expect(late.closed).toBe(true);
    expect(last().closed).toBe(false);
    expect(sockets.length).toBe(tried);
  });
  test("that comes once all is stopped is closed", () => {
    link.stop();
    const late = new FakeSocket();
    held.ready(late);
    expect(late.closed).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
