import { expect, test } from "vitest";
import { byChannel } from "../../src/trade/channels";

const line = (channel: string, units: number, minor: number, currency = "EUR") => ({ channel, units, minor, currency });
const sales = (...channels: ReturnType<typeof line>[]) => ({ units: 0, revenue: [], channels });

test("each channel's lines are one row, each currency by itself, beside what it sold before", () => {
  const rows = byChannel([{ key: {}, figures: sales(line("pos", 2, 300), line("pos", 1, 900, "CNY"), line("web", 4, 800)), before: sales(line("pos", 1, 150), line("fair", 7, 70)) }]);
  expect(rows).toEqual([
    { key: { channel: "pos" }, figures: { units: 3, revenue: [{ currency: "EUR", minor: 300 }, { currency: "CNY", minor: 900 }] }, before: { units: 1, revenue: [{ currency: "EUR", minor: 150 }] } },
    { key: { channel: "web" }, figures: { units: 4, revenue: [{ currency: "EUR", minor: 800 }] }, before: { units: 0, revenue: [] } },
    { key: { channel: "fair" }, figures: { units: 0, revenue: [] }, before: { units: 7, revenue: [{ currency: "EUR", minor: 70 }] } },
  ]);
});

test("nothing sold, no rows", () => expect(byChannel([{ key: {}, figures: { units: 0, revenue: [], channels: null } }])).toEqual([]));
