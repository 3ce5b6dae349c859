// Debian's Chromium, driven by playwright-core; and where screenshots go.

import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
export const ARTEFACTS = new URL("../../../../../../.artefacts/web/", import.meta.url).pathname;

export function launch() {
  mkdirSync(ARTEFACTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
}

/** A page that fails the test on any script error, blocked resource or request to another origin. */
export async function open(browser, url, { width = 1280, height = 800, dark = false, lang = "en-GB", expectErrors = false, onRequest, ...rest } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? "dark" : "light", locale: lang, deviceScaleFactor: 1, ...rest });
  const page = await context.newPage();
  page.setDefaultTimeout(45_000);
  page.expectErrors = expectErrors; // what the server refuses is an error to the browser
  const faults = [];
  page.on("pageerror", (e) => faults.push(`script: ${e.message}`));
  page.on("console", (m) => {
    if (m.type() === "error" && !page.expectErrors) faults.push(`console: ${m.text()}`);
  });
  page.on("request", (r) => {
    onRequest?.(r);
    if (!r.url().startsWith(new URL(url).origin) && !r.url().startsWith("blob:")) faults.push(`other origin: ${r.url()}`);
  });
  page.faults = faults;
  await page.goto(url);
  return page;
}

export const shot = (page, name, options = {}) => page.screenshot({ path: `${ARTEFACTS}${name}.png`, animations: "disabled", ...options });

/**
 * Resolves once `holds` (an assertion, or many) passes; rejects with its last failure after `within` ms.
 * count, innerText and the like read what is there now: asked right after a change, they may be too early.
 */
export async function eventually(holds, within = 45_000) {
  const end = performance.now() + within;
  for (;;) {
    try {
      return await holds();
    } catch (failure) {
      if (performance.now() > end) throw failure;
      await new Promise((next) => setTimeout(next, 25));
    }
  }
}

/** Has a page note when each alert was first on its screen, by id, in window.seen: a driver's polling would be measured otherwise. */
export const watchAlerts = (page) =>
  page.evaluate(() => {
    window.seen = new Map();
    new MutationObserver(() => {
      requestAnimationFrame(() => {
        for (const a of document.querySelectorAll(".alert a")) {
          const id = a.getAttribute("href");
          if (!window.seen.has(id)) window.seen.set(id, Date.now());
        }
      });
    }).observe(document.body, { childList: true, subtree: true });
  });

/** How long, ms, a page that has nothing to do is kept waiting at most between two frames, in three seconds. */
export const longestWait = (page) =>
  page.evaluate(
    () =>
      new Promise((done) => {
        const begun = performance.now();
        let last = begun;
        let longest = 0;
        const tick = (t) => {
          longest = Math.max(longest, t - last);
          last = t;
          if (t - begun < 3000) requestAnimationFrame(tick);
          else done(Math.round(longest));
        };
        requestAnimationFrame(tick);
      }),
  );

/** How long, ms, a page's main thread has worked so far: time of its processor, whoever else wants that. */
export async function mainThread(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return async () => (await session.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
}

/** The longest task, ms, of a page's main thread while something is done: time of its processor, whoever else wants that. */
export async function longestTask(browser, page, work) {
  await browser.startTracing(page, { categories: ["toplevel", "__metadata"] });
  const [done] = await Promise.allSettled([work()]);
  const trace = JSON.parse((await browser.stopTracing()).toString());
  if (done.status === "rejected") throw done.reason;
  const mains = new Set(trace.traceEvents.filter((e) => e.name === "thread_name" && e.args.name === "CrRendererMain").map((e) => `${e.pid} ${e.tid}`));
  const tasks = trace.traceEvents.filter((e) => e.ph === "X" && e.tdur !== undefined && mains.has(`${e.pid} ${e.tid}`));
  return Math.round(Math.max(0, ...tasks.map((e) => e.tdur / 1000)));
}

let axe;
/** Serious and critical violations, one line each. */
export async function violations(page) {
  axe ??= await readFile(require.resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => `${n.target} ${n.any[0]?.message ?? ""}`).slice(0, 4).join("; ")})`);
}
