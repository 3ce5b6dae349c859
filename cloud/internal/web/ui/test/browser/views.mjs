// Every view of the page, and a walk through them. None may be left blank in any state, have a serious fault
// of accessibility, or be wider than the window.

import assert from "node:assert/strict";
import { serve } from "../fixture/server.mjs";
import { eventually, open } from "./browser.mjs";

/** Where each view is, and what shows that it is full. */
export const VIEWS = {
  now: ["/", ".panel .alert"],
  alerts: ["/alerts", ".alert"],
  alert: ["/alerts/a-1002", ".shot img"],
  cooler: ["/coolers/cooler-03", ".picture img"],
  kpis: ["/kpis?by=brand&days=28", ".heat tbody td"],
  sales: ["/trade", ".kpi-table tbody tr"],
  stock: ["/trade/stock?store=s-1", ".stock-table tbody tr"],
  orders: ["/trade/orders", ".orders-table tbody tr"],
  online: ["/trade/online", ".kpi-table tbody tr"],
  promotions: ["/trade/promotions", ".setup-list li"],
  coolers: ["/setup", ".setup-list li"],
  boards: ["/setup/boards", ".boards-table tbody tr"],
  stores: ["/setup/stores", ".setup-list li"],
  planograms: ["/setup/planograms", ".setup-list li"],
  planogram: ["/setup/planograms/beverage-600", ".edit-slot"],
  products: ["/setup/products", ".lesson"],
  rules: ["/setup/rules", ".rule-row"],
  people: ["/setup/people", ".card"],
  integrations: ["/setup/integrations", ".hook-row"],
  access: ["/setup/access", ".card .setup-row"],
  refused: ["/setup/refused", ".slots tbody tr"],
};

/** Views whose rows come over the live stream alone; the banner tells of their faults. */
export const LIVE = ["now", "alerts", "alert", "coolers"];
/** Views of one thing, which is not there where nothing is. */
export const OF_ONE = ["alert", "cooler", "planogram"];

export const LOOKS = {
  light: {},
  "dark-zh": { dark: true, lang: "zh-CN" },
  phone: { width: 390, height: 844 },
  "phone-dark-zh": { width: 390, height: 844, dark: true, lang: "zh-CN" },
  "wall-dark": { width: 1920, height: 1080, dark: true },
};

export const loading = (page) => page.locator(".skeleton");

/** Goes through views in one page, and names each that does not hold. */
export async function walk(browser, views, options, prepare, look) {
  const service = await serve({ coolers: 14, signedIn: true });
  prepare(service);
  const page = await open(browser, `${service.url}/setup/nothing`, options);
  page.expectErrors = true; // the browser tells of every answer that is none
  const faults = [];
  for (const [view, [path, ready]] of Object.entries(views)) {
    try {
      await page.goto(service.url + path);
      await look(page, view, ready, service);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `it is ${wide} px wider than the window`);
    } catch (e) {
      faults.push(`${view}: ${e.message}`);
    }
  }
  faults.push(...page.faults);
  await page.context().close();
  await service.close();
  assert.deepEqual(faults, []);
}

export const settled = (page) => eventually(async () => assert.equal(await loading(page).count(), 0));
export const but = (some) => Object.fromEntries(Object.entries(VIEWS).filter(([v]) => !some.includes(v)));
