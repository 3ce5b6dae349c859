// The KPI pages, from all stores down to one SKU in one store.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { eventually, shot, violations } from "./browser.mjs";
import { stage } from "./stage.mjs";

const s = stage();
const drawn = () => Promise.all([s.page.locator(".kpi-tile").first().waitFor(), s.page.locator(".kpi-rows .kpi-table tbody tr").first().waitFor(), s.page.locator(".u-over").first().waitFor()]);
const heads = () => s.page.locator(".kpi-rows .kpi-head > button").allInnerTexts();

describe("KPIs", () => {
  test("from all stores into one, into one SKU of it, and back", async () => {
    const page = await s.go("/kpis");
    await drawn();
    assert.ok((await heads()).some((h) => h.startsWith("Score")));
    const store = page.getByRole("row", { name: /^Kiosk Lindenplatz/ });
    assert.match(await store.innerText(), /€[\d,.]+[^€]*\d+% in stock, not on the shelf/, "how much it loses, and why");
    assert.match(await page.locator(".kpi-tile", { hasText: "Lost sales" }).innerText(), /% in stock, not on the shelf/);
    await page.getByRole("link", { name: "Kiosk Lindenplatz" }).click();
    await page.getByRole("heading", { level: 1, name: "Kiosk Lindenplatz" }).waitFor();
    await page.getByRole("link", { name: /^North Lake Lemon 330 ml/ }).click();
    await page.getByRole("heading", { level: 1, name: "North Lake Lemon 330 ml" }).waitFor();
    assert.match(page.url(), /\/kpis\?store=s-1&sku=\d{13}$/);
    await page.getByRole("button", { name: "Show without Kiosk Lindenplatz" }).click();
    await page.locator(".kpi-rows .kpi-table tbody tr").nth(3).waitFor();
    assert.match(page.url(), /\/kpis\?sku=\d{13}$/);
    await page.getByRole("link", { name: "All stores" }).click();
    await page.getByRole("heading", { level: 1, name: "How the shelf does" }).waitFor();
  });

  test("the address holds the whole question: it can be sent on, and gone back to", async () => {
    const page = await s.go("/kpis?days=28&by=brand&compare=year");
    await drawn();
    assert.equal(await page.getByRole("button", { name: "28 d" }).getAttribute("aria-pressed"), "true");
    assert.equal(await page.getByLabel("Compared with").inputValue(), "year");
    await page.getByRole("link", { name: "Jade Leaf", exact: true }).waitFor();
    await page.getByRole("button", { name: "91 d" }).click();
    await eventually(() => assert.match(page.url(), /days=91/));
    await page.goBack();
    await eventually(async () => assert.equal(await page.getByRole("button", { name: "28 d" }).getAttribute("aria-pressed"), "true"));
  });

  test("days of one's own", async () => {
    const page = await s.go("/kpis");
    await drawn();
    await page.getByRole("button", { name: "From and to" }).click();
    await page.getByLabel("From", { exact: true }).fill("2026-11-02");
    await page.getByLabel("To", { exact: true }).fill("2026-11-08");
    await eventually(() => assert.match(page.url(), /from=2026-11-02&to=2026-11-08/));
    await page.getByText(/2 Nov 2026/).first().waitFor();
  });

  test("sorts by any KPI, and says what each means and how much was seen", async () => {
    const page = await s.go("/kpis?by=sku");
    await drawn();
    await page.getByRole("button", { name: "OSA", exact: true }).click();
    const column = async () => (await page.locator(".kpi-rows .kpi-table tbody tr td:nth-child(2)").allInnerTexts()).map((s) => Number.parseFloat(s));
    await eventually(async () => {
      const got = await column();
      assert.deepEqual(got, [...got].sort((a, b) => b - a));
    });
    const values = page.locator(".kpi-rows .kpi-table tbody td");
    const said = page.getByRole("tooltip");
    await values.first().focus();
    assert.match(await said.innerText(), /^OSA: [\d.]+%\nTime on the shelf ÷ time observed.*\nCoverage \d+\u00a0?%/s);
    assert.equal(await values.first().getAttribute("aria-describedby"), await said.getAttribute("id"));
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press("ArrowRight");
    await eventually(async () => assert.match(await said.innerText(), /^(?!OSA: )/));
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Home");
    await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.closest("tr").rowIndex), 2));
    assert.match(await said.innerText(), /^OSA: /);
    await page.keyboard.press("Escape");
    await eventually(async () => assert.equal(await said.count(), 0));
    await values.nth(2).hover();
    await said.waitFor();
    await shot(page, "kpis-explained");
    await page.getByRole("button", { name: "OSA?" }).last().focus();
    await page.getByRole("tooltip").waitFor();
  });

  test("the week has each hour, and what was not seen is not drawn as good or bad", async () => {
    const page = await s.go("/kpis");
    await drawn();
    assert.equal(await page.locator(".heat tbody td").count(), 7 * 24);
    assert.equal(await page.locator(".heat-unseen").count(), 7 * 7);
    assert.match(await page.locator(".heat tbody td:not(.heat-unseen)").first().getAttribute("data-explain"), /^Mon 6:00: \d+%, \d+% seen$/);
  });

  test("a promotion: sold beside what would have been sold", async () => {
    const page = await s.go("/kpis");
    const row = page.getByRole("row", { name: /^Lemon week/ });
    await row.waitFor();
    await row.getByText("1,420 sold").waitFor();
    await row.getByText("1,088 without it").waitFor();
    assert.match(await row.innerText(), /\+332\s+\+31%/);
    await page.getByRole("link", { name: "Kiosk Lindenplatz" }).click();
    await page.getByRole("heading", { level: 1, name: "Kiosk Lindenplatz" }).waitFor();
    assert.equal(await row.count(), 0, "promotions are of the whole trade");
  });

  test("exports are the service's own files of the same question", async () => {
    const page = await s.go("/kpis?store=s-1&days=28");
    await drawn();
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Excel" }).click()]);
    assert.equal(file.suggestedFilename(), "availability.xlsx");
    const href = new URL(await page.getByRole("link", { name: "CSV" }).evaluate((a) => a.href));
    assert.deepEqual([href.pathname, href.searchParams.get("by"), href.searchParams.get("stores"), href.searchParams.get("format")], ["/v1/kpis/availability", "sku", "s-1", "csv"]);
    assert.ok((await readFile(await file.path())).length > 0);
  });

  test("on paper: no controls, but the definitions", async () => {
    const page = await s.go("/kpis");
    await drawn();
    await page.emulateMedia({ media: "print" });
    await page.getByRole("heading", { name: "Definitions", includeHidden: true }).waitFor();
    assert.equal(await page.getByRole("button", { name: "Print report" }).isVisible(), false);
    assert.equal(await page.locator(".nav").isVisible(), false);
    await shot(page, "kpis-print", { fullPage: true });
    await page.pdf({ path: new URL("../../../../../../.artefacts/web/kpis-report.pdf", import.meta.url).pathname, format: "A4", landscape: true });
  });

  test("nothing merged yet is said, not drawn as nought", async () => {
    s.service.world.unmerged = true;
    const page = await s.go("/kpis");
    await page.getByText("No figures for this time").first().waitFor();
    assert.equal(await page.locator(".kpi-tile").count(), 0);
    await shot(page, "kpis-empty");
    assert.deepEqual(await violations(page), []);
  });

  test("a failure can be tried again", async () => {
    const page = await s.go("/");
    page.expectErrors = true;
    s.service.failRest(503);
    await page.goto(`${s.service.url}/kpis`);
    await page.getByText("This could not be loaded").first().waitFor();
    s.service.restore();
    await page.getByRole("button", { name: "Try again" }).first().click();
    await page.locator(".kpi-tile").first().waitFor();
  });
});

describe("KPIs look right and are accessible", () => {
  const SHAPES = { "light-en": {}, "dark-zh": { dark: true, lang: "zh-CN" }, "phone-en": { width: 390, height: 844 }, "wall-dark-en": { width: 1920, height: 1080, dark: true } };
  for (const [shape, options] of Object.entries(SHAPES)) {
    test(shape, async () => {
      const page = await s.go("/kpis?by=brand&days=28", options);
      await drawn();
      await page.waitForLoadState("networkidle");
      await shot(page, `kpis-${shape}`, { fullPage: true });
      assert.deepEqual(await violations(page), []);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
    });
  }
});
