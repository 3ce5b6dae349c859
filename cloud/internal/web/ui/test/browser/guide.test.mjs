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

const whole = (text) => Number(text.replace(/[^\d.-]/g, ""));
/** The first figure of each of these. */
const figures = async (at) => (await at.allInnerTexts()).map((s) => whole(s.trim().split(/\s/)[0]));
const sum = (list) => list.reduce((a, b) => a + b, 0);
/** The figures of a column of the table, by its head. */
async function column(p, head) {
  const heads = await p.locator(".kpi-rows .kpi-table thead th").allInnerTexts();
  const at = heads.findIndex((h) => h.startsWith(head));
  assert.ok(at > 0, `${head} is not among ${heads}`);
  return figures(p.locator(`.kpi-rows .kpi-table tbody tr td:nth-child(${at + 1})`));
}
const tile = async (p, head) => (await figures(p.locator(".kpi-tile").filter({ has: p.locator("dt", { hasText: new RegExp(`^${head}`) }) }).locator("b")))[0];

/**
 * What each picture shows, and how to get there; `adds` asserts that the figures on it are right beside each other: whoever
 * reads a guide adds them up.
 */
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
  kpis: {
    path: "/kpis?by=brand&days=28",
    ready: (p) => p.locator(".heat tbody td").nth(30),
    adds: async (p) => {
      await p.locator(".kpi-rows .kpi-table tbody tr").nth(5).waitFor();
      for (const head of ["Units", "Lost units"]) assert.equal(sum(await column(p, head)), await tile(p, head), head);
    },
  },
  sales: {
    path: "/trade",
    ready: (p) => p.locator(".kpi-table tbody tr").first(),
    adds: async (p) => {
      const [units, revenue] = await figures(p.locator(".sales-figures b"));
      assert.equal(sum(await column(p, "Units")), units);
      assert.equal(Math.round(100 * sum(await column(p, "Revenue"))), Math.round(100 * revenue));
      const points = await p.locator(".sales-plot .chart").getAttribute("aria-label");
      assert.match(points, /\d/);
    },
  },
  stock: {
    path: "/trade/stock?store=s-1",
    ready: (p) => p.locator(".stock-table tbody tr").nth(5),
    then: (p) => p.locator(".stock-table .link-button").first().click(),
    adds: async (p) => {
      const book = whole(await p.locator(".stock-table tbody tr.is-picked td").nth(1).innerText());
      const moves = p.locator("section", { has: p.locator("#moves") }).locator("tbody tr");
      await moves.nth(3).waitFor();
      assert.match((await moves.first().innerText()).replace(/\n/g, " "), new RegExp(`\\b${book}\\b`), "the newest movement ends with what the book says");
      for (const cells of await p.locator(".stock-table tbody tr").evaluateAll((rows) => rows.map((r) => [...r.cells].map((c) => c.innerText.trim())))) {
        if (cells[2] !== "–") assert.equal(whole(cells[2]) - whole(cells[4]) < 0 ? 0 : whole(cells[2]) - whole(cells[4]), whole(cells[5]), `free of ${cells[0]}`);
      }
    },
  },
  orders: {
    path: "/trade/orders",
    ready: (p) => p.locator(".orders-table tbody tr").nth(4),
    adds: async (p) => {
      const { suggestions } = await (await fetch(`${service.url}/v1/suggestions?status=suggested`)).json();
      for (const s of suggestions) {
        const have = s.stock_at_delivery + s.cases * s.units_per_case;
        assert.equal(s.gain_units, Math.min(s.demand.mean, have) - Math.min(s.demand.mean, s.stock_at_delivery), s.name);
        assert.equal(s.gain_minor % s.gain_units, 0, `${s.name}: a margin for each unit`);
        assert.ok(have <= s.capacity + (s.over_capacity ?? 0), `${s.name}: no more than the cooler holds`);
      }
    },
  },
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
        if (lang === "en") await picture.adds?.(page);
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
