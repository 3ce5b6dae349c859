// What each channel sold: an answer about sales holds it beside the sum, line by line. Pure.

import type { Money, Row, Sales } from "../kpi/answers";

export interface ChannelLine extends Money {
  channel: string;
  units: number;
}

type WithChannels = Sales & { channels: ChannelLine[] | null };

/** A row for each channel of the answer's rows, now or before; one that did not sell then has a row of nothing. */
export function byChannel(rows: readonly Row<WithChannels>[]): Row<Sales>[] {
  const now = sums(rows.flatMap((r) => r.figures.channels ?? []));
  const compared = rows.some((r) => r.before);
  const before = sums(rows.flatMap((r) => r.before?.channels ?? []));
  const none: Sales = { units: 0, revenue: [] };
  return [...new Set([...now.keys(), ...before.keys()])].map((channel) => ({
    key: { channel },
    figures: now.get(channel) ?? none,
    ...(compared ? { before: before.get(channel) ?? none } : {}),
  }));
}

function sums(lines: readonly ChannelLine[]): Map<string, Sales> {
  const of = new Map<string, { units: number; money: Map<string, number> }>();
  for (const l of lines) {
    const s = of.get(l.channel) ?? { units: 0, money: new Map() };
    of.set(l.channel, s);
    s.units += l.units;
    s.money.set(l.currency, (s.money.get(l.currency) ?? 0) + l.minor);
  }
  return new Map([...of].map(([channel, s]) => [channel, { units: s.units, revenue: [...s.money].map(([currency, minor]) => ({ currency, minor })) }]));
}
