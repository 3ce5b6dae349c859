// The addresses of the views. Pure.

export type Route =
  | { view: "now" }
  | { view: "alerts"; id?: string }
  | { view: "cooler"; device: string }
  | { view: "stores" }
  | { view: "missing" };

export function parse(path: string): Route {
  const parts = path.split("/").filter(Boolean).map(decode);
  const [head, id, rest] = parts;
  if (rest !== undefined) return { view: "missing" };
  if (head === undefined) return { view: "now" };
  if (head === "alerts") return id === undefined ? { view: "alerts" } : { view: "alerts", id };
  if (head === "coolers" && id !== undefined) return { view: "cooler", device: id };
  if (head === "stores" && id === undefined) return { view: "stores" };
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
  alerts: () => "/alerts",
  alert: (id: string) => `/alerts/${encodeURIComponent(id)}`,
  cooler: (device: string) => `/coolers/${encodeURIComponent(device)}`,
  stores: () => "/stores",
};
