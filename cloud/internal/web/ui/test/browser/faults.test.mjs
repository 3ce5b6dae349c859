// Every view where the service fails, and where whoever looks may not; what failed can be tried again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, launch, shot, violations } from "./browser.mjs";
import { but, LIVE, settled, walk } from "./views.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

for (const [state, status, says] of [
  ["failed", 503, "This could not be loaded"],
  ["forbidden", 403, "You have no permission to see this"],
]) {
  test(state, () =>
    walk(browser, but(LIVE), {}, () => {}, async (page, view, ready, service) => {
      service.failRest(status);
      await page.reload();
      await page.getByText(says).first().waitFor();
      await settled(page);
      await shot(page, `view-${view}-${state}`, { fullPage: true });
      service.restore();
      if (status === 403) return; // nothing to try again
      assert.deepEqual(await violations(page), []);
      await eventually(async () => {
        // Each part of a view has a button of its own, and is gone from the page once it is pressed.
        if ((await page.getByText(says).count()) > 0) await page.getByRole("button", { name: "Try again", exact: true }).first().click({ timeout: 1000 });
        assert.equal(await page.getByText(says).count(), 0);
      });
      await page.locator(ready).first().waitFor();
    }),
  );
}
