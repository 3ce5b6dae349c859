// The real cooler-cloud, built here and started on free ports of loopback, fed by the real wire format
// over real MQTT.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { observe, planogram } from "../fixture/world.mjs";

const ROOT = new URL("../../../../../../", import.meta.url).pathname;

export async function freePort() {
  const s = createServer();
  await new Promise((done) => s.listen(0, "127.0.0.1", done));
  const { port } = s.address();
  await new Promise((done) => s.close(done));
  return port;
}

/** Builds a program; `cgo` with the flags of `make env`, which have to be set. */
export function build(dir, name, what, { tags = "", cgo = false } = {}) {
  const out = join(dir, name);
  execFileSync("go", ["build", "-p", "2", "-tags", tags, "-o", out, what], { cwd: ROOT, env: { ...process.env, CGO_ENABLED: cgo ? "1" : "0" }, stdio: ["ignore", "inherit", "inherit"] });
  return out;
}

/** Starts a cooler-cloud on free ports; `said` resolves with what it prints that matches a pattern. */
export async function startCloud(dir, more = []) {
  // COOLER_CLOUD names a binary that is built already; it must hold the page as it is built now.
  const cloud = process.env.COOLER_CLOUD ?? build(dir, "cooler-cloud", "./cloud/cmd/cooler-cloud");
  const [http, mqtt] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${http}`;
  const args = ["serve", "--listen", `127.0.0.1:${http}`, "--mqtt-listen", `127.0.0.1:${mqtt}`, "--data", join(dir, "data"), "--tenant", "demo", "--log-level", "warn", ...more];
  let server;
  let said = "";
  const run = async () => {
    server = spawn(cloud, args, { stdio: ["ignore", "pipe", "inherit"] });
    server.stdout.on("data", (data) => (said += data));
    for (let i = 0; ; i++) {
      if (await fetch(`${url}/readyz`).then((r) => r.ok, () => false)) break;
      if (i > 200 || server.exitCode !== null) throw new Error("cooler-cloud did not become ready");
      await new Promise((done) => setTimeout(done, 50));
    }
  };
  const halt = () => new Promise((done) => (server.exitCode === null ? (server.once("exit", done), server.kill("SIGTERM")) : done()));
  await run();
  return { url, mqtt, run, halt, said: () => said };
}

/** Boards that speak to a service, made up here; with `token` they show an admin's token to its broker. */
export async function startBoards(dir, { mqtt }, plan, token = "") {
  const feed = process.env.FEED ?? build(dir, "feed", "./cloud/internal/web/ui/test/feed");
  const feeder = spawn(feed, ["--broker", `tcp://127.0.0.1:${mqtt}`, "--tenant", "demo", ...(token ? ["--username", "admin"] : [])], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, FEED_PASSWORD: token } });
  const acked = new Set();
  const waiting = [];
  let ready;
  let up = new Promise((done) => (ready = done));
  const ended = new Promise((_, fail) => feeder.once("exit", (code) => fail(new Error(`the boards ended with status ${code} before they could speak`))));
  ended.catch(() => {}); // at the end they do
  createInterface({ input: feeder.stdout }).on("line", (text) => {
    const m = JSON.parse(text);
    if (m.ready) ready();
    for (const r of m.body?.ranges ?? []) for (let seq = r.from; seq <= r.to; seq++) acked.add(`${m.device} ${r.boot} ${seq}`);
    if (m.body?.rejected?.length) throw new Error(`rejected: ${JSON.stringify(m.body.rejected)}`);
    for (const w of waiting.splice(0)) w();
  });
  await Promise.race([up, ended]);

  const seqs = new Map();
  /** Sends one message of a board; resolves with its seq once the service has stored it. */
  async function send(store, device, kind, body, at = new Date()) {
    const up = kind !== "status";
    const seq = up ? (seqs.get(device) ?? 0) + 1 : 0;
    if (up) seqs.set(device, seq);
    feeder.stdin.write(`${JSON.stringify({ tenant: "demo", store, device, boot: 1, seq, captured_at: at.toISOString(), kind, body })}\n`);
    const patience = setTimeout(() => {
      throw new Error(`the service did not acknowledge ${kind} ${seq} of ${device}`);
    }, 20_000);
    while (up && !acked.has(`${device} 1 ${seq}`)) await new Promise((done) => waiting.push(done));
    clearTimeout(patience);
    return seq;
  }

  return {
    send,
    /** A board says that it is there, or its broker that it is not. */
    presence(store, device, online, at = new Date()) {
      return send(store, device, "status", { online, at: at.toISOString(), boot: 1, ...(online ? { birth: { agent_version: "0.1.0", model: "facings 0.3", started_at: at.toISOString() } } : {}) }, at);
    },
    /** A look with slots in the given states, and its picture where there is one. */
    async look(store, device, states, { at = new Date(), jpeg } = {}) {
      const { boot, seq, ...body } = observe(plan, states, { at: at.getTime() });
      const n = await send(store, device, "observation", body, at);
      if (jpeg) await send(store, device, "picture", { observation_seq: n, jpeg: jpeg.toString("base64"), width: body.width, height: body.height, purpose: "evidence" }, at);
      return { ...body, boot: 1, seq: n };
    },
    /** Promises the next connection: to be called before the service halts, and awaited when it runs again. */
    again() {
      return (up = new Promise((done) => (ready = done)));
    },
    async close() {
      feeder.stdin.end();
      if (feeder.exitCode === null) await new Promise((done) => feeder.once("exit", done));
    },
  };
}

/** Starts a service with one planogram published, and boards beside it. */
export async function startService() {
  const dir = mkdtempSync(join(tmpdir(), "coldshelf-web-"));
  const plan = planogram();
  const cloud = await startCloud(dir);
  await put(`${cloud.url}/v1/planograms/${plan.id}`, plan);
  const { close, again, ...boards } = await startBoards(dir, cloud, plan);
  let up;
  return {
    url: cloud.url,
    plan,
    ...boards,
    async halt() {
      up = again();
      await cloud.halt();
    },
    /** Starts it again, and waits until the boards have found it. */
    async run() {
      await cloud.run();
      await up;
    },
    async close() {
      await close();
      await cloud.halt();
      rmSync(dir, { recursive: true });
    },
  };
}

export async function put(url, body) {
  const r = await fetch(url, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!r.ok) throw new Error(`PUT ${url}: ${r.status} ${await r.text()}`);
  return r.json();
}
