// What the pages of trade share: the address's question, names of products, heads with their definition.

import { useMemo } from "preact/hooks";
import { lang, t, type Key } from "../i18n/text";
import { go, search } from "../router";
import { session } from "../session";
import { storeName, stores } from "../store";
import { useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { type MasterProduct, tradeApi } from "./trade";

/** Whether whoever looks may also change; programs' tokens do not sit before a page. */
export const mayChange = () => ["admin", "manager", "integration"].includes(session.value?.role ?? "");

/** A value of the address's question. */
export const asked = (name: string) => new URLSearchParams(search.value).get(name) ?? "";

/** The same page with other values; an empty one is left out. */
export function ask(part: Record<string, string>): void {
  const q = new URLSearchParams(search.value);
  for (const [k, v] of Object.entries(part)) v ? q.set(k, v) : q.delete(k);
  const s = q.toString();
  go(location.pathname + (s ? `?${s}` : ""));
}

/** Products by GTIN, and what to call one. */
export function useProducts() {
  const loaded = useLoad((signal) => tradeApi.products(signal), []);
  return useMemo(() => {
    const list = loaded.data?.products ?? [];
    const by = new Map<string, MasterProduct>(list.map((p) => [p.gtin, p]));
    return { list, name: (gtin: string, otherwise = "") => productName(by.get(gtin)) || otherwise || gtin };
  }, [loaded.data, lang.value]);
}

const productName = (p: MasterProduct | undefined) => p && ((lang.value === "zh" && p.name_zh) || p.name);

/** The store that is looked at. `any`: all of them are a choice too. */
export function StorePick({ any }: { any?: boolean }) {
  const list = [...stores.value.keys()].sort((a, b) => storeName(a).localeCompare(storeName(b)));
  return (
    <label class="kpi-compare">
      {t("trade.store")}
      <select class="select" value={asked("store")} onChange={(e) => ask({ store: e.currentTarget.value })}>
        <option value="">{t(any ? "trade.all_stores" : "trade.pick_store")}</option>
        {list.map((s) => (
          <option key={s} value={s}>
            {storeName(s)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** A column's head with its definition; `name`.help has to be a text. */
export function Th({ name, end = false, help = false }: { name: Key; end?: boolean; help?: boolean }) {
  return (
    <th scope="col" class={end ? "end" : ""}>
      <span class="kpi-head">
        {t(name)}
        {help && <Help name={t(name)}>{t(`${name}.help` as Key)}</Help>}
      </span>
    </th>
  );
}

/** One of several, as buttons. */
export function Switch<T extends string>({ label, of, value, name, pick }: { label: string; of: readonly T[]; value: T; name(v: T): string; pick(v: T): void }) {
  return (
    <div class="switch" role="group" aria-label={label}>
      {of.map((v) => (
        <button key={v} type="button" aria-pressed={v === value} onClick={() => pick(v)}>
          {name(v)}
        </button>
      ))}
    </div>
  );
}

export function ViewerNote() {
  return mayChange() ? null : <p class="note">{t("trade.viewer")}</p>;
}
