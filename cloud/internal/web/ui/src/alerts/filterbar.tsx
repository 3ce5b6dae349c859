import type { Signal } from "@preact/signals";
import { t, word } from "../i18n/text";
import { me } from "../me";
import { storeName } from "../store";
import type { Alert, Severity } from "../types";
import { Search } from "../ui/icons";
import { type Filter, NOBODY } from "./filter";

const STATES = ["open", "acknowledged", "resolved"] as const;
const SEVERITIES: Severity[] = ["critical", "warning", "info"];

/** The controls of the inbox. */
export function FilterBar({ filter, alerts }: { filter: Signal<Filter>; alerts: readonly Alert[] }) {
  const f = filter.value;
  const set = (part: Partial<Filter>) => (filter.value = { ...filter.value, ...part });
  const stores = [...new Set([...alerts.map((a) => a.store), f.store])].filter(Boolean).sort((a, b) => storeName(a).localeCompare(storeName(b)));
  const types = [...new Set([...alerts.map((a) => a.type), f.type])].filter(Boolean).sort((a, b) => word("type", a).localeCompare(word("type", b)));
  const people = [...new Set([...alerts.map((a) => a.assigned?.to ?? ""), me.value, f.whose.trim()])].filter(Boolean).sort((a, b) => a.localeCompare(b));
  return (
    <div class="filters" role="search" aria-label={t("alerts.filter")}>
      <div class="switch" role="group" aria-label={t("alerts.state")}>
        {STATES.map((s) => (
          <button key={s} type="button" aria-pressed={f.state === s} onClick={() => set({ state: s })}>
            {word("alertstate", s)}
          </button>
        ))}
      </div>
      <label class="search">
        <Search />
        <input type="search" value={f.text} placeholder={t("alerts.search_short")} aria-label={t("alerts.search")} onInput={(e) => set({ text: e.currentTarget.value })} />
      </label>
      <select class="select" aria-label={t("alerts.severity")} value={f.severity} onChange={(e) => set({ severity: e.currentTarget.value as Severity | "" })}>
        <option value="">{t("alerts.any_severity")}</option>
        {SEVERITIES.map((s) => (
          <option key={s} value={s}>
            {word("severity", s)}
          </option>
        ))}
      </select>
      <select class="select" aria-label={t("alerts.type")} value={f.type} onChange={(e) => set({ type: e.currentTarget.value })}>
        <option value="">{t("alerts.any_type")}</option>
        {types.map((x) => (
          <option key={x} value={x}>
            {word("type", x)}
          </option>
        ))}
      </select>
      <select class="select" aria-label={t("alerts.store")} value={f.store} onChange={(e) => set({ store: e.currentTarget.value })}>
        <option value="">{t("alerts.any_store")}</option>
        {stores.map((s) => (
          <option key={s} value={s}>
            {storeName(s)}
          </option>
        ))}
      </select>
      <select class="select" aria-label={t("whose.label")} value={f.whose} onChange={(e) => set({ whose: e.currentTarget.value })}>
        <option value="">{t("whose.any")}</option>
        <option value={NOBODY}>{t("whose.nobody")}</option>
        {people.map((p) => (
          <option key={p} value={p}>
            {p === me.value ? t("whose.mine") : p}
          </option>
        ))}
      </select>
    </div>
  );
}
