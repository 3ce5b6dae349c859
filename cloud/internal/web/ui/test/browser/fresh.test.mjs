// Figures of KPIs and trade that are looked at follow what is sold and seen, by the real service; quietly: nothing
// moves under the reader's eyes, and what he types, has selected or points at stays.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { eventually, launch, open, shot } from "./browser.mjs";
import { startService } from "./service.mjs";

const HOUR = 3_600_000;
let browser;
let service;
let gtin;
let orders = 0;

before(async () => {
  [browser, service] = await Promise.all([launch(), startService()]);
  gtin = service.plan.products[0].gtin;
  await post("/v1/sales/masters", { products: service.plan.products.map((p) => ({ ...p, own: true, price: 150, cost: 60, currency: "EUR" })), stores: [{ store: "s1", name: "Kiosk Lindenplatz" }, { store: "s2", name: "Station North" }].map((s) => ({ ...s, tz: "UTC", currency: "EUR" })) });
  for (let h = 5; h > 1; h--) await service.look("s1", "cooler-00", {}, { at: new Date(Date.now() - h * HOUR) });
  await sell("s1", 7, 30 * HOUR);
  await sell("s2", 5, 30 * HOUR);
});
after(async () => {
  await browser?.close();
  await service?.close();
});

async function post(path, body) {
  const r = await fetch(service.url + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await r.json();
  assert.ok(r.ok, `POST ${path}: ${r.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** A till tells, late, of what it sold. */
async function sell(store, quantity, ago) {
  const line = { channel: "pos", order: `o-${++orders}`, line: "1", store, gtin, quantity, price: 150, currency: "EUR", sold_at: new Date(Date.now() - ago).toISOString() };
  const { rejected, parked } = await post("/v1/sales/lines", { lines: [line] });
  assert.deepEqual([rejected, parked], [0, 0]);
}

/** From now on notes what a reader would notice: what is dimmed, taken away or moved. */
const watch = (page) =>
  page.evaluate(() => {
    window.noticed = [];
    const gone = new Set();
    for (const row of document.querySelectorAll("tbody tr, .u-over, input, h2")) gone.add(row);
    new MutationObserver((all) => {
      for (const m of all) {
        if (m.target instanceof Element && m.target.matches(".is-loading, .skeleton")) window.noticed.push(`${m.target.className} shows`);
        for (const n of m.removedNodes) if (gone.has(n) || (n instanceof Element && [...gone].some((g) => n.contains(g)))) window.noticed.push(`${n.nodeName} ${n.textContent?.slice(0, 40)} is taken away`);
      }
    }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["class"] });
    new PerformanceObserver((list) => {
      // A figure that gets a digit more may make its column wider; what goes up or down is a jump.
      for (const { node, previousRect: a, currentRect: b } of list.getEntries().flatMap((e) => e.sources)) if (Math.abs(a.y - b.y) >= 1) window.noticed.push(`${node?.nodeName} ${node?.textContent?.slice(0, 40)} jumps by ${b.y - a.y}`);
    }).observe({ type: "layout-shift" });
  });

/** What a reader has under his hand. */
const hand = (page) => page.evaluate(() => ({ y: scrollY, selected: String(getSelection()), focus: document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.tagName, noticed: window.noticed }));

describe("while it is looked at", () => {
  test("KPIs follow a late sale quietly, and move on when an hour ends", async () => {
    const asked = [];
    const page = await open(browser, `${service.url}/kpis`, { height: 600, onRequest: (r) => new URL(r.url()).pathname === "/v1/kpis/outlets" && asked.push(new URL(r.url()).searchParams.get("to")) });
    const units = page.locator(".kpi-tile").filter({ has: page.locator("dt", { hasText: /^Units/ }) }).locator("b");
    const row = page.locator(".kpi-rows tbody tr", { hasText: "Kiosk Lindenplatz" });
    await eventually(async () => assert.equal(await units.innerText(), "12"));
    await row.waitFor();
    await page.locator("details.folded summary").click();
    const weight = page.locator("details.folded").getByLabel("OSA");
    await weight.fill("55");
    await page.locator("#week").evaluate((h) => {
      const range = document.createRange();
      range.selectNodeContents(h);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
    });
    await weight.focus();
    await page.evaluate(() => scrollTo(0, 240));
    await watch(page);
    const was = await hand(page);
    await sell("s1", 4, 29 * HOUR);
    await eventually(async () => assert.equal(await units.innerText(), "16"), 90_000);
    await eventually(async () => assert.match(await row.innerText(), /\b11\b/));
    assert.deepEqual(await hand(page), was);
    assert.equal(await weight.inputValue(), "55");
    await shot(page, "kpis-fresh");

    const [before] = asked.slice(-1);
    await page.clock.setFixedTime(Date.now() + HOUR);
    await eventually(() => assert.ok(Date.parse(asked.at(-1)) >= Date.parse(before) + 0.9 * HOUR, `asked until ${asked.at(-1)}`), 90_000);
    assert.equal(await weight.inputValue(), "55");
    assert.deepEqual((await hand(page)).noticed, []);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  test("sales do too; rows keep their places under the pointer, and take their new ones when it is gone", async () => {
    const page = await open(browser, `${service.url}/trade`, { height: 600 });
    const names = () => page.locator(".kpi-rows .kpi-table tbody th").allInnerTexts();
    const first = page.locator(".kpi-rows .kpi-table tbody tr").first();
    await eventually(async () => assert.deepEqual(await names(), ["Kiosk Lindenplatz", "Station North"]));
    await first.hover();
    await watch(page);
    const was = await hand(page);
    const s2 = page.locator(".kpi-rows .kpi-table tbody tr", { hasText: "Station North" });
    await sell("s2", 40, 28 * HOUR);
    await eventually(async () => assert.match(await s2.innerText(), /\b45\b/), 90_000);
    assert.deepEqual(await names(), ["Kiosk Lindenplatz", "Station North"], "nothing changes places under the pointer");
    assert.deepEqual(await hand(page), was);
    await page.mouse.move(2, 2);
    await sell("s1", 1, 28 * HOUR);
    await eventually(async () => assert.deepEqual(await names(), ["Station North", "Kiosk Lindenplatz"]), 90_000);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });

  test("a time that is over is not drawn anew by what happens after it", async () => {
    const day = (ago) => new Date(Date.now() - ago * 24 * HOUR).toISOString().slice(0, 10);
    const answers = [];
    const page = await open(browser, `${service.url}/kpis?from=${day(9)}&to=${day(7)}`, { height: 600, timezoneId: "UTC" });
    page.on("response", (r) => new URL(r.url()).pathname === "/v1/kpis/outlets" && answers.push(r.url()));
    // All of it is there, and nothing more is on its way.
    await page.locator(".kpi-span").waitFor();
    await page.locator(".kpi-rows .note, .kpi-rows tbody tr").first().waitFor();
    await page.locator(".link-live").waitFor();
    await page.waitForLoadState("networkidle");
    await page.evaluate(() => {
      window.changes = [];
      new MutationObserver((all) => window.changes.push(...all.map((m) => `${m.type} in ${m.target.parentElement?.outerHTML.slice(0, 120)}`))).observe(document.querySelector(".kpis-page"), { subtree: true, childList: true, characterData: true });
    });
    const n = answers.length;
    await sell("s1", 2, 27 * HOUR);
    await eventually(() => assert.ok(answers.length > n, "it is asked whether something changed"), 90_000);
    await page.waitForLoadState("networkidle");
    assert.deepEqual(await page.evaluate(() => window.changes), []);
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
});
