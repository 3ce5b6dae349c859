// Every view with something in it, in each look: light and dark, English and Chinese, desk, phone and wall.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launch, shot, violations } from "./browser.mjs";
import { LOOKS, settled, VIEWS, walk } from "./views.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

describe("full", () => {
  for (const [look, options] of Object.entries(LOOKS)) {
    test(look, () =>
      walk(browser, VIEWS, options, () => {}, async (page, view, ready) => {
        await page.locator(ready).first().waitFor();
        await settled(page);
        await shot(page, `view-${view}-${look}`, { fullPage: true });
        assert.deepEqual(await violations(page), []);
      }),
    );
  }
});
