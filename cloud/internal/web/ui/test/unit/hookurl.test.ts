import { expect, test } from "vitest";
import { shownUrl } from "../../src/setup/hookurl";

test("a robot's key is not shown: its host and last four letters are; other addresses are whole", () => {
  expect(shownUrl({ format: "wecom", url: "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa" })).toBe("qyapi.weixin.qq.com/…5aaa");
  expect(shownUrl({ format: "feishu", url: "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d" })).toBe("open.feishu.cn/…2c3d");
  expect(shownUrl({ format: "email", url: "mailto:li@acme.example" })).toBe("li@acme.example");
  expect(shownUrl({ format: "events", url: "https://orders.example/coldshelf" })).toBe("https://orders.example/coldshelf");
});
