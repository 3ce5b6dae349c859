// The way in, against the real service: the link of the first start, signing out and in, and a session
// that ends while somebody looks.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
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
  let page, first;
  after(() => page?.context().close());
  const live = () => page.locator(".link-live").waitFor();

  test("the link of the first start makes the first admin, and is gone from the address", async () => {
    first = /http:\S+\/welcome#setup=\S+/.exec(service.said())[0];
    page = await open(browser, first, { expectErrors: true }); // Chromium calls the 401 that asks to sign in an error
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

  test("who opens the link again is told that it was used, and how to go on", async () => {
    const late = await open(browser, first, { expectErrors: true });
    await late.getByLabel("Your name").fill("Eve");
    await late.getByLabel("E-mail address").fill("eve@brand.example");
    await late.getByLabel("Password").fill("another long password");
    await late.getByRole("button", { name: "Become the admin" }).click();
    await late.getByText("this link has been used, or a newer one took its place").waitFor();
    await shot(late, "signin-used");
    assert.deepEqual(await violations(late), []);
    await late.getByRole("link", { name: "Sign in" }).click();
    await late.getByRole("heading", { name: "Sign in" }).waitFor();
    await late.context().close();
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

  test("a user is invited by a link, gets another role, and is shut out", async () => {
    await page.locator(".nav").getByRole("link", { name: "Set-up" }).click();
    await page.getByRole("link", { name: "Access" }).click();
    const users = page.getByRole("region", { name: "Users" });
    await users.getByText("(you)").waitFor();
    await users.getByRole("button", { name: "Add a user" }).click();
    await users.getByLabel("Name").fill("Bo");
    await users.getByLabel("E-mail address").fill("bo@brand.example");
    await users.getByRole("button", { name: "Add a user" }).last().click();
    const link = await users.locator(".secret").innerText();
    assert.match(link, new RegExp(`^${service.url}/welcome#password=`));
    await users.getByText("invited, has not chosen a password").waitFor();
    const theirs = await open(browser, link, { expectErrors: true });
    await theirs.getByLabel("Password").fill("another good one 7");
    await theirs.locator("button[type=submit]").click();
    await theirs.locator(".signed-in", { hasText: "Bo" }).waitFor();
    await theirs.goto(`${service.url}/setup/access`);
    await theirs.getByText("Users, tokens and this log are for admins.").waitFor();
    await theirs.goto(`${service.url}/setup/people`); // addresses are for admins and managers
    await theirs.locator(".blank-title").first().waitFor();
    assert.equal(await theirs.getByRole("button", { name: "Add somebody" }).count(), 0);
    await page.reload();
    await users.getByLabel("Role: Bo").selectOption("manager");
    // Another role ends what was begun under the old one.
    await eventually(async () => assert.equal((await theirs.request.get(`${service.url}/v1/session`)).status(), 401));
    await theirs.goto(`${service.url}/`);
    await theirs.getByLabel("E-mail address").fill("bo@brand.example");
    await theirs.getByLabel("Password").fill("another good one 7");
    await theirs.getByRole("button", { name: "Sign in" }).click();
    await theirs.locator(".signed-in", { hasText: "Bo" }).waitFor();
    assert.equal((await (await theirs.request.get(`${service.url}/v1/session`)).json()).role, "manager");
    await shot(page, "setup-access", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await users.locator("li", { hasText: "bo@brand.example" }).getByRole("button", { name: "Shut out" }).click();
    await users.getByText(/shut out since/).waitFor();
    await eventually(async () => assert.equal((await theirs.request.get(`${service.url}/v1/session`)).status(), 401));
    await theirs.context().close();
  });

  test("a token is made, works, and is revoked; the log says so", async () => {
    const tokens = page.getByRole("region", { name: "Tokens for programs" });
    await tokens.getByRole("button", { name: "Make a token" }).click();
    await tokens.getByLabel("What it is for").fill("ordering");
    await tokens.getByRole("button", { name: "Make a token" }).last().click();
    const token = await tokens.locator(".secret").innerText();
    const ask = () => fetch(`${service.url}/v1/coolers`, { headers: { Authorization: `Bearer ${token}` } });
    assert.equal((await ask()).status, 200);
    await tokens.getByRole("button", { name: "Revoke" }).click();
    await tokens.getByText(/revoked/).waitFor();
    assert.equal((await ask()).status, 401);
    await page.reload();
    await page.getByRole("region", { name: "Who changed what" }).last().getByText("ordering").first().waitFor();
  });

  test("a board's one-time code", async () => {
    await page.getByRole("link", { name: "Coolers" }).click();
    await page.getByRole("button", { name: "Add a cooler" }).click();
    await page.getByLabel("Device").fill("cooler-9");
    await page.getByLabel("Store").fill("s9");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: /^cooler-9/ }).click();
    await page.getByRole("button", { name: "Code for the board" }).click();
    assert.ok((await page.locator(".secret").innerText()).length > 8);
    assert.deepEqual(await violations(page), []);
  });

  test("a session that ends while one looks asks to sign in", async () => {
    await page.context().clearCookies();
    await service.halt(); // the stream is lost, and comes back to nobody
    await service.run();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    assert.deepEqual(page.faults, []);
  });
});
