// The way in, against the real service: the link of the first start, signing out and in, and a session
// that ends while somebody looks.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { launch, open, shot, violations } from "./browser.mjs";
import { startCloud } from "./service.mjs";

const EMAIL = "li@brand.example";
const PASSWORD = "correct horse battery";
let dir;
let browser;
let service;

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "coldshelf-signin-"));
  browser = await launch();
  service = await startCloud(dir, ["--access", "tokens"]);
});
after(async () => {
  await browser?.close();
  await service?.halt();
  rmSync(dir, { recursive: true });
});

describe("signing in", () => {
  let page;
  after(() => page?.context().close());
  const live = () => page.locator(".link-live").waitFor();

  test("the link of the first start makes the first admin, and is gone from the address", async () => {
    const link = /http:\S+\/welcome#setup=\S+/.exec(service.said())[0];
    page = await open(browser, link);
    page.expectErrors = true; // Chromium calls the 401 that asks to sign in an error
    await page.getByRole("heading", { name: "Set up Coldshelf" }).waitFor();
    assert.equal(new URL(page.url()).hash, "");
    assert.deepEqual(await violations(page), []);
    await shot(page, "signin-setup");
    await page.getByLabel("Your name").fill("Li");
    await page.getByLabel("E-mail address").fill(EMAIL);
    await page.getByLabel("Password").fill(EMAIL);
    await page.getByRole("button", { name: "Become the admin" }).click();
    await page.getByText("it is your name").waitFor(); // and what was typed is still there
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Become the admin" }).click();
    await page.getByText("No cooler reports yet").waitFor();
    await live();
    await page.locator(".signed-in", { hasText: "Li" }).waitFor();
    await shot(page, "signin-in");
    assert.deepEqual(await violations(page), []);
  });

  test("out, wrong, and in again where one was", async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await shot(page, "signin-page");
    await page.goto(`${service.url}/alerts`);
    await page.getByLabel("E-mail address").fill(EMAIL);
    await page.getByLabel("Password").fill("something else");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("that address and password do not fit").waitFor();
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
    await live();
    assert.equal(new URL(page.url()).pathname, "/alerts");
  });

  test("a session that ends while one looks asks to sign in", async () => {
    await page.context().clearCookies();
    await service.halt(); // the stream is lost, and comes back to nobody
    await service.run();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(page.faults, []);
  });
});
