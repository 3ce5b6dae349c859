// What the product master calls products: a planogram need not name what it lists.

import { call } from "../api";
import type { Product } from "../types";
import { useLoad } from "../ui/async";

const NONE: ReadonlyMap<string, Product> = new Map();

/** Products of the master by GTIN; none until they are here, or where there is no master: then numbers stand for names. */
export function useNames(): ReadonlyMap<string, Product> {
  const loaded = useLoad(async (signal) => {
    const { products } = await call<{ products: Product[] | null }>("GET", "/v1/sales/products", { signal });
    return new Map((products ?? []).flatMap((p) => (p.gtin ? [[p.gtin, p] as const] : [])));
  }, []);
  return loaded.data ?? NONE;
}
