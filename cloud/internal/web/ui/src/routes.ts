// The addresses of the views. Pure.

export type Route =
  | { view: "now" }
  | { view: "alerts"; id?: string }
  | { view: "cooler"; device: string }
  | { view: "kpis" }
  | { view: "trade"; tab: TradeTab }
  | { view: "setup"; tab: SetupTab; id?: string }
  | { view: "missing" };

export const SETUP_TABS = ["coolers", "boards", "stores", "planograms", "products", "rules", "people", "integrations", "access", "refused"] as const;
export type SetupTab = (typeof SETUP_TABS)[number];

export const TRADE_TABS = ["sales", "stock", "orders", "online", "promotions"] as const;
export type TradeTab = (typeof TRADE_TABS)[number];

export function parse(path: string): Route {
  const parts = path.split("/").filter(Boolean).map(decode);
  const [head, id, rest, more] = parts;
  if (head === "setup" && more === undefined) {
    const tab = SETUP_TABS.find((x) => x === (id ?? "coolers"));
    if (tab === "planograms" && rest !== undefined) return { view: "setup", tab, id: rest };
    return tab && rest === undefined ? { view: "setup", tab } : { view: "missing" };
  }
  if (rest !== undefined) return { view: "missing" };
  if (head === "trade") {
    const tab = TRADE_TABS.find((x) => x === (id ?? "sales"));
    return tab ? { view: "trade", tab } : { view: "missing" };
  }
  if (head === undefined) return { view: "now" };
  if (head === "alerts") return id === undefined ? { view: "alerts" } : { view: "alerts", id };
  if (head === "kpis" && id === undefined) return { view: "kpis" };
  if (head === "coolers" && id !== undefined) return { view: "cooler", device: id };
  return { view: "missing" };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export const to = {
  now: () => "/",
  kpis: () => "/kpis",
  trade: (tab: TradeTab) => (tab === "sales" ? "/trade" : `/trade/${tab}`),
  alerts: () => "/alerts",
  alert: (id: string) => `/alerts/${encodeURIComponent(id)}`,
  cooler: (device: string) => `/coolers/${encodeURIComponent(device)}`,
  setup: (tab: SetupTab) => (tab === "coolers" ? "/setup" : `/setup/${tab}`),
  planogram: (id: string) => `/setup/planograms/${encodeURIComponent(id)}`,
};
