// The pictures of docs/guide.*.md, in both languages, and that both guides are whole: each picture that
// they show is made here, and they have the same parts. `make guide` puts the pictures into docs/.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { serve } from "../fixture/server.mjs";
import { ARTEFACTS, launch, open } from "./browser.mjs";

const DOCS = new URL("../../../../../../docs/", import.meta.url).pathname;
const WORDS = {
  en: { lang: "en-GB", file: "guide.en.md", draw: "Draw on the cooler’s picture", take: "Begin with what the camera sees", assign: "Assign", try: "Try it on the last 7 days" },
  zh: { lang: "zh-CN", file: "guide.zh-CN.md", draw: "在冷柜图片上绘制", take: "以摄像头所见为起点", assign: "指派", try: "用最近 7 天试算" },
};
const size = { width: 1200, height: 760 };

/** What each picture shows, and how to get there. */
const PICTURES = {
  now: { path: "/", ready: (p) => p.locator(".panel .alert").first() },
  alert: { path: "/alerts/a-1001", ready: (p) => p.locator(".shot-mark").first() },
  inbox: {
    path: "/alerts",
    ready: (p) => p.locator(".panel .alert").nth(3),
    then: async (p, w) => {
      await p.locator(".alert-pick").nth(0).check();
      await p.locator(".alert-pick").nth(2).check();
      await p.getByRole("button", { name: w.assign, exact: true }).click();
    },
  },
  cooler: { path: "/coolers/cooler-01", ready: (p) => p.locator(".history-row").first() },
  kpis: { path: "/kpis?by=brand&days=28", ready: (p) => p.locator(".heat tbody td").nth(30) },
  sales: { path: "/trade", ready: (p) => p.locator(".kpi-table tbody tr").first() },
  stock: {
    path: "/trade/stock?store=s-1",
    ready: (p) => p.locator(".stock-table tbody tr").nth(5),
    then: (p) => p.locator(".stock-table .link-button").first().click(),
  },
  orders: { path: "/trade/orders", ready: (p) => p.locator(".orders-table tbody tr").nth(4) },
  online: { path: "/trade/online", ready: (p) => p.locator(".kpi-table tbody tr").nth(3) },
  planogram: { path: "/setup/planograms/beverage-600", ready: (p) => p.locator(".edit-slot").nth(8) },
  draw: {
    path: "/setup/planograms/beverage-600",
    ready: (p) => p.locator(".edit-slot").nth(8),
    then: async (p, w) => {
      await p.getByRole("button", { name: w.draw }).click();
      await p.getByRole("button", { name: w.take }).click();
      await p.locator(".draw-box").nth(3).click();
    },
  },
  products: { path: "/setup/products", ready: (p) => p.locator(".lesson").nth(3) },
  rules: {
    path: "/setup/rules",
    ready: (p) => p.locator(".rule-row").first(),
    then: async (p, w) => {
      await p.getByRole("button", { name: w.try }).click();
      await p.locator(".dry table").first().waitFor();
    },
  },
  boards: { path: "/setup/boards", ready: (p) => p.locator(".boards-table tbody tr").nth(5) },
};

let browser;
let service;
before(async () => {
  mkdirSync(`${ARTEFACTS}guide`, { recursive: true });
  browser = await launch();
  service = await serve({ coolers: 14 });
});
after(async () => {
  await browser.close();
  await service.close();
});

for (const [lang, words] of Object.entries(WORDS)) {
  describe(`guide, ${lang}`, () => {
    for (const [name, picture] of Object.entries(PICTURES)) {
      test(`picture of ${name}`, async () => {
        const page = await open(browser, service.url + picture.path, { ...size, lang: words.lang });
        await picture.ready(page).waitFor();
        await picture.then?.(page, words);
        await page.evaluate(() => scrollTo(0, 0));
        await page.waitForLoadState("networkidle");
        await page.screenshot({ path: `${ARTEFACTS}guide/${name}.${lang}.png`, animations: "disabled" });
        assert.deepEqual(page.faults, []);
        await page.context().close();
      });
    }

    test("the guide shows these pictures and no other", async () => {
      const text = await readFile(DOCS + words.file, "utf8");
      const shown = [...text.matchAll(/!\[[^\]]+\]\(img\/guide\/([\w-]+)\.(\w+)\.png\)/g)];
      assert.deepEqual(shown.map((m) => m[1]).sort(), Object.keys(PICTURES).sort());
      assert.ok(shown.every((m) => m[2] === lang));
      for (const m of shown) assert.ok((await readFile(`${DOCS}img/guide/${m[1]}.${lang}.png`)).length < 150_000, `${m[1]} is small`);
    });
  });
}

test("both guides have the same parts", async () => {
  const [en, zh] = await Promise.all(Object.values(WORDS).map(async (w) => [...(await readFile(DOCS + w.file, "utf8")).matchAll(/^(#+) |^(\d+)\. |^\| /gm)].map((m) => m[0])));
  assert.deepEqual(zh, en);
});
