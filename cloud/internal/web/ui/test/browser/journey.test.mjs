// The main journey against the real service: a cooler appears by itself, sells out before one's eyes,
// is taken on, and is filled again. In both languages, and over a restart of the service.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { draw, observe } from "../fixture/world.mjs";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { put, startService } from "./service.mjs";

const STORE = "lindenplatz";
const DEVICE = "cooler-01";
let browser;
let service;
let clock;

before(async () => {
  browser = await launch();
  service = await startService();
  clock = Date.now() - 60e3;
});
after(async () => {
  await browser?.close();
  await service?.close();
});

/** A look three seconds after the last one, with a picture drawn of it. */
async function look(states) {
  clock += 3e3;
  const page = await browser.newPage({ viewport: { width: 1280, height: 960 } });
  await page.setContent(`<style>body{margin:0}</style>${draw(observe(service.plan, states))}`);
  const jpeg = await page.screenshot({ type: "jpeg", quality: 80 });
  await page.close();
  return service.look(STORE, DEVICE, states, { at: new Date(clock), jpeg });
}

describe("a day at Lindenplatz", () => {
  let page;
  after(() => page?.context().close());

  test("an empty service says how to begin, then the cooler appears by itself", async () => {
    page = await open(browser, `${service.url}/`);
    await page.getByText("No cooler reports yet").waitFor();
    await service.presence(STORE, DEVICE, true, new Date(clock));
    await look({});
    await page.getByRole("heading", { level: 1, name: "Every shelf that can be seen is stocked" }).waitFor();
    await eventually(async () => assert.equal(await page.locator(".row-link").innerText(), DEVICE));
  });

  test("a name and a store given over the API show at once", async () => {
    await put(`${service.url}/v1/stores/${STORE}`, { name: "Kiosk Lindenplatz", lat: 52.52, lon: 13.4, tz: "Europe/Berlin" });
    await put(`${service.url}/v1/coolers/${DEVICE}`, { name: "Beverage door", store: STORE, planogram: service.plan.id });
    await page.getByRole("link", { name: "Beverage door" }).waitFor();
  });

  test("readings show in its row", async () => {
    await service.send(STORE, DEVICE, "telemetry", { climate: [{ at: new Date(clock).toISOString(), temp_mc: 4321 }], doors: [{ at: new Date(clock).toISOString(), open: false }] }, new Date(clock));
    await page.getByText("4.3 °C").waitFor();
  });

  test("it sells out, and the alert comes live", async () => {
    await look({ "2-1": "low" });
    await look({ "2-1": "empty" });
    await page.getByRole("heading", { level: 1, name: "1 cooler has empty slots" }).waitFor();
    assert.equal(await page.locator(".panel .alert").count(), 0, "one look is no alert");
    await look({ "2-1": "empty" });
    await page.locator(".alert.is-fresh .alert-subject", { hasText: "North Lake Lemon 330 ml" }).waitFor();
    await page.getByText(/^New alert: Stockout, North Lake Lemon/).waitFor({ state: "attached" });
    await eventually(async () => assert.equal(await page.locator(".link-live").count(), 1));
    await shot(page, "journey-now-stockout");
    assert.deepEqual(await violations(page), []);
  });

  test("its picture and planogram show the empty slot", async () => {
    await page.getByRole("link", { name: "Beverage door", exact: true }).click();
    await page.locator(".slotbox-empty", { hasText: "Lemon 330 ml" }).waitFor();
    await page.locator(".plan-empty", { hasText: "Lemon 330 ml" }).waitFor();
    await page.locator(".history-row .seg-empty").waitFor();
    assert.ok(await page.locator(".picture img").evaluate((i) => i.decode().then(() => i.naturalWidth === 1280)));
    await page.waitForLoadState("networkidle");
    await shot(page, "journey-cooler-stockout", { fullPage: true });
    assert.deepEqual(await violations(page), []);
  });

  test("the alert has its evidence, and is taken on with a note", async () => {
    await page.getByRole("link", { name: /^North Lake Lemon 330 ml/ }).click();
    await page.getByText("Stockout · Open").waitFor();
    await page.locator(".shot img").nth(1).waitFor();
    for (const image of await page.locator(".shot img").all()) assert.ok(await image.evaluate((i) => i.decode().then(() => true, () => false)));
    await eventually(async () => assert.equal(await page.locator(".shot img").count(), 2));
    await page.getByLabel("Note (optional)").fill("driver is on the way");
    await page.getByRole("button", { name: "Acknowledge", exact: true }).click();
    await page.getByText("Stockout · Acknowledged").waitFor();
    await page.getByText(/driver is on the way/).waitFor();
    await page.getByRole("button", { name: "中文" }).click();
    await page.getByText("缺货 · 已确认").waitFor();
    await shot(page, "journey-alert-zh");
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "EN", exact: true }).click();
  });

  test("it is given to somebody, talked about and muted", async () => {
    const detail = page.locator(".detail");
    await detail.getByRole("button", { name: "Assign" }).click();
    await detail.getByLabel("Your name").fill("Mei");
    await detail.getByLabel("Assign to").fill("Route 7");
    await detail.locator("form").getByRole("button", { name: "Assign", exact: true }).click();
    await detail.getByText("Assigned to Route 7").waitFor();
    await detail.getByRole("button", { name: "Comment" }).click();
    await detail.getByLabel("Comment").fill("two trays ordered");
    await detail.getByRole("button", { name: "Send" }).click();
    await detail.locator(".talk-text", { hasText: "two trays ordered" }).waitFor();
    await detail.getByRole("button", { name: "Mute" }).click();
    await detail.getByRole("button", { name: "1 h", exact: true }).click();
    await detail.getByRole("button", { name: "Unmute" }).waitFor();
    const { alerts } = await (await fetch(`${service.url}/v1/alerts?state=acknowledged`)).json();
    assert.equal(alerts[0].assigned.to, "Route 7");
    assert.equal(alerts[0].assigned.by, "Mei");
    assert.deepEqual(alerts[0].comments.map((c) => [c.by, c.text]), [["Mei", "two trays ordered"]]);
    assert.ok(Date.parse(alerts[0].muted.until) > Date.now());
    await shot(page, "journey-alert-talk");
    assert.deepEqual(await violations(page), []);
  });

  test("what is selected in the list takes one word together", async () => {
    await page.getByRole("link", { name: "All alerts" }).or(page.locator(".nav").getByRole("link", { name: /^Alerts/ })).first().click();
    await page.getByRole("button", { name: "Acknowledged" }).click();
    await page.getByLabel("Select all shown").check();
    const bulk = page.getByRole("group", { name: "With the selected alerts" });
    await bulk.getByRole("button", { name: "Unmute" }).click();
    await page.getByText("Done for 1 alert").waitFor();
    await page.locator(".alert-body").first().click();
    await page.getByText("Stockout · Acknowledged").waitFor();
  });

  test("a restart of the service is survived: stale, then live again from the cursor", async () => {
    page.expectErrors = true;
    await service.halt();
    await page.getByText(/Connection lost/).waitFor();
    await shot(page, "journey-stale");
    await service.run();
    await page.locator(".link-live").waitFor();
    page.expectErrors = false;
    await page.getByText("Stockout · Acknowledged").waitFor();
  });

  test("the restock is seen and resolves it", async () => {
    await look({});
    await look({});
    await page.getByText("Stockout · Resolved").waitFor();
    await page.getByText("Seen in order again").waitFor();
    await page.locator(".nav").getByRole("link", { name: "Now" }).click();
    await page.getByRole("region", { name: "Just resolved" }).getByText("North Lake Lemon 330 ml").waitFor();
    await page.getByRole("heading", { level: 1, name: "Every shelf that can be seen is stocked" }).waitFor();
    await shot(page, "journey-now-calm");
  });

  test("the day's KPIs are merged from what was seen, and exported", async () => {
    // The service merges behind the ingest: what it has so far is asked for until the slot's gap is in it.
    await eventually(async () => {
      const { rows } = await (await fetch(`${service.url}/v1/kpis/availability?by=store`)).json();
      assert.ok(rows[0]?.figures.facings.value < 1, `merged so far: ${JSON.stringify(rows)}`);
    }, 90_000);
    await page.goto(`${service.url}/kpis?days=1&compare=`);
    await page.getByRole("link", { name: "Kiosk Lindenplatz" }).click();
    await page.getByRole("heading", { level: 1, name: "Kiosk Lindenplatz" }).waitFor();
    const lemon = page.getByRole("row", { name: /^North Lake Lemon 330 ml/ });
    await lemon.waitFor();
    // One of its two slots was empty: it was on the shelf all the time, with fewer facings than are due.
    const [osa, facings] = (await lemon.locator("td").allInnerTexts()).map((text) => Number.parseFloat(text));
    assert.equal(osa, 100);
    assert.ok(facings > 0 && facings < 100, `facings are ${facings} % of those due`);
    await page.waitForLoadState("networkidle");
    await shot(page, "journey-kpis", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    for (const [name, head] of [["CSV", /osa/], ["Excel", /^PK/]]) {
      const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name }).click()]);
      const { readFile } = await import("node:fs/promises");
      assert.match((await readFile(await file.path(), "latin1")).slice(0, 4000), head);
    }
    await page.locator(".nav").getByRole("link", { name: "Now" }).click();
  });

  test("a store, a name and a planogram are set up on the page", async () => {
    await page.locator(".nav").getByRole("link", { name: "Set-up" }).click();
    await page.getByRole("link", { name: "Stores" }).click();
    await page.getByRole("button", { name: /^Kiosk Lindenplatz/ }).click();
    await page.getByLabel("Name").fill("Kiosk am Lindenplatz");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: /^Kiosk am Lindenplatz/ }).waitFor();
    await page.getByRole("link", { name: "Coolers" }).click();
    await page.getByRole("button", { name: /^Beverage door/ }).click();
    await page.getByLabel("Name").fill("Door by the till");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: /^Door by the till/ }).waitFor();
    await shot(page, "setup-coolers");
    assert.deepEqual(await violations(page), []);
  });

  test("a planogram is drawn by keyboard and by hand, and published as a new version", async () => {
    await page.getByRole("link", { name: "Planograms" }).click();
    await page.getByRole("link", { name: /^Beverage door 600/ }).click();
    await page.getByRole("button", { name: "1-4: North Lake Lemon 330 ml" }).focus();
    await page.keyboard.press("Delete");
    const slot = page.getByRole("button", { name: "1-3: North Lake Orange 330 ml" });
    await slot.focus();
    await page.keyboard.press("Shift+ArrowRight");
    await slot.click();
    assert.equal(await page.getByLabel("Width, mm", { exact: true }).inputValue(), "205");
    const edge = await slot.locator(".edit-edge").boundingBox();
    await page.mouse.move(edge.x + 4, edge.y + 40);
    await page.mouse.down();
    await page.mouse.move(edge.x + 64, edge.y + 40, { steps: 4 });
    await page.mouse.up();
    await page.waitForFunction(() => [...document.querySelectorAll(".form input[type=number]")].some((i) => Number(i.value) > 230));
    await page.getByLabel("Facings due").fill("4");
    await shot(page, "setup-planogram");
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Publish version 4" }).click();
    await page.getByRole("button", { name: "Publish version 5" }).waitFor();
    const saved = await (await fetch(`${service.url}/v1/planograms/${service.plan.id}`)).json();
    assert.equal(saved.version, 4);
    assert.equal(saved.shelves[0].slots.find((s) => s.id === "1-3").facings, 4);
  });

  test("a fault in a planogram is told in the server's words", async () => {
    page.expectErrors = true;
    await page.getByLabel("Facings due").waitFor({ state: "hidden" });
    await page.getByRole("button", { name: "1-1: North Lake Cola 330 ml" }).click();
    await page.getByLabel("Product").selectOption("");
    await page.getByLabel("GTIN", { exact: true }).fill("6900000000001");
    await page.getByRole("button", { name: "Publish version 5" }).click();
    await page.getByText(/Not saved: .*shelf 1, slot 1 \(1-1\)/s).or(page.getByText(/Not saved: .*check digit/s)).waitFor();
    await shot(page, "setup-planogram-fault");
    page.expectErrors = false;
    await page.locator(".nav").getByRole("link", { name: "Now" }).click();
  });

  test("a webhook is made, its secret told once, and removed", async () => {
    await page.locator(".nav").getByRole("link", { name: "Set-up" }).click();
    await page.getByRole("link", { name: "Integrations" }).click();
    await page.getByRole("button", { name: "Add a webhook" }).click();
    await page.getByLabel("Address").fill("https://orders.example/coldshelf");
    await page.getByLabel("Critical").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/^whsec_/).waitFor();
    await page.getByText("CloudEvents, signed · Critical").waitFor();
    await shot(page, "setup-integrations");
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Remove: https://orders.example/coldshelf" }).click();
    await page.getByRole("button", { name: "Remove it" }).click();
    await page.getByText("Nothing is told elsewhere yet.").waitFor();
    await page.locator(".nav").getByRole("link", { name: "Now" }).click();
  });

  test("a rule is tried on the past, put in force, and refused where it is faulty", async () => {
    await page.locator(".nav").getByRole("link", { name: "Set-up" }).click();
    await page.getByRole("link", { name: "Rules" }).click();
    await page.getByText("The defaults hold for everything.").waitFor();
    await page.getByRole("button", { name: "Add a rule" }).click();
    await page.getByLabel("Opens after bad looks").fill("1");
    await page.getByLabel("of the last").fill("1");
    await page.getByRole("button", { name: "Try it on the last 7 days" }).click();
    const row = page.getByRole("row", { name: /^Stockout/ });
    await row.waitFor();
    const figures = (await row.locator("td").allInnerTexts()).slice(1, 3).map(Number);
    assert.ok(figures[0] >= 1 && figures[1] >= figures[0], `in force and with the rule: ${figures}`);
    await shot(page, "setup-rules", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Put in force" }).click();
    await eventually(async () => {
      const { text } = await (await fetch(`${service.url}/v1/rules`)).json();
      assert.match(text, /types: \[stockout\]\n  open: \{bad: 1, of: 1\}/);
    });
    await page.getByRole("button", { name: "Text" }).click();
    await page.getByLabel("Rules as YAML").fill("version: 1\nrules:\n- types: [stokout]\n  close: 1\n");
    page.expectErrors = true;
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/Not saved: .*line 3: rule 1: unknown alert type "stokout"/s).waitFor();
    page.expectErrors = false;
    await page.getByRole("button", { name: "Undo" }).click();
    await page.getByRole("button", { name: "Form" }).click();
    await page.getByRole("button", { name: /^Stockout/ }).waitFor();
    await page.locator(".nav").getByRole("link", { name: "Now" }).click();
  });

  test("a board that goes away shows as offline", async () => {
    await service.presence(STORE, DEVICE, false, new Date(clock));
    await page.getByText("Offline ·").waitFor();
  });

  test("nothing went wrong in the browser", () => assert.deepEqual(page.faults, []));
});
