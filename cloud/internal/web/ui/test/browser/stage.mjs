// What a test of the page stands on: a browser for the file, and for each test a service of its own that
// can be put into any state. A test that leaves a fault behind in its page fails.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach } from "node:test";
import { serve } from "../fixture/server.mjs";
import { launch, open } from "./browser.mjs";

export function stage() {
  const s = {
    browser: undefined,
    service: undefined,
    page: undefined,
    /** Opens the page at a path; the test's one page. */
    go: async (path, options) => (s.page = await open(s.browser, s.service.url + path, options)),
  };
  before(async () => (s.browser = await launch()));
  after(() => s.browser.close());
  beforeEach(async () => (s.service = await serve({ coolers: 14 })));
  afterEach(async () => {
    const faults = s.page?.faults ?? [];
    await s.page?.context().close();
    s.page = undefined;
    await s.service.close();
    assert.deepEqual(faults, []);
  });
  return s;
}
