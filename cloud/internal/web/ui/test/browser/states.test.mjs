// Every view where there is nothing yet, and while it waits for what is asked for.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../fixture/server.mjs";
import { launch, open, shot, violations } from "./browser.mjs";
import { but, loading, OF_ONE, settled, VIEWS, walk } from "./views.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

test("empty", () =>
  walk(browser, but(OF_ONE), {}, (service) => service.empty(), async (page, view) => {
    await page.locator(".blank:visible, .note:visible").first().waitFor();
    await settled(page);
    await shot(page, `view-${view}-empty`, { fullPage: true });
    assert.deepEqual(await violations(page), []);
  }));

test("loading", async () => {
  const service = await serve({ coolers: 14, signedIn: true });
  service.hold();
  const faults = [];
  for (const [view, [path]] of Object.entries(VIEWS)) {
    const page = await open(browser, service.url + path); // of its own: what is never answered keeps its line
    try {
      await loading(page).first().waitFor();
      await shot(page, `view-${view}-loading`);
      for (const v of await violations(page)) faults.push(`${view}: ${v}`);
    } catch (e) {
      faults.push(`${view}: ${e.message}`);
    }
    await page.context().close();
  }
  await service.close();
  assert.deepEqual(faults, []);
});
