// Trade: against the real service what is sent and entered comes back as figures; against the made-up
// world, which has learned demand, orders are decided.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../fixture/server.mjs";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { put, startCloud } from "./service.mjs";

const LEMON = "4006381333931";
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

describe("sales, stock and web orders of the real service", () => {
  let dir;
  let service;
  let page;
  const post = async (path, body) => {
    const r = await fetch(service.url + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    assert.ok(r.ok, `POST ${path}: ${r.status} ${r.ok ? "" : await r.text()}`);
    return r.json();
  };
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "coldshelf-trade-"));
    service = await startCloud(dir);
    await post("/v1/sales/masters", { products: [{ gtin: LEMON, name: "Lemon 330 ml", name_zh: "柠檬汽水 330 毫升", own: true, price: 300, cost: 200, currency: "CNY" }], stores: [{ store: "s1", name: "Kiosk Lindenplatz", tz: "Asia/Shanghai", currency: "CNY", lat: 31.2, lon: 121.4 }] });
    await put(`${service.url}/v1/sales/channels/till`, { kind: "file", mapping: { format: "csv", fields: { order: "receipt", line: "#", store: { value: "s1" }, gtin: "ean", quantity: "qty", price: "price", currency: { value: "CNY" }, sold_at: "time" } } });
    page = await open(browser, `${service.url}/trade`);
  });
  after(async () => {
    await page?.context().close();
    await service?.halt();
    rmSync(dir, { recursive: true });
  });

  test("a file is tried first, then taken, and its figures appear", async () => {
    await page.getByText("Nothing was sold in this time").first().waitFor();
    const at = new Date(Date.now() - 2 * 3600e3).toISOString();
    const csv = `receipt,ean,qty,price,time\nr1,${LEMON},3,3.00,${at}\nr2,${LEMON},2,3.00,${at}\nr3,4006381333932,1,3.00,${at}\n`;
    await page.getByRole("button", { name: "Import a file", exact: true }).click();
    await page.getByLabel(/^File/).setInputFiles({ name: "day.csv", mimeType: "text/csv", buffer: Buffer.from(csv) });
    await page.getByRole("button", { name: "Dry run" }).click();
    await page.getByText("Dry run: nothing is stored yet.").waitFor();
    await page.locator(".outcome .ink-empty").first().waitFor();
    assert.equal((await (await fetch(`${service.url}/v1/sales/lines`)).json()).lines?.length ?? 0, 0, "a dry run stores nothing");
    await shot(page, "trade-dry-run", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Import 2 lines" }).click();
    await page.getByText("2 lines were stored.").waitFor();
    // Merged hours follow within seconds; the page reads them when it is asked again.
    await eventually(async () => {
      await page.reload();
      await page.locator(".sales-figures b", { hasText: /^5$/ }).waitFor({ timeout: 3000 });
    }, 120_000);
    await page.getByRole("link", { name: "Kiosk Lindenplatz" }).click();
    await page.getByRole("link", { name: /Lemon 330 ml/ }).waitFor();
    assert.match(page.url(), /store=s1/);
  });

  test("a count is entered, and what moved stands below with its cause", async () => {
    await page.locator(".tabs").getByRole("link", { name: "Stock book" }).click();
    await page.getByRole("button", { name: /Lemon 330 ml/ }).click();
    await page.locator("#moves").waitFor();
    await page.getByRole("button", { name: "Enter a movement", exact: true }).first().click();
    await page.getByLabel("Units").fill("20");
    await page.locator("form").getByRole("button", { name: "Enter a movement" }).click();
    await page.getByRole("cell", { name: "Count", exact: true }).waitFor();
    await page.getByRole("cell", { name: "Sale", exact: true }).first().waitFor();
    await eventually(async () => assert.equal(await page.locator(".stock-table tbody td").nth(1).innerText(), "20"));
    await shot(page, "trade-stock", { fullPage: true });
    assert.deepEqual(await violations(page), []);
  });

  test("a web order is seen where it is reserved, and released", async () => {
    await post("/v1/orders/route", { channel: "shop", order: "W-1", lat: 31.21, lon: 121.41, lines: [{ gtin: LEMON, units: 6 }], weights: { closed: true } });
    await page.locator(".tabs").getByRole("link", { name: "Online orders" }).click();
    await page.getByText("6 × Lemon 330 ml").waitFor();
    await page.getByRole("link", { name: "Kiosk Lindenplatz" }).waitFor();
    await shot(page, "trade-online");
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Release" }).click();
    await page.getByRole("button", { name: "Yes, release W-1" }).click();
    await page.locator(".online-cancelled").waitFor();
  });

  test("a promotion is entered in Chinese, changed and taken away", async () => {
    await page.getByRole("button", { name: "中文" }).click();
    await page.locator(".tabs").getByRole("link", { name: "促销" }).click();
    await page.getByRole("button", { name: "新增促销" }).click();
    await page.getByLabel("编码", { exact: false }).first().fill("may");
    await page.getByLabel("名称").fill("五月柠檬");
    await page.getByLabel("开始").fill("2026-05-01T00:00");
    await page.getByLabel("结束").fill("2026-05-08T00:00");
    await page.getByLabel(/^商品/).fill(LEMON);
    await page.getByLabel(/^门店（/).fill("s1");
    await page.getByRole("button", { name: "保存" }).click();
    await page.getByText("五月柠檬").first().waitFor();
    await shot(page, "trade-promotions-zh", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "删除: 五月柠檬" }).click();
    await page.getByRole("button", { name: "确认删除 五月柠檬" }).click();
    await page.getByText("尚未录入促销").waitFor();
    assert.deepEqual(page.faults, []);
  });
});

describe("orders that are suggested", () => {
  let service;
  let page;
  before(async () => {
    service = await serve({ coolers: 6 });
    page = await open(browser, `${service.url}/trade/orders`);
  });
  after(async () => {
    await page?.context().close();
    await service?.close();
  });

  test("the most money first; one is changed, others approved together", async () => {
    const rows = page.locator(".orders-table tbody tr");
    await rows.nth(7).waitFor();
    await shot(page, "trade-orders", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    const gains = (await page.locator(".orders-table tbody b").allInnerTexts()).map((x) => Number(x.replace(/[^\d.]/g, "")));
    assert.deepEqual(gains, [...gains].sort((a, b) => b - a));
    await rows.first().getByRole("spinbutton").fill("9");
    await rows.first().getByRole("button", { name: "Order 9" }).click();
    await eventually(async () => assert.equal(await rows.count(), 7));
    assert.deepEqual([service.world.decided.get("o-0").action, service.world.decided.get("o-0").cases], ["change", 9]);
    await rows.nth(0).getByRole("checkbox").check();
    await rows.nth(1).getByRole("checkbox").check();
    await page.getByRole("button", { name: "Approve 2 orders" }).click();
    await eventually(async () => assert.equal(await rows.count(), 5));
    assert.deepEqual(service.world.decided.get("o-2").action, "approve");
  });

  test("how those that are over did", async () => {
    await page.getByRole("button", { name: "How they did" }).click();
    await page.getByText("within the forecast’s range").or(page.getByText("within the forecast's range")).first().waitFor();
    await page.getByText("outside of the forecast").waitFor();
    await shot(page, "trade-orders-done", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    assert.deepEqual(page.faults, []);
  });
});
