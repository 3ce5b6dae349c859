// Set-up: planograms from files and from pictures, and the boards.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, shot, violations } from "./browser.mjs";
import { stage } from "./stage.mjs";

const s = stage();

describe("planograms", () => {
  test("a ProSpace file becomes a draft, with what was wrong in it", async () => {
    const page = await s.go("/setup/planograms");
    await page.getByText("Import a file").waitFor();
    const row = (type, values) => Object.entries(values).reduce((cells, [i, v]) => ((cells[i] = v), cells), Object.assign(Array(240).fill(""), [type])).join(",");
    const psa = [
      "PROSPACE SCHEMATIC FILE",
      "; Version 2018.1.0",
      row("Product", { 1: "690000000000", 2: "C", 3: "North Lake Cola 330 ml", 5: 2.6 }),
      row("Planogram", { 1: "Door 24", 3: 24, 4: 60, 5: 20 }),
      row("Fixture", { 2: "S1", 4: 0, 5: 24, 6: 10, 7: 1 }),
      row("Fixture", { 2: "S2", 4: 0, 5: 24, 6: 30, 7: 1 }),
      row("Position", { 1: "690000000000", 4: 0, 5: 7.8, 6: 31, 14: 3, 15: 1, 16: 6 }),
      row("Position", { 1: "690000000000", 4: 8, 5: 5.2, 6: 11, 14: 2, 15: 1, 16: 6 }),
      row("Position", { 1: "nobody", 4: 15, 5: 5.2, 6: 11, 14: 2 }),
    ].join("\r\n");
    await page.locator("input[type=file]").setInputFiles({ name: "door.psa", mimeType: "text/plain", buffer: Buffer.from(psa) });
    await page.getByText("2 shelves, 2 slots, 610 mm wide").waitFor();
    await page.getByText("Lines left out because their product number is no GTIN: 1.").waitFor();
    await shot(page, "setup-import");
    assert.deepEqual(await violations(page), []);
    await page.getByLabel("The file’s unit").selectOption("Centimetres");
    await page.getByText("2 shelves, 2 slots, 240 mm wide").waitFor();
    await page.getByLabel("The file’s unit").selectOption("Inches");
    page.expectErrors = true; // Chromium calls it an error that there is no such planogram yet
    await page.getByRole("button", { name: "Open in the editor" }).click();
    await page.getByText("Imported, not published yet.").waitFor();
    await page.getByRole("button", { name: /^1-1: North Lake Cola/ }).waitFor();
    await page.getByRole("button", { name: "Publish version 1" }).click();
    await eventually(() => assert.equal(s.service.world.published?.shelves[0].slots[0].facings, 3));
    assert.equal(s.service.world.published.shelves[0].slots[0].gtin, "6900000000001".slice(0, 12) + "7");
  });

  test("a table that cannot be read says what it lacks", async () => {
    const page = await s.go("/setup/planograms");
    await page.locator("input[type=file]").setInputFiles({ name: "door.csv", mimeType: "text/csv", buffer: Buffer.from("product;facings\nCola;2\n") });
    await page.getByText("The table’s head has no column “shelf”.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Open in the editor" }).isDisabled(), true);
  });

  test("slots are drawn on the cooler's picture, by hand and from what the camera sees", async () => {
    const page = await s.go("/setup/planograms");
    page.expectErrors = true; // Chromium calls it an error that there is no such planogram yet
    await page.getByRole("button", { name: "New planogram" }).click();
    await page.getByLabel("Code").fill("new-door");
    await page.getByRole("button", { name: "New planogram" }).last().click();
    await page.getByRole("button", { name: "Draw on the cooler’s picture" }).click();
    await page.locator(".draw-stage img").waitFor();
    const stage = page.locator(".draw-stage");
    await stage.scrollIntoViewIfNeeded();
    const box = await stage.boundingBox();
    await page.mouse.move(box.x + box.width * 0.2, box.y + box.height * 0.1);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.45, box.y + box.height * 0.28, { steps: 5 });
    await page.mouse.up();
    await page.getByRole("button", { name: "Slot 1: which product?" }).waitFor();
    await page.getByRole("button", { name: "Slot 1: which product?" }).press("Delete");
    await page.getByRole("button", { name: "Begin with what the camera sees" }).click();
    await page.getByRole("button", { name: /^Slot 1: / }).waitFor();
    const wall = page.getByRole("slider", { name: "Left wall" });
    await wall.press("ArrowRight");
    await eventually(async () => assert.equal(await wall.getAttribute("aria-valuenow"), "87"));
    await shot(page, "setup-draw", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    const n = await page.locator(".draw-box").count();
    await page.getByRole("button", { name: `Use these ${n} slots` }).click();
    await eventually(async () => assert.equal(await page.locator(".edit-shelf").count(), 4));
    await page.getByRole("button", { name: "Publish version 1" }).click();
    await eventually(() => assert.equal(s.service.world.published?.id, "new-door"));
    assert.ok(s.service.world.published.shelves.every((s) => s.slots.every((x, i) => i === 0 || x.x_mm >= s.slots[i - 1].x_mm + s.slots[i - 1].width_mm)));
  });
});

describe("boards", () => {
  test("versions, what waits to be sent, and a restart asked twice", async () => {
    const page = await s.go("/setup/boards");
    await page.getByText("0.10.0").first().waitFor();
    await page.getByText("older than 0.10.0").first().waitFor();
    await page.getByText(/^214, since/).waitFor();
    await shot(page, "setup-boards", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    const row = page.getByRole("row", { name: /Beverage door 1/ });
    await row.getByRole("button", { name: "Restart" }).click();
    await row.getByRole("button", { name: "Yes, restart Beverage door 1" }).click();
    await row.getByText("Asked", { exact: true }).waitFor();
    assert.deepEqual(s.service.world.commands.map((c) => c.name), ["restart"]);
  });

  test("a staged update is started, watched live, paused and cancelled", async () => {
    const page = await s.go("/setup/boards");
    const card = page.locator(".updates");
    await card.getByText("halted by itself").waitFor();
    await card.getByText(/finds 0 of 26 facings/).waitFor();
    await page.locator(".boards-table").getByText("went back").waitFor();
    await page.getByText("networks: 0.4.1 wanted, has 0.4.0").waitFor();
    await page.getByText("agent 0.10.0: there is none for arm64").waitFor();
    await card.getByRole("button", { name: "Start a staged update" }).click();
    await card.locator("form select").first().selectOption({ label: "Networks 0.5.0" });
    await card.getByLabel("Stages").fill("1, half");
    page.expectErrors = true; // the browser tells of the answer 400
    await card.getByRole("button", { name: "Start", exact: true }).click();
    await card.getByText(/order is not understood/).waitFor();
    page.expectErrors = false;
    await card.getByLabel("Stages").fill("1, 50%, 100%");
    await card.getByLabel("Boards that may fail").fill("2");
    await shot(page, "setup-update-start", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await card.getByRole("button", { name: "Start", exact: true }).click();
    const one = card.locator(".rollout").first();
    await one.getByText("running").waitFor();
    const { updates } = s.service.world;
    const { kind, version, stages, soak_s, max_failures } = updates.rollouts.at(-1);
    assert.deepEqual({ kind, version, stages, soak_s, max_failures }, { kind: "model", version: "0.5.0", stages: ["1", "50%", "100%"], soak_s: 900, max_failures: 2 });
    const asked = [];
    page.on("request", (r) => new URL(r.url()).pathname === "/v1/rollouts" && asked.push(r.url()));
    s.service.update({ stage: 1, counts: { ...updates.rollouts.at(-1).counts, healthy: 3, watched: 2, asked: 2, waiting: 7 } });
    await one.getByText("Stage 2 of 3: 50%").waitFor(); // by itself
    assert.deepEqual(asked, [], "the stream tells it, nobody asks");
    await one.getByRole("button", { name: "Boards" }).click();
    await one.getByText("cooler-watched-1").waitFor();
    await shot(page, "setup-update-running", { fullPage: true });
    await one.getByRole("button", { name: "Pause" }).click();
    await one.getByText("paused").waitFor();
    await one.getByRole("button", { name: "Cancel" }).click();
    await one.getByRole("button", { name: "Yes, cancel" }).click();
    await one.getByText("cancelled").waitFor();
    assert.deepEqual(updates.said, ["pause", "cancel"]);
    await page.getByLabel("Boards take their planogram from here").click(); // it is ticked once the service has it
    await eventually(() => assert.equal(updates.wishes[0]?.parts.planogram, "assigned"));
  });

  test("a schedule is wished of a store, a planogram of a cooler, and taken back", async () => {
    const page = await s.go("/setup/boards");
    const card = page.locator(".wishes");
    await card.getByText("every board goes by its own file", { exact: false }).waitFor();
    await card.getByRole("button", { name: "Change settings" }).click();
    await card.getByLabel(/^For/).selectOption({ label: "Store Kiosk Lindenplatz" });
    const form = card.getByRole("form", { name: "Settings for boards" });
    const tell = form.getByRole("button", { name: "Tell the boards" });
    assert.equal(await tell.isDisabled(), true); // nothing is changed yet
    await form.getByLabel("When boards look").check();
    await form.getByLabel("Every (minutes)").fill("10");
    await form.getByLabel("At (the board's time)").fill("08:00，14:30");
    await form.getByLabel("Only between").fill("07:00 – 22:00");
    await form.getByLabel("When the door has closed").check();
    await form.getByLabel("Seconds after it closed").fill("5");
    await form.getByLabel("Thresholds, in thousandths").check();
    await form.getByLabel("A facing is found from").fill("400");
    await form.getByLabel("Planogram").selectOption("assigned");
    await shot(page, "setup-wishes", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await tell.click();
    await card.getByText("every 10 min · 08:00 · 14:30 · after the door · 07:00-22:00").waitFor();
    const { updates } = s.service.world;
    assert.deepEqual(updates.wishes[0].parts, { planogram: "assigned", schedule: { every_s: 600, at: ["08:00", "14:30"], on_door_close: true, settle_s: 5, hours: "07:00-22:00" }, thresholds: { detector_permille: 400 } });
    assert.equal(updates.wishes[0].scope, "store");
    await card.getByRole("button", { name: /^Store Kiosk Lindenplatz/ }).click();
    await form.getByLabel("When boards look").uncheck();
    await form.getByLabel("Planogram").selectOption({ label: "the board's own file" });
    await tell.click();
    await eventually(() => assert.deepEqual(updates.wishes[0].parts, { planogram: "", thresholds: { detector_permille: 400 } }));
  });

  test("a cooler shows what is wanted of its board beside what it has", async () => {
    const page = await s.go("/coolers/cooler-03");
    const card = page.getByRole("region", { name: "Wanted and reported" }).first();
    await card.getByText("went back").waitFor();
    await card.getByRole("row", { name: /networks 0\.4\.1 all boards 0\.4\.0/ }).waitFor();
    await card.getByRole("row", { name: /schedule every 10 min · after the door · 07:00-22:00 its store the same/ }).waitFor();
    await card.getByText(/finds 0 of 26 facings/).waitFor();
    assert.deepEqual(await violations(page), []);
  });

  test("updates on a phone, in Chinese, in the dark", async () => {
    const page = await s.go("/setup/boards", { width: 390, height: 844, dark: true, lang: "zh-CN" });
    await page.getByText("已自动停止").waitFor();
    await page.getByRole("button", { name: "开始分阶段更新" }).click();
    await page.getByText("更新包", { exact: true }).first().waitFor();
    await shot(page, "setup-update-phone-zh-dark", { fullPage: true });
    assert.deepEqual(await violations(page), []);
  });
});

describe("products", () => {
  test("a product is taught by photos, which are made smaller first", async () => {
    const page = await s.go("/setup/products");
    await page.locator(".lesson").nth(3).waitFor();
    await page.getByText("on 0 of", { exact: false }).or(page.getByText("no board takes its gallery from here yet", { exact: false })).first().waitFor();
    await page.getByRole("button", { name: "Teach a product" }).click();
    const form = page.getByRole("form", { name: "Teach a product" });
    await form.getByLabel("GTIN").fill("4006381333931");
    await form.getByLabel("Name", { exact: true }).fill("Lemon");
    // A photo of 3000 pixels, as a phone makes it; and a file that is none.
    const wide = await page.evaluate(async () => {
      const canvas = document.createElement("canvas");
      canvas.width = 3000;
      canvas.height = 2000;
      canvas.getContext("2d").fillRect(900, 200, 800, 1600);
      const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
      return [...new Uint8Array(await blob.arrayBuffer())];
    });
    await form.locator("input[type=file]").setInputFiles([
      { name: "front.png", mimeType: "image/png", buffer: Buffer.from(wide) },
      { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") },
    ]);
    await page.getByText("Left out: notes.png.").waitFor();
    await form.getByRole("img", { name: "front.png" }).waitFor();
    assert.deepEqual(await violations(page), []);
    await form.getByRole("button", { name: "Teach it" }).click();
    await page.locator(".lesson").nth(4).waitFor();
    const [jpeg] = s.service.world.photos;
    assert.equal(jpeg.readUInt16BE(0), 0xffd8);
    assert.deepEqual(s.service.world.taught.at(-1), { gtin: "4006381333931", name: "Lemon", photos: 1, seen: undefined });
    const size = await page.evaluate(async (bytes) => {
      const b = await createImageBitmap(new Blob([new Uint8Array(bytes)], { type: "image/jpeg" }));
      return [b.width, b.height];
    }, [...jpeg]);
    assert.deepEqual(size, [1600, 1067]);
    await page.getByRole("button", { name: "Remove the lesson Lemon", exact: true }).click();
    await page.getByRole("button", { name: "Yes, remove Lemon", exact: true }).click();
    await eventually(async () => assert.equal(await page.locator(".lesson").count(), 4));
  });
});
