// Every view where the service fails, and where whoever looks may not; what failed can be tried again.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { serve } from "../fixture/server.mjs";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { settled, VIEWS, walk } from "./views.mjs";

let browser;
before(async () => (browser = await launch()));
after(() => browser?.close());

for (const [state, status, lang, says, again] of [
  ["failed", 503, "en-GB", "This could not be loaded", "Try again"],
  ["forbidden", 403, "en-GB", "You have no permission to see this"],
  ["failed-zh", 503, "zh-CN", "加载失败", "重试"],
  ["forbidden-zh", 403, "zh-CN", "您没有查看权限"],
]) {
  test(state, () =>
    walk(browser, VIEWS, { lang }, () => {}, async (page, view, ready, service) => {
      service.failRest(status);
      if (status === 403) service.refuse();
      else service.cut();
      await page.reload();
      await page.getByText(says).first().waitFor();
      await settled(page);
      await shot(page, `view-${view}-${state}`, { fullPage: true });
      assert.deepEqual(await violations(page), []);
      if (lang === "zh-CN") assert.doesNotMatch(await page.locator("main").innerText(), /\b(the|a|try|ask|may|not)\b/, "what the service refuses is said in Chinese");
      service.restore();
      if (status === 403) return; // nothing to try again
      await eventually(async () => {
        // Each part of a view has a button of its own, and is gone from the page once it is pressed.
        if ((await page.getByText(says).count()) > 0) await page.getByRole("button", { name: again, exact: true }).first().click({ timeout: 1000 });
        assert.equal(await page.getByText(says).count(), 0);
      });
      await page.locator(ready).first().waitFor();
    }),
  );
}

test("resolved alerts that cannot be read are said, and read again", async () => {
  const service = await serve({ coolers: 14 });
  const page = await open(browser, `${service.url}/alerts`);
  page.expectErrors = true;
  await page.locator(".alert").first().waitFor();
  service.failRest(503);
  await page.getByRole("button", { name: "Resolved", exact: true }).click();
  await page.getByText("This could not be loaded").waitFor();
  service.restore();
  await page.getByRole("button", { name: "Try again", exact: true }).click();
  await page.getByText("No alert matches").waitFor();
  assert.deepEqual(page.faults, []);
  await page.context().close();
  await service.close();
});

// Every place where a picture of a cooler stands, and what stands there as long as it does not come.
for (const [place, path, img, enter] of [
  ["the cooler", "/coolers/cooler-03", ".picture img"],
  ["the alert", "/alerts/a-1002", ".shot img"],
  ["the planogram's drawing", "/setup/planograms/beverage-600", ".draw-stage img", (page) => page.getByRole("button", { name: "Draw on the cooler’s picture" }).click()],
]) {
  test(`a picture that does not load says why, and can be tried again: ${place}`, async () => {
    const service = await serve({ coolers: 14 });
    const page = await open(browser, `${service.url}/setup/nothing`);
    page.expectErrors = true;
    const pictures = (url) => url.pathname.endsWith("/picture");
    const refuse = async (answer) => {
      await page.unroute(pictures);
      await page.route(pictures, answer);
      await page.goto(service.url + path);
      await enter?.(page);
    };
    const none = page.locator(".still-none").first();

    await refuse((route) => route.abort("connectionfailed"));
    await none.getByText("The picture could not be loaded").waitFor();
    await none.getByText("no answer from the server").waitFor();
    await shot(page, `picture-failed-${path.split("/")[1]}`);
    assert.deepEqual(await violations(page), []);

    await refuse((route) => route.fulfill({ status: 500, contentType: "application/json", body: JSON.stringify({ code: "server_failed", error: "the server failed", hint: "its log says why; try again" }) }));
    await none.getByText("the server failed").waitFor();

    await page.unroute(pictures);
    while ((await page.locator(".still-none").count()) > 0) await none.getByRole("button", { name: "Try again" }).click();
    await eventually(async () => assert.ok(await page.locator(img).first().evaluate((i) => i.complete && i.naturalWidth > 0)));

    // One that is not kept is not there to be tried again. On a page of its own: this one may hold the picture that it has loaded.
    const other = await open(browser, `${service.url}/setup/nothing`);
    other.expectErrors = true;
    await other.route(pictures, (route) => route.fulfill({ status: 404, contentType: "application/json", body: JSON.stringify({ code: "no_picture", error: "no picture", hint: "only the newest are kept" }) }));
    await other.goto(service.url + path);
    await enter?.(other);
    const gone = other.locator(".still-none").first();
    await gone.getByText("No picture was kept").waitFor();
    await gone.getByText("only the newest are kept").waitFor();
    assert.equal(await gone.getByRole("button").count(), 0);

    assert.deepEqual([...page.faults, ...other.faults], []);
    await page.context().close();
    await other.context().close();
    await service.close();
  });
}
