import { expect, test } from "vitest";
import { type Board, bytes, compareVersions, versions } from "../../src/setup/fleet";

const board = (device: string, agent_version?: string): Board => ({ device, store: "s", name: "", status: "online", last_seen: null, ...(agent_version ? { agent_version } : {}) });

test("versions in their order: numbers by value, a release after its candidates, what is none first", () => {
  const list = ["0.10.0", "0.9.1", "v0.9.1", "0.10.0-rc1", "devel", "1.0.0"];
  expect(list.sort(compareVersions)).toEqual(["devel", "0.9.1", "v0.9.1", "0.10.0-rc1", "0.10.0", "1.0.0"]);
});

test("boards are counted by version, the newest first", () => {
  expect(versions([board("a", "0.1.0"), board("b", "0.2.0"), board("c"), board("d", "0.2.0")])).toEqual([["0.2.0", 2], ["0.1.0", 1], ["", 1]]);
});

test("bytes", () => expect([bytes(0), bytes(999), bytes(1500), bytes(31_400_000_000)]).toEqual(["0 B", "999 B", "1.5 kB", "31.4 GB"]));
