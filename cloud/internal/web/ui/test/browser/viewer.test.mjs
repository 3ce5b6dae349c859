// Who only looks, against the real service: somebody signed in as a viewer goes through every view, follows every
// link and presses every button that he is shown. Nothing that he can reach is refused to him, no form is shown that
// he may not use, and nothing that he presses changes anything. And a fleet of which no cooler is online.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { planogram } from "../fixture/world.mjs";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { startBoards, startCloud } from "./service.mjs";
import { settled } from "./views.mjs";

const ADMIN = { name: "Li", email: "li@brand.example", password: "correct horse battery" };
const VIEWER = { name: "Bo", email: "bo@brand.example", password: "another good one 7" };
let dir;
let browser;
let service;
let boards;
const plan = planogram();
let page;
/** What was refused, and what was sent that is no question. */
const refused = [];
const sent = [];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "coldshelf-viewer-"));
  browser = await launch();
  service = await startCloud(dir, ["--access", "tokens"]);
  const admin = await signUp();
  boards = await startBoards(dir, service, plan, await token(admin));
  await world(admin);
  const link = (await admin("POST", "/v1/users", { name: VIEWER.name, email: VIEWER.email, role: "viewer" })).link;
  const code = /password=(.+)$/.exec(link)[1];
  await ask("POST", "/v1/password", { code: decodeURIComponent(code), password: VIEWER.password });
  page = await open(browser, `${service.url}/`, { expectErrors: true }); // Chromium calls the 401 that asks to sign in an error
  await page.getByLabel("E-mail address").fill(VIEWER.email);
  await page.getByLabel("Password").fill(VIEWER.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.locator(".signed-in", { hasText: VIEWER.name }).waitFor();
  page.expectErrors = false;
  page.on("response", (r) => {
    // A picture that nobody kept is not there for anybody.
    if (r.status() >= 400 && r.status() !== 404) refused.push(`${r.request().method()} ${r.url()} on ${new URL(page.url()).pathname}: ${r.status()}`);
  });
  page.on("request", (r) => {
    const path = new URL(r.url()).pathname;
    // To follow the stream is to look.
    if (r.method() !== "GET" && path !== "/v1/live/tickets") sent.push(`${r.method()} ${path} on ${new URL(page.url()).pathname}`);
  });
});
after(async () => {
  await page?.context().close();
  await browser?.close();
  await boards?.close();
  await service?.halt();
  rmSync(dir, { recursive: true });
});

async function ask(method, path, body, headers = {}) {
  const r = await fetch(service.url + path, { method, headers: { "Content-Type": "application/json", Origin: service.url, ...headers }, body: body && JSON.stringify(body) });
  const text = await r.text();
  if (!r.ok) throw new Error(`${method} ${path}: ${r.status} ${text}`);
  return { answer: text && JSON.parse(text), cookie: r.headers.get("set-cookie")?.split(";")[0] };
}

/** The first admin, by the link of the first start; what is given back asks in his name. */
async function signUp() {
  const code = decodeURIComponent(/\/welcome#setup=(\S+)/.exec(service.said())[1]);
  const { cookie } = await ask("POST", "/v1/setup", { code, ...ADMIN });
  return async (method, path, body) => (await ask(method, path, body, { Cookie: cookie })).answer;
}

const token = async (admin) => (await admin("POST", "/v1/tokens", { name: "boards", role: "admin" })).token;

/** A store with two coolers, one of them with an empty slot and an alert of it; products, and a promotion. */
async function world(admin) {
  await admin("PUT", `/v1/planograms/${plan.id}`, plan);
  await admin("PUT", "/v1/stores/s1", { name: "Kiosk Lindenplatz", lat: 52.52, lon: 13.4, tz: "Europe/Berlin" });
  await admin("PUT", "/v1/coolers/cooler-01", { name: "Beverage door", store: "s1", planogram: plan.id });
  await admin("PUT", "/v1/promotions/p1", { name: "Summer", from: "2026-06-01T00:00:00Z", to: "2026-06-15T00:00:00Z", gtins: [plan.products[0].gtin], stores: ["s1"] });
  const { gtin, name } = plan.products[0];
  await admin("POST", "/v1/sales/masters", { products: [{ gtin, name, price: 300, cost: 200, currency: "EUR" }], stores: [{ store: "s1", name: "Kiosk Lindenplatz", tz: "Europe/Berlin", currency: "EUR", lat: 52.52, lon: 13.4 }] });
  const sale = (channel, quantity) => ({ channel, order: `${channel}-1`, line: "1", store: "s1", gtin, quantity, amount: 300 * quantity, currency: "EUR", sold_at: new Date(Date.now() - 60_000).toISOString() });
  await admin("POST", "/v1/sales/lines", { lines: [sale("till", 5), sale("web", 2)] });
  for (const device of ["cooler-01", "cooler-02"]) await boards.presence("s1", device, true);
  const begun = Date.now() - 60_000;
  for (const [i, states] of [{}, { "2-1": "empty" }, { "2-1": "empty" }].entries()) await boards.look("s1", "cooler-01", states, { at: new Date(begun + i * 3000) });
  await boards.look("s1", "cooler-02", {}, { at: new Date(begun) });
}

/** Where there is a form that changes something, or a control that is there and cannot be used. */
const forms = () => page.locator("form:visible, fieldset[disabled], main button:disabled:visible, .button-primary:visible, input[type=file]").evaluateAll((all) => all.map((e) => e.outerHTML.slice(0, 160)));

describe("a viewer", () => {
  test("is shown every view that a link leads to, and nothing is refused", async () => {
    const seen = new Set();
    const waiting = ["/"];
    const faults = [];
    while (waiting.length > 0) {
      const path = waiting.pop();
      // Rows of one kind are alike: the first of them stands for all.
      const kind = path.replace(/\?.*/, "").replace(/^\/(alerts|coolers)\/.+/, "/$1/x").replace(/^\/setup\/planograms\/.+/, "/setup/planograms/x");
      if (seen.has(kind)) continue;
      seen.add(kind);
      await page.goto(service.url + path);
      await page.locator(".link-live").waitFor();
      await settled(page);
      const name = kind.slice(1).replaceAll("/", "-") || "now";
      await shot(page, `viewer-${name}`, { fullPage: true });
      for (const f of await forms()) faults.push(`${kind}: ${f}`);
      for (const v of await violations(page)) faults.push(`${kind}: ${v}`);
      for (const href of await page.locator("a[href^='/']:not([download])").evaluateAll((all) => all.map((a) => a.getAttribute("href")))) if (!href.startsWith("/v1/")) waiting.push(href);
    }
    assert.deepEqual(faults, []);
    assert.deepEqual(refused, []);
    assert.deepEqual(sent, []);
    for (const kind of ["/", "/alerts", "/alerts/x", "/coolers/x", "/kpis", "/trade", "/trade/stock", "/trade/orders", "/trade/online", "/trade/promotions", "/setup", "/setup/boards", "/setup/stores", "/setup/planograms", "/setup/planograms/x", "/setup/products", "/setup/refused"]) assert.ok(seen.has(kind), `no link leads to ${kind}`);
    for (const kind of ["/setup/rules", "/setup/people", "/setup/integrations", "/setup/access"]) assert.ok(!seen.has(kind), `a link leads to ${kind}`);
  });

  test("may press every button: nothing is changed, nothing is refused", async () => {
    const faults = [];
    for (const path of ["/", "/alerts", "/coolers/cooler-01", "/kpis", "/trade", "/trade/stock?store=s1", "/trade/orders", "/trade/online", "/trade/promotions", "/setup", "/setup/boards", "/setup/stores", "/setup/planograms", `/setup/planograms/${plan.id}`, "/setup/products", "/setup/refused"]) {
      await page.goto(service.url + path);
      await page.locator(".link-live").waitFor();
      await settled(page);
      const buttons = page.locator("main button:visible, main summary:visible");
      const pressed = new Map();
      for (let i = 0; i < (await buttons.count()); i++) {
        // Two of those that look alike stand for all: the heads of a table, the slots of a plan.
        const kind = await buttons.nth(i).evaluate((b) => `${b.localName}.${b.className.replace(/ ?is-\w+/g, "")} ${b.closest("section, nav, table, header")?.className}`);
        pressed.set(kind, (pressed.get(kind) ?? 0) + 1);
        if (pressed.get(kind) > 2) continue;
        await buttons.nth(i).click({ timeout: 5000 }).catch(() => {}); // what one press took away cannot be pressed
        for (const f of await forms()) faults.push(`${path} after ${i + 1}: ${f}`);
        if (new URL(page.url()).pathname !== path.split("?")[0]) await page.goto(service.url + path);
      }
      await settled(page);
      if (path === "/") assert.ok([...pressed.values()].reduce((a, b) => a + b) > 5, `only ${[...pressed.keys()]}`);
    }
    assert.deepEqual([...new Set(faults)], []);
    assert.deepEqual(refused, []);
    assert.deepEqual(sent, []);
  });

  test("sees what each channel sold", async () => {
    await eventually(async () => assert.equal((await (await page.request.get(`${service.url}/v1/kpis/sales`)).json()).rows[0]?.figures.units, 7)); // merged
    await page.goto(`${service.url}/trade?by=channel`);
    const rows = page.locator(".kpi-table tbody tr");
    await rows.nth(1).waitFor();
    assert.match(await rows.nth(0).innerText(), /^till\s+71\s?%\s+5\s/);
    assert.match(await rows.nth(1).innerText(), /^web\s+29\s?%\s+2\s/);
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "CSV" }).click()]);
    assert.match(file.suggestedFilename(), /^channels-/);
    await shot(page, "viewer-channels", { fullPage: true });
    assert.deepEqual(await violations(page), []);
  });

  test("by an address that is not for him, is told so without a refusal", async () => {
    for (const tab of ["rules", "people", "integrations", "access"]) {
      await page.goto(`${service.url}/setup/${tab}`);
      await page.locator(".blank-title").first().waitFor();
      await shot(page, `viewer-closed-${tab}`);
      assert.deepEqual(await forms(), []);
    }
    await page.locator(".link-live").waitFor();
    assert.deepEqual(refused, []);
  });
});

describe("no cooler online", () => {
  test("says so in a sentence, counts none, and claims nothing of the shelves", async () => {
    for (const device of ["cooler-01", "cooler-02"]) await boards.presence("s1", device, false);
    await page.goto(service.url);
    await page.getByRole("heading", { level: 1, name: /^No cooler can be seen now/ }).waitFor();
    const online = page.locator(".kpi", { hasText: "Coolers online" });
    await eventually(async () => assert.match(await online.locator(".kpi-value").innerText(), /^0\s*\/\s*2$/));
    const empty = page.locator(".kpi", { hasText: "Empty slots" });
    assert.equal(await empty.locator(".kpi-value").innerText(), "–");
    assert.equal(await page.locator(".kpi-good").count(), 0, "nothing is called good that nobody sees");
    await shot(page, "viewer-now-offline", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "中文" }).click();
    await shot(page, "viewer-now-offline-zh", { fullPage: true });
    await page.getByRole("button", { name: "EN", exact: true }).click();
    for (const path of ["/coolers/cooler-01", "/setup/boards", "/setup"]) {
      await page.goto(service.url + path);
      await settled(page);
      await page.getByText(/offline/i).first().waitFor();
      await shot(page, `viewer-offline-${path.split("/")[1]}`, { fullPage: true });
    }
    assert.deepEqual(refused, []);
    assert.deepEqual(page.faults, []);
  });
});
