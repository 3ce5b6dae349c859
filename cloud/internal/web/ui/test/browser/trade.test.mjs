// Trade: promotions are entered into the real service; against the made-up world, which has learned
// demand, orders are decided.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { serve } from "../fixture/server.mjs";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { startCloud } from "./service.mjs";

const LEMON = "4006381333931";
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

describe("promotions of the real service", () => {
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
    page = await open(browser, `${service.url}/trade`);
  });
  after(async () => {
    await page?.context().close();
    await service?.halt();
    rmSync(dir, { recursive: true });
  });

  test("a store's deliveries, and what the score weighs, are set and stay set", async () => {
    const own = await open(browser, `${service.url}/trade/orders?store=s1`);
    const card = own.locator(".delivery-card");
    await card.locator("summary").click();
    for (const day of ["Tue", "Wed", "Fri", "Sat", "Sun"]) await card.getByLabel(day, { exact: true }).uncheck();
    await card.getByLabel("Delivered at").fill("06:30");
    await card.getByLabel("No delivery on").fill("Christmas");
    own.expectErrors = true;
    await card.getByRole("button", { name: "Save" }).click();
    await card.getByText(/Christmas/).waitFor(); // what cannot be a date is said, and nothing is set
    await card.getByLabel("No delivery on").fill("12-25, 2027-02-05/2027-02-12");
    await card.getByLabel("Also delivered on").fill("2027-02-04");
    own.expectErrors = false;
    assert.deepEqual(await violations(own), []);
    await shot(own, "trade-deliveries", { fullPage: true });
    await card.getByRole("button", { name: "Save" }).click();
    await card.getByText("its own days").waitFor();
    const get = async (path) => (await fetch(service.url + path)).json();
    assert.deepEqual((await get("/v1/deliveries")).stores.s1, { days: ["Mo", "Th"], at: "06:30", order_by: "15:00", lead_days: 1, off: ["12-25", "2027-02-05/2027-02-12"], extra: ["2027-02-04"] });
    await own.goto(`${service.url}/kpis`);
    const weights = own.locator("details.folded");
    await weights.locator("summary").click();
    await weights.getByLabel("OSA").fill("70");
    assert.deepEqual(await violations(own), []);
    await shot(own, "kpi-weights", { fullPage: true });
    await weights.getByRole("button", { name: "Save" }).click();
    await weights.getByRole("button", { name: "Back to the usual" }).waitFor();
    assert.deepEqual((await get("/v1/kpis/weights")).tenant, { osa: 70, facings: 25, share: 20, order: 15 });
    await own.reload();
    await weights.locator("summary").click();
    await eventually(async () => assert.equal(await weights.getByLabel("OSA").inputValue(), "70"));
    await weights.getByRole("button", { name: "Back to the usual" }).click();
    await eventually(async () => assert.equal(await weights.getByLabel("OSA").inputValue(), "40"));
    assert.equal((await get("/v1/kpis/weights")).tenant, null);
    await own.context().close();
  });

  test("a promotion is entered in Chinese, and taken away", async () => {
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

describe("sales that the real service refuses", () => {
  const SECRET = "a secret of the shop";
  const fields = { order: "$.id", line: "#", revision: "$.v", store: { value: "s1" }, gtin: "ean", quantity: "n", price: "fen", currency: { value: "CNY" }, sold_at: "$.at" };
  let dir;
  let service;
  let page;
  const send = async (method, path, body, headers = {}) => {
    const r = await fetch(service.url + path, { method, headers: { "Content-Type": "application/json", ...headers }, body: typeof body === "string" ? body : JSON.stringify(body) });
    assert.ok(r.ok, `${method} ${path}: ${r.status} ${r.ok ? "" : await r.text()}`);
    return r.json();
  };
  const channel = (lines) =>
    send("PUT", "/v1/sales/channels/shop", {
      kind: "webhook",
      secret: SECRET,
      sign: { header: "X-Sign", algorithm: "hmac-sha256", encoding: "hex", over: "body" },
      mapping: { format: "json", lines, money: "minor", fields, cancel: { from: "$.state", in: ["cancelled"] } },
    });
  const hook = (message) => {
    const body = JSON.stringify(message);
    return send("POST", "/v1/sales/hooks/demo/shop", body, { "X-Sign": createHmac("sha256", SECRET).update(body).digest("hex") });
  };
  before(async () => {
    dir = mkdtempSync(join(tmpdir(), "coldshelf-refused-"));
    service = await startCloud(dir);
    await send("POST", "/v1/sales/masters", { products: [{ gtin: LEMON, name: "Lemon 330 ml", own: true }], stores: [{ store: "s1", name: "Kiosk Lindenplatz", tz: "Asia/Shanghai", currency: "CNY" }] });
    await channel("goods"); // where there are none
    await hook({ id: "77", v: 1, at: "2026-03-02 10:00:00", state: "paid", items: [{ ean: LEMON, n: 2, fen: 300 }] });
    await channel("items");
    await hook({ id: "78", v: 2, at: "2026-03-02 10:00:00", state: "cancelled" });
    await send("PUT", "/v1/sales/channels/till", { kind: "file", mapping: { format: "csv", delimiter: ";", money: "comma", fields: { order: "Bon", line: "#", store: { value: "s1" }, gtin: "EAN", quantity: "Menge", amount: "Betrag", currency: { value: "CNY" }, sold_at: "Zeit" } } });
    page = await open(browser, `${service.url}/trade`, { acceptDownloads: true });
  });
  after(async () => {
    await page?.context().close();
    await service?.halt();
    rmSync(dir, { recursive: true });
  });

  test("a webhook is read again once its mapping is mended; an order cancelled before its lines is listed", async () => {
    await page.getByText("The order is cancelled and none of its lines has come").waitFor();
    await page.getByText("shop · 78").waitFor();
    await page.getByText("the message has no list at goods").waitFor();
    await shot(page, "trade-refused", { fullPage: true });
    await page.getByRole("button", { name: "Read webhooks again" }).click();
    await page.getByText("Webhooks read again: 1, of them without a fault: 1; lines taken: 1").waitFor();
    await page.getByText("No line was refused.").waitFor();
    const { lines } = await (await fetch(`${service.url}/v1/sales/lines?from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z`)).json();
    assert.deepEqual(lines.map((l) => [l.order, l.units, l.amount]), [["77", 2, 600]]);
    const phone = await open(browser, `${service.url}/trade`, { width: 390, height: 844, dark: true, lang: "zh-CN" });
    await phone.getByText("订单已取消，但其明细行尚未到达").waitFor();
    await shot(phone, "trade-refused-phone-zh", { fullPage: true });
    assert.deepEqual(await violations(phone), []);
    await phone.context().close();
  });

  test("a file in Excel's UTF-16 is taken; its bad line comes back as a file that is taken once it is mended", async () => {
    const text = `Bon;EAN;Menge;Betrag;Zeit\r\n1;${LEMON};2;6,00;2026-03-02 11:00:00\r\n2;4006381333932;1;3,00;2026-03-02 11:05:00\r\n`;
    await page.getByRole("button", { name: "Import a file" }).click();
    const load = async (name, buffer, all) => {
      await page.locator("input[type=file]").setInputFiles({ name, mimeType: "text/csv", buffer });
      await page.getByRole("button", { name: "Dry run" }).click();
      await page.getByRole("button", { name: `Import ${all} lines` }).click();
    };
    await load("day.csv", Buffer.from(`\ufeff${text}`, "utf16le"), 1);
    const button = page.getByRole("button", { name: "Save the refused lines" });
    await button.waitFor();
    await shot(page, "trade-import", { fullPage: true });
    const [download] = await Promise.all([page.waitForEvent("download"), button.click()]);
    assert.equal(download.suggestedFilename(), "day.rejected.csv");
    const back = readFileSync(await download.path(), "utf8");
    assert.match(back, /wrong check digit; read it off the pack again/);
    await load("mended.csv", Buffer.from(back.replace("4006381333932", LEMON)), 1);
    await eventually(async () => {
      const { lines } = await (await fetch(`${service.url}/v1/sales/lines?channel=till&from=2026-03-01T00:00:00Z&to=2026-03-03T00:00:00Z`)).json();
      assert.deepEqual(lines.map((l) => [l.order, l.units, l.amount]), [["1", 2, 600], ["2", 1, 300]]);
    });
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

  test("how they did: what became of them, and a file of it; in Chinese on a dark phone too", async () => {
    await page.goto(`${service.url}/trade/orders?status=done`);
    const table = page.locator(".outcomes-table");
    await table.getByText("Ordered as suggested").waitFor();
    assert.match(await table.locator("tbody tr").first().innerText(), /214\s+81\s?%\s+−0\.4/);
    const file = page.locator("section", { has: table }).getByRole("link", { name: "CSV" });
    assert.equal(await file.getAttribute("href"), "/v1/suggestions/outcomes?format=csv");
    assert.deepEqual(await violations(page), []);
    await shot(page, "trade-outcomes", { fullPage: true });
    const phone = await open(browser, `${service.url}/trade/orders?status=done`, { width: 390, height: 844, dark: true, lang: "zh-CN" });
    await phone.locator(".outcomes-table").getByText("按建议订货").waitFor();
    assert.deepEqual(await violations(phone), []);
    await shot(phone, "trade-outcomes-phone-zh", { fullPage: true });
    await phone.context().close();
    await page.goto(`${service.url}/trade/orders`);
  });

  test("how right the forecast is, beside what anybody could do by hand", async () => {
    const card = page.locator(".forecast-card");
    await card.getByText("off by 4.3 units, the week before by 5.3").waitFor();
    await card.locator("summary").click();
    const tables = card.locator("table");
    await tables.nth(1).waitFor();
    assert.match(await tables.nth(0).innerText(), /Forecast[^]*± 4\.3\s+1\.66\s+82\s?%[^]*The same days a week before\s+± 5\.3\s+2\.06/);
    assert.match(await tables.nth(1).innerText(), /Online orders that stores pick[^]*± 4\.6\s+1\.77[^]*The three days before\s+± 6\.5/);
    assert.deepEqual(await tables.locator("b").allInnerTexts(), ["1.66", "1.77"]);
    assert.deepEqual(await violations(page), []);
    await shot(page, "trade-forecast", { fullPage: true });
    await card.locator("summary").click();
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
    const approved = service.world.decided.get("o-2");
    assert.equal(approved.action, "approve");
    assert.ok(approved.seen_cases["o-2"] > 0, "what is approved is what was read");
  });
});
