// The rows of a KPI table, from the answers that make them up. Pure.

import { type Answer, type Availability, type Outlet, type RankedCooler, type Row, type Sales, type Shares } from "./answers";
import { amount, type KpiId, measured, type Value } from "./defs";

export type Figures = Partial<Record<KpiId, Value>>;

export interface TableRow {
  key: Record<string, string>;
  name: string;
  nameZh: string;
  now: Figures;
  before: Figures | null;
}

export function fromAvailability(a: Availability): Figures {
  const { shelf, store, unknown } = a.out_hours;
  return { osa: measured(a.osa), oos: measured(a.oos), facings: measured(a.facings), out_hours: { value: a.osa.value === null ? null : shelf + store + unknown, coverage: a.osa.coverage }, lost_units: { ...a.lost_units }, lost_money: { ...amount(a.lost_money), causes: a.lost_units_by_cause } };
}

export const fromSales = (s: Sales): Figures => ({ units: { value: s.units }, revenue: amount(s.revenue) });

export const fromShares = (s: Shares): Figures => ({ share_of_shelf: measured(s.share_of_shelf), share_of_units: { value: s.share_of_units }, index: { value: s.index, coverage: s.share_of_shelf.coverage } });

export function fromOutlet(o: Outlet): Figures {
  return { score: measured(o.score), osa: measured(o.osa), facings: measured(o.facings), order: measured(o.order), share_of_shelf: measured(o.share_of_shelf), units: { value: o.units }, revenue: amount(o.revenue), lost_units: { ...o.lost_units }, lost_money: { ...amount(o.lost_money), causes: o.lost_units_by_cause }, conversion: measured(o.traffic.conversion) };
}

export function fromCooler(c: RankedCooler): Figures {
  return { score: measured(c.score), osa: measured(c.osa), facings: measured(c.facings), order: measured(c.order), units: { value: c.units }, lost_units: { value: c.lost_units }, lost_money: amount(c.lost_money), openings: { value: c.door_openings } };
}

export const rowsOf = <T>(answer: Answer<T>, figures: (f: T) => Figures): TableRow[] => answer.rows.map((r) => row(r, figures));

function row<T>(r: Row<T>, figures: (f: T) => Figures): TableRow {
  return { key: r.key, name: r.name ?? "", nameZh: r.name_zh ?? "", now: figures(r.figures), before: r.before ? figures(r.before) : null };
}

/** One row a key: what several answers say of it side by side. */
export function joined(...lists: TableRow[][]): TableRow[] {
  const rows = new Map<string, TableRow>();
  for (const r of lists.flat()) {
    const id = JSON.stringify(r.key);
    const known = rows.get(id);
    if (!known) rows.set(id, r);
    else rows.set(id, { ...known, name: known.name || r.name, nameZh: known.nameZh || r.nameZh, now: { ...known.now, ...r.now }, before: known.before || r.before ? { ...known.before, ...r.before } : null });
  }
  return [...rows.values()];
}

/** By one KPI; what has no value comes last, either way. */
export function sorted(rows: readonly TableRow[], by: KpiId, down: boolean): TableRow[] {
  const v = (r: TableRow) => r.now[by]?.value ?? null;
  return [...rows].sort((a, b) => {
    const [x, y] = [v(a), v(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    return down ? y - x : x - y;
  });
}

/** A week as 7 days of 24 hours from rows by weekday (1 is Monday) and hour of the day. */
export function week(answer: Answer<Availability>): (Value | null)[][] {
  const grid = Array.from({ length: 7 }, () => Array.from({ length: 24 }, (): Value | null => null));
  for (const r of answer.rows) {
    const [day, hour] = [Number(r.key["weekday"]) - 1, Number(r.key["hour_of_day"])];
    if (grid[day] && hour >= 0 && hour < 24) grid[day]![hour] = measured(r.figures.osa);
  }
  return grid;
}
