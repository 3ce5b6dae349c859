// The page in a real browser, against a service that can be put into any state.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { eventually, shot, violations } from "./browser.mjs";
import { stage } from "./stage.mjs";

const s = stage();
const rows = () => s.page.locator(".panel .alert");

/** A figure of the first row, by its name. */
const figure = (page, name) => page.locator(".kpi", { hasText: name });

describe("now", () => {
  test("shows figures, ranked alerts and coolers", async () => {
    const page = await s.go("/");
    await page.getByRole("heading", { level: 1, name: "4 coolers have empty slots" }).waitFor();
    await eventually(async () => assert.equal(await figure(page, "Open alerts").locator(".kpi-value").innerText(), "4"));
    await eventually(async () => assert.equal(await page.locator(".cooler-link").first().locator(".row-link").innerText(), "Checkout cooler 2"));
    await eventually(async () => assert.match(await page.title(), /^\(4\) Now/));
  });

  test("an alert arrives live, is said, and leaves when it resolves", async () => {
    const page = await s.go("/");
    await rows().first().waitFor();
    const alert = s.service.open("cooler-02", "4-2");
    const row = page.locator(`a[href="/alerts/${alert.id}"]`);
    await row.waitFor({ timeout: 2000 });
    assert.ok(await row.locator("xpath=..").evaluate((e) => e.classList.contains("is-fresh")));
    await page.getByText(/^New alert: Stockout, /).waitFor({ state: "attached" });
    await eventually(async () => assert.equal(await figure(page, "Open alerts").locator(".kpi-value").innerText(), "5"));
    s.service.resolve(alert.id);
    await page.getByRole("region", { name: "Just resolved" }).locator(`a[href="/alerts/${alert.id}"]`).waitFor();
    await eventually(async () => assert.equal(await figure(page, "Open alerts").locator(".kpi-value").innerText(), "4"));
  });

  test("finds a cooler by its store", async () => {
    const page = await s.go("/");
    await page.getByLabel("Find a cooler or store").fill("人民路");
    await page.getByText("3 of 14").waitFor();
    await page.getByLabel("Find a cooler or store").fill("nowhere");
    await page.getByText("No cooler matches “nowhere”").waitFor();
  });

  test("acknowledges with one press", async () => {
    const page = await s.go("/");
    await page.getByRole("heading", { level: 1, name: "4 coolers have empty slots" }).waitFor();
    await rows().first().waitFor();
    const before = await rows().count();
    await page.getByRole("button", { name: /^Acknowledge: Stockout, / }).first().click();
    await page.waitForFunction((n) => document.querySelectorAll(".panel .alert").length === n, before - 1);
    await eventually(async () => assert.match(await figure(page, "Open alerts").locator(".kpi-sub").innerText(), /1 acknowledged/));
  });

  test("a store on the map lists its coolers", async () => {
    const page = await s.go("/");
    await page.getByRole("button", { name: /^3 stores: / }).click();
    await page.getByRole("button", { name: /^Kiosk Lindenplatz: 4 coolers, 2 alerts/ }).click();
    await page.getByText("4 of 14").waitFor();
    await page.getByRole("button", { name: "Show all" }).click();
    await page.getByRole("button", { name: /^3 stores: / }).waitFor();
  });

  test("says what a figure means, on focus", async () => {
    const page = await s.go("/");
    await page.getByRole("button", { name: "On-shelf availability?" }).focus();
    await eventually(async () => assert.match(await page.getByRole("tooltip").innerText(), /Required products present/));
    await page.keyboard.press("Escape");
    await eventually(async () => assert.equal(await page.getByRole("tooltip").count(), 0));
  });
});

describe("connection", () => {
  test("says that it is stale, comes back by itself and has missed nothing", async () => {
    const page = await s.go("/");
    await rows().first().waitFor();
    page.expectErrors = true;
    s.service.cut();
    await page.getByText(/Connection lost\. What you see is from/).waitFor();
    await eventually(async () => assert.equal(await page.locator(".link-word").innerText(), "Reconnecting"));
    const alert = s.service.open("cooler-03", "1-2");
    s.service.restore();
    await page.locator(`a[href="/alerts/${alert.id}"]`).waitFor();
    await page.locator(".link-live").waitFor();
    await eventually(async () => assert.equal(await page.locator(".banner").count(), 0));
  });

  test("tries at once when asked", async () => {
    const page = await s.go("/");
    await rows().first().waitFor();
    page.expectErrors = true;
    // The page's own next try never comes, so that only the button can bring it back.
    await page.evaluate(() => {
      const real = window.setTimeout;
      window.setTimeout = (run, ms, ...rest) => (ms >= 250 ? 0 : real(run, ms, ...rest));
    });
    s.service.cut();
    const again = page.getByRole("button", { name: "Try now" });
    await again.waitFor();
    s.service.restore();
    await again.click();
    await page.locator(".link-live").waitFor();
  });
});

describe("cooler", () => {
  test("draws the facings on the picture, and the planogram beside it", async () => {
    const page = await s.go("/coolers/cooler-01");
    await page.locator(".picture img").waitFor();
    const o = s.service.world.observations.get("cooler-01");
    await eventually(async () => assert.equal(await page.locator(".facing").count(), o.facings.length));
    await eventually(async () => assert.equal(await page.locator(".plan-slot").count(), o.slots.length));
    // The first box lies where its pixels are, at whatever size the picture is shown.
    const image = await page.locator(".picture img").boundingBox();
    const box = await page.locator(".facing").first().boundingBox();
    const scale = image.width / o.width;
    assert.ok(Math.abs(box.x - image.x - o.facings[0].box[0] * scale) < 1.5);
    assert.ok(Math.abs(box.height - o.facings[0].box[3] * scale) < 1.5);
    await eventually(async () => assert.ok((await page.locator(".nametag").allInnerTexts()).includes("Cola Zero 330 ml")));
  });

  test("what is picked in one place shows in all", async () => {
    const page = await s.go("/coolers/cooler-01");
    await page.getByRole("button", { name: /^1-1: North Lake Cola 330 ml, Empty, 0 of 3/ }).click();
    await page.locator(".slotbox.is-picked").waitFor();
    await eventually(async () => assert.match(await page.locator(".slots tr.is-picked").innerText(), /Empty/));
  });

  test("says which product stands in a wrong place", async () => {
    const page = await s.go("/coolers/cooler-01");
    await page.getByText("North Lake Cola 330 ml stands here").waitFor();
  });

  test("goes back through the day, and returns to now", async () => {
    const page = await s.go("/coolers/cooler-01");
    const slider = page.getByRole("slider", { name: "Observation shown" });
    await slider.waitFor();
    const newest = await slider.getAttribute("aria-valuetext");
    await page.locator(".history-row").first().waitFor();
    await slider.focus();
    for (let i = 0; i < 10; i++) await page.keyboard.press("ArrowLeft");
    // With its day, where that is not today: soon after midnight.
    await page.getByRole("heading", { name: /^As it was at (\d+ \w+, )?\d\d:\d\d$/ }).waitFor();
    await eventually(async () => assert.notEqual(await slider.getAttribute("aria-valuetext"), newest));
    await eventually(async () => assert.match(await page.locator(".picture img").getAttribute("src"), /boot=4&seq=1190$/));
    await page.getByRole("button", { name: "Newest" }).click();
    await page.getByRole("heading", { name: "Last picture" }).waitFor();
  });

  test("a facing without a name is given one, and waits to be taught", async () => {
    const page = await s.go("/coolers/cooler-02");
    await page.getByText("1 facing has no name.").waitFor();
    await page.getByRole("button", { name: "Name facing 8" }).click();
    const form = page.getByRole("form", { name: "Name this product" });
    await form.getByLabel("GTIN").fill("4006381333931");
    await form.getByLabel("Name", { exact: true }).fill("O'Hara Lemon");
    assert.deepEqual(await violations(page), []);
    await form.getByRole("button", { name: "Teach it" }).click();
    await page.getByText("Kept with its picture.").waitFor();
    const o = s.service.world.observations.get("cooler-02");
    assert.deepEqual(s.service.world.taught, [{ gtin: "4006381333931", name: "O'Hara Lemon", photos: undefined, seen: { device: "cooler-02", boot: o.boot, seq: o.seq, width: o.width, height: o.height, facings: [o.facings[7].box] } }]);
    await page.getByRole("link", { name: "O'Hara Lemon" }).click();
    await page.locator(".lesson").filter({ hasText: "O'Hara Lemon" }).getByText("waiting for the gallery's machine").waitFor();
  });

  test("a picture is asked for, and shows when it comes", async () => {
    const page = await s.go("/coolers/cooler-01");
    await page.locator(".picture img").waitFor();
    await page.getByRole("button", { name: "Capture now" }).click();
    await page.getByText("Waiting for the picture").waitFor();
    await eventually(() => assert.deepEqual(s.service.world.commands, [{ device: "cooler-01", name: "picture" }]));
    s.service.picture("cooler-01");
    await page.getByText("New picture").waitFor();
    await eventually(async () => assert.match(await page.locator(".picture img").getAttribute("src"), /seq=1201/));
  });

  test("a board that is away says so when it is asked for a picture", async () => {
    const page = await s.go("/coolers/cooler-06");
    page.expectErrors = true;
    await page.getByRole("button", { name: "Capture now" }).click();
    await page.getByText(/Not asked: the board of cooler-06 is not connected/).waitFor();
  });

  test("an address that names no cooler says so", async () => {
    const page = await s.go("/");
    page.expectErrors = true;
    await page.goto(`${s.service.url}/coolers/nobody`);
    await page.getByText("There is no cooler called nobody").waitFor();
  });

  test("a failure says what happened, and can be tried again", async () => {
    const page = await s.go("/");
    page.expectErrors = true;
    s.service.failRest(503);
    await page.goto(`${s.service.url}/coolers/cooler-01`);
    await page.getByText("This could not be loaded").waitFor();
    await page.getByText("the answer took too long").waitFor();
    s.service.restore();
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator(".picture img").waitFor();
  });

  test("no permission is told apart from a failure", async () => {
    const page = await s.go("/");
    page.expectErrors = true;
    s.service.failRest(403);
    await page.goto(`${s.service.url}/coolers/cooler-01`);
    await page.getByText("You have no permission to see this").waitFor();
  });
});

describe("languages and keyboard", () => {
  test("the browser's language is taken, the switch overrules it and is kept", async () => {
    const page = await s.go("/", { lang: "zh-CN" });
    await page.getByRole("heading", { level: 1, name: "4 台冷柜有空货位" }).waitFor();
    await eventually(async () => assert.equal(await page.locator("html").getAttribute("lang"), "zh-Hans"));
    await page.getByRole("button", { name: "EN", exact: true }).click();
    await page.getByRole("heading", { level: 1, name: "4 coolers have empty slots" }).waitFor();
    await page.reload();
    await page.getByRole("heading", { level: 1, name: "4 coolers have empty slots" }).waitFor();
  });

  test("the appearance is chosen and kept", async () => {
    const page = await s.go("/");
    await page.getByRole("button", { name: "Dark" }).click();
    await page.reload();
    await eventually(async () => assert.equal(await page.locator("html").getAttribute("data-theme"), "dark"));
  });

  test("the first tab skips to the content", async () => {
    const page = await s.go("/");
    await page.getByRole("heading", { level: 1, name: "4 coolers have empty slots" }).waitFor();
    await page.keyboard.press("Tab");
    await eventually(async () => assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content"));
  });
});

describe("looks right and is accessible", () => {
  const VIEWS = { now: "/", cooler: "/coolers/cooler-01", alert: "/alerts/a-1002" };
  const SHAPES = {
    "light-en": {},
    "dark-zh": { dark: true, lang: "zh-CN" },
    "phone-en": { width: 390, height: 844 },
    "wall-dark-en": { width: 1920, height: 1080, dark: true },
  };
  for (const [view, path] of Object.entries(VIEWS)) {
    for (const [shape, options] of Object.entries(SHAPES)) {
      test(`${view}, ${shape}`, async () => {
        const page = await s.go(path, options);
        await page.locator(".alert:visible, .picture img, .shot img").first().waitFor();
        await page.waitForLoadState("networkidle");
        await shot(page, `${view}-${shape}`);
        assert.deepEqual(await violations(page), []);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        assert.ok(wide <= 0, `the page is ${wide} px wider than the window`);
      });
    }
  }
});

describe("empty", () => {
  test("no cooler yet says how to begin", async () => {
    s.service.world.coolers.clear();
    s.service.world.alerts.clear();
    const page = await s.go("/");
    await page.getByText("No cooler reports yet").waitFor();
    await shot(page, "now-empty");
    assert.deepEqual(await violations(page), []);
  });
});
