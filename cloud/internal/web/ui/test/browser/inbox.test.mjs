// The inbox: filter, proof, and what a person can say of one alert or of many.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, shot, violations } from "./browser.mjs";
import { stage } from "./stage.mjs";

const s = stage();
const rows = () => s.page.locator(".panel .alert");

describe("alerts", () => {
  test("filters, opens one with its evidence, acknowledges with a note", async () => {
    const page = await s.go("/alerts");
    await page.getByLabel("Search product, cooler, store").fill("stockout");
    await page.getByText("4 alerts", { exact: true }).waitFor();
    await page.getByLabel("Search product, cooler, store").fill("sparkling");
    await page.getByText("1 alert", { exact: true }).waitFor();
    await rows().first().getByRole("link").click();
    await page.getByRole("heading", { name: "Pine Spring Sparkling 500 ml" }).waitFor();
    await eventually(async () => assert.equal(await page.locator(".shot img").count(), 2));
    await page.getByLabel("Note (optional)").fill("on its way");
    await page.getByRole("button", { name: "Acknowledge", exact: true }).click();
    await page.getByText("Stockout · Acknowledged").waitFor();
  });
});

describe("inbox", () => {
  test("by keyboard: J and K move, X selects, A acknowledges", async () => {
    const page = await s.go("/alerts");
    await page.getByText("4 alerts", { exact: true }).waitFor();
    await eventually(async () => assert.equal(await page.locator(".alert-subject").count(), 4));
    const names = await page.locator(".alert-subject").allInnerTexts();
    await page.keyboard.press("j");
    await page.getByRole("heading", { level: 2, name: names[0] }).waitFor();
    await page.keyboard.press("j");
    await page.getByRole("heading", { level: 2, name: names[1] }).waitFor();
    await page.keyboard.press("k");
    await page.getByRole("heading", { level: 2, name: names[0] }).waitFor();
    await page.keyboard.press("x");
    await page.getByText("1 selected").waitFor();
    await page.keyboard.press("a");
    await page.getByText("Stockout · Acknowledged").waitFor();
  });

  test("many at once: select, assign, mute, acknowledge", async () => {
    const page = await s.go("/alerts");
    await rows().nth(3).waitFor();
    await page.locator(".alert-pick").first().check();
    await page.locator(".alert-pick").nth(2).click({ modifiers: ["Shift"] });
    await page.getByText("3 selected").waitFor();
    const bulk = page.getByRole("group", { name: "With the selected alerts" });
    await bulk.getByRole("button", { name: "Assign" }).click();
    await bulk.getByLabel("Your name").fill("Mei");
    await bulk.getByLabel("Assign to").fill("Route 7");
    await shot(page, "inbox-bulk");
    assert.deepEqual(await violations(page), []);
    await bulk.locator("form").getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByText("Done for 3 alerts").waitFor();
    await eventually(async () => assert.equal(await page.locator(".alert-marks", { hasText: "Route 7" }).count(), 3));
    await page.getByRole("combobox", { name: "Assigned to" }).selectOption("Nobody’s");
    await page.getByText("1 alert", { exact: true }).waitFor();
    await page.getByRole("combobox", { name: "Assigned to" }).selectOption("Route 7");
    await page.getByText("3 alerts", { exact: true }).waitFor();
    await page.getByLabel("Select all shown").check();
    await bulk.getByRole("button", { name: "Mute" }).click();
    await bulk.getByRole("button", { name: "4 h" }).click();
    await eventually(async () => assert.equal(await page.locator(".alert.is-muted").count(), 3));
    await page.getByLabel("Select all shown").check();
    await bulk.getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText("No alert matches").waitFor();
    await page.getByRole("button", { name: "Acknowledged" }).click();
    await page.getByText("3 alerts", { exact: true }).waitFor();
  });

  test("what a bulk word was refused for stays selected", async () => {
    const page = await s.go("/alerts");
    await rows().nth(3).waitFor();
    await page.getByLabel("Select all shown").check();
    const [gone] = s.service.world.alerts.keys();
    s.service.world.alerts.delete(gone);
    await page.getByRole("group", { name: "With the selected alerts" }).getByRole("button", { name: "Acknowledge" }).click();
    await page.getByText(`1 could not be changed: no alert ${gone}`).waitFor();
    await page.getByText("1 selected").waitFor();
  });

  test("one alert: comment, assign to me, mute and unmute, all told in order", async () => {
    const page = await s.go("/alerts/a-1002");
    const detail = page.locator(".detail");
    await detail.getByRole("button", { name: "Comment" }).click();
    await detail.getByLabel("Your name").fill("Mei");
    await detail.getByLabel("Comment").fill("Backroom is empty too.\nOrdered.");
    await detail.getByRole("button", { name: "Send" }).click();
    await detail.locator(".talk-text", { hasText: "Backroom is empty too." }).waitFor();
    await detail.getByRole("button", { name: "Assign" }).click();
    await detail.getByRole("button", { name: "To me" }).click();
    await detail.getByText("Assigned to Mei").waitFor();
    await detail.getByRole("button", { name: "Mute" }).click();
    await detail.getByRole("button", { name: "1 h", exact: true }).click();
    await detail.getByText(/Muted until/).first().waitFor();
    await shot(page, "alert-talk");
    assert.deepEqual(await violations(page), []);
    await detail.getByRole("button", { name: "Unmute" }).click();
    await eventually(async () => assert.equal(await page.getByText(/Muted until/).count(), 0));
    assert.deepEqual(s.service.world.alerts.get("a-1002").comments.map((c) => c.by), ["Mei"]);
  });

  test("a comment that the service refuses is not lost", async () => {
    const page = await s.go("/alerts/a-1002");
    const detail = page.locator(".detail");
    await detail.getByRole("button", { name: "Comment" }).click();
    await detail.getByLabel("Comment").fill("nobody must type this twice");
    page.expectErrors = true;
    s.service.failRest(503);
    await detail.getByRole("button", { name: "Send" }).click();
    await detail.getByText(/Not saved: the answer took too long/).waitFor();
    assert.equal(await detail.getByLabel("Comment").inputValue(), "nobody must type this twice");
    s.service.restore();
    await detail.getByRole("button", { name: "Send" }).click();
    await detail.locator(".talk-text", { hasText: "nobody must type this twice" }).waitFor();
  });

  test("the proof is cut out to the slot, and can be seen whole", async () => {
    const page = await s.go("/alerts/a-1002");
    const mark = page.locator(".shot-mark").first();
    await mark.waitFor();
    const frame = await page.locator(".shot-frame").first().boundingBox();
    const box = await mark.boundingBox();
    const seqs = await page.locator(".shot img").evaluateAll((all) => all.map((x) => Number(new URL(x.src).searchParams.get("seq"))));
    const { evidence } = await page.evaluate(async () => (await fetch("/v1/alerts/a-1002")).json());
    assert.deepEqual(seqs, [evidence.before_seq - 1, evidence.after_seq], "the picture that the service has stands for the look that it has none of");
    assert.ok(box.width > frame.width * 0.3 || box.height > frame.height * 0.3, "the slot is large in its cut");
    await page.getByRole("button", { name: "Whole picture" }).click();
    await eventually(async () => assert.ok((await mark.boundingBox()).height < (await page.locator(".shot-frame").first().boundingBox()).height * 0.3));
  });

  test("the table of coolers is a file for a spreadsheet", async () => {
    const page = await s.go("/");
    const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Export CSV" }).click()]);
    assert.match(file.suggestedFilename(), /^coolers-[\d-]+\.csv$/);
    const { readFile } = await import("node:fs/promises");
    const lines = (await readFile(await file.path(), "utf8")).trimEnd().split("\r\n");
    assert.equal(lines.length, 15);
    assert.match(lines[0], /^\uFEFFDevice,Cooler,Store,Status,Empty/);
  });
});
