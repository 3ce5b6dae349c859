// Who is told of alerts, against the real service: somebody is added, gets a test message and then an
// alert; what a robot refuses is shown; and the rules have versions.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { eventually, launch, open, shot, violations } from "./browser.mjs";
import { startCloud } from "./service.mjs";

let dir;
let browser;
let service;
let robot;
let page;
const heard = [];

before(async () => {
  dir = mkdtempSync(join(tmpdir(), "coldshelf-people-"));
  robot = createServer((req, res) => {
    let body = "";
    req.on("data", (d) => (body += d));
    req.on("end", () => {
      heard.push({ path: req.url, body });
      res.end(req.url === "/strict" ? '{"errcode":93000,"errmsg":"invalid webhook url"}' : '{"errcode":0,"errmsg":"ok"}');
    });
  });
  await new Promise((done) => robot.listen(0, "127.0.0.1", done));
  const conf = join(dir, "conf.yml");
  writeFileSync(conf, "alerts:\n  private_webhooks: true\n");
  browser = await launch();
  service = await startCloud(dir, ["--config", conf]);
  page = await open(browser, `${service.url}/setup/people`);
});
after(async () => {
  await page?.context().close();
  await browser?.close();
  await service?.halt();
  robot?.close();
  rmSync(dir, { recursive: true });
});

const at = (path) => `http://127.0.0.1:${robot.address().port}${path}`;

describe("people told", () => {
  test("an empty page says what to do", async () => {
    await page.getByText("Nobody is told of alerts yet, except by webhooks.").waitFor();
    await page.getByText("Nobody was told of anything yet.").waitFor();
    assert.equal(await page.getByRole("button", { name: "Add what a role is told" }).isDisabled(), true);
    assert.deepEqual(await violations(page), []);
  });

  test("a test message reaches a robot, and what a strict one says is shown", async () => {
    await page.getByRole("button", { name: "Add somebody" }).click();
    await page.getByLabel("Name", { exact: true }).fill("Li");
    await page.getByRole("combobox", { name: /^By/ }).selectOption("wecom");
    await page.getByLabel("Address", { exact: true }).fill(at("/strict"));
    await page.getByRole("button", { name: "Send a test message: Li" }).click();
    await page.getByText(/The test message was not taken: .*93000 invalid webhook url/).waitFor();
    await page.getByLabel("Address", { exact: true }).fill(at("/robot"));
    await page.getByRole("button", { name: "Send a test message: Li" }).click();
    await page.getByText(/The test message was taken in \d+ ms/).waitFor();
    const last = heard.at(-1);
    assert.equal(last.path, "/robot");
    assert.match(JSON.parse(last.body).markdown.content, /测试消息 Test message/);
    assert.deepEqual(await violations(page), []);
  });

  test("a role is told by severity, escalates, and is put in force as the next version", async () => {
    await page.getByRole("button", { name: "Add what a role is told" }).click();
    await page.getByLabel("Critical").check();
    await page.getByRole("button", { name: "Add a step" }).click();
    await page.getByRole("group", { name: "Step 1: then tell" }).getByLabel("manager").check();
    await shot(page, "setup-people", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/^Version 1, changed at/).waitFor();
    const { version, book } = await (await fetch(`${service.url}/v1/rules`)).json();
    assert.equal(version, 1);
    assert.deepEqual(book.notify, [{ roles: ["manager"], severities: ["critical"], escalate: [{ after: "30m", roles: ["manager"] }] }]);
    assert.deepEqual(book.recipients, [{ role: "manager", format: "wecom", name: "Li", url: at("/robot") }]);
  });

  test("what is wrong is said, and nothing is lost", async () => {
    await page.getByRole("button", { name: /^Li / }).click();
    await page.getByRole("combobox", { name: /^Role/ }).fill("area");
    page.expectErrors = true;
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/Not saved: .*no recipient holds the role "manager"/s).waitFor();
    page.expectErrors = false;
    assert.equal(await page.getByRole("combobox", { name: /^Role/ }).inputValue(), "area");
    await page.getByRole("button", { name: "Undo" }).click();
  });

  test("an earlier version comes back as text", async () => {
    await page.getByRole("link", { name: "Rules", exact: true }).click();
    await page.getByLabel("Time zone of these rules").fill("Asia/Shanghai");
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/^Version 2, changed at/).waitFor();
    await page.getByText("Earlier versions").click();
    await page.getByRole("button", { name: "Bring back as text" }).click();
    await eventually(async () => {
      const text = await page.getByLabel("Rules as YAML").inputValue();
      assert.match(text, /name: "Li"/);
      assert.doesNotMatch(text, /Shanghai/);
    });
    await shot(page, "setup-rules-versions", { fullPage: true });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("button", { name: "Put in force" }).click();
    await page.getByText(/^Version 3, changed at/).waitFor();
  });

  test("a webhook's target answers the test button", async () => {
    await page.getByRole("link", { name: "Integrations" }).click();
    await page.getByRole("button", { name: "Add a webhook" }).click();
    await page.getByLabel("Address").fill(at("/hook"));
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: `Send a test message: ${at("/hook")}` }).click();
    await page.getByText(/The test message was taken in \d+ ms/).waitFor();
    await page.getByText('200 {"errcode":0,"errmsg":"ok"}').waitFor();
    assert.equal(JSON.parse(heard.at(-1).body).type, "org.coldshelf.test");
    await shot(page, "setup-webhook-test");
  });

  test("in Chinese, dark, on a phone", async () => {
    const phone = await open(browser, `${service.url}/setup/people`, { width: 390, height: 844, dark: true, lang: "zh-CN" });
    await phone.getByRole("button", { name: /^Li\b/ }).click();
    await phone.getByRole("button", { name: "发送测试消息: Li" }).waitFor();
    await phone.getByRole("button", { name: /^manager\b/ }).click();
    await phone.getByText("升级", { exact: true }).first().waitFor();
    assert.ok(await phone.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "the page is wider than the phone");
    await shot(phone, "setup-people-phone", { fullPage: true });
    assert.deepEqual(await violations(phone), []);
    assert.deepEqual(phone.faults, []);
    await phone.context().close();
    assert.deepEqual(page.faults, []);
  });
});
