// What a KPI page is about: the part of the trade, the time, and what it stands beside.

import type { ComponentChildren } from "preact";
import { duration } from "../format";
import { lang, t } from "../i18n/text";
import { go } from "../router";
import { Next } from "../ui/icons";
import { address, COMPARES, DAYS, firstBy, type Question, type Scope, SCOPES, type ScopeKey } from "./query";
import { nameOf } from "./table";

/** Where one is: all stores, then each narrowing, each a way back. */
export function Path({ question: q, names }: { question: Question; names: Partial<Record<ScopeKey, string>> }) {
  const keys = SCOPES.filter((k) => q.scope[k] !== undefined);
  if (keys.length === 0) return null;
  const upTo = (i: number): Scope => Object.fromEntries(keys.slice(0, i).map((k) => [k, q.scope[k]!]));
  const link = (scope: Scope, text: ComponentChildren, current = false) => (
    <a href={address({ ...q, scope, by: firstBy(scope) })} aria-current={current ? "page" : undefined}>
      {text}
    </a>
  );
  return (
    <nav class="crumbs" aria-label={t("kpis.path")}>
      {link({}, t("kpis.all"))}
      {keys.map((k, i) => (
        <span key={k} class="crumb">
          <Next />
          {link(upTo(i + 1), names[k] || nameOf(k, q.scope[k]!), i === keys.length - 1)}
          {keys.length > 1 && (
            <button
              type="button"
              class="crumb-off"
              aria-label={t("kpis.without", { name: names[k] || nameOf(k, q.scope[k]!) })}
              onClick={() => {
                const { [k]: _, ...scope } = q.scope;
                go(address({ ...q, scope, by: firstBy(scope) }));
              }}
            >
              ×
            </button>
          )}
        </span>
      ))}
    </nav>
  );
}

export function Range({ question: q }: { question: Question }) {
  const own = q.from !== undefined;
  const days = (n: number) => {
    const { from, to, ...rest } = q;
    go(address({ ...rest, days: n }));
  };
  const today = dayOf(Date.now());
  const set = (part: { from?: string; to?: string }) => {
    const next = { from: q.from ?? dayOf(Date.now() - 6 * 86_400_000), to: q.to ?? today, ...part };
    if (next.from && next.to && next.from <= next.to) go(address({ ...q, ...next }));
  };
  return (
    <div class="kpi-controls">
      <div class="switch" role="group" aria-label={t("kpis.range")}>
        {DAYS.map((n) => (
          <button key={n} type="button" aria-pressed={!own && n === q.days} onClick={() => days(n)}>
            {duration(n * 86_400, lang.value)}
          </button>
        ))}
        <button type="button" aria-pressed={own} onClick={() => set({})}>
          {t("kpis.own")}
        </button>
      </div>
      {own && (
        <span class="kpi-dates">
          <input class="input" type="date" aria-label={t("kpis.from")} max={q.to} value={q.from} onChange={(e) => set({ from: e.currentTarget.value })} />
          <span aria-hidden="true">–</span>
          <input class="input" type="date" aria-label={t("kpis.to")} min={q.from} max={today} value={q.to} onChange={(e) => set({ to: e.currentTarget.value })} />
        </span>
      )}
      <label class="kpi-compare">
        {t("kpis.compare")}
        <select class="select" value={q.compare} onChange={(e) => go(address({ ...q, compare: e.currentTarget.value as Question["compare"] }))}>
          {COMPARES.map((c) => (
            <option key={c} value={c}>
              {t(`kpis.compare.${c || "none"}`)}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

/** A day of the viewer's clock. */
function dayOf(ms: number): string {
  const d = new Date(ms);
  return `${d.getFullYear()}-${String(d.getMonth() + 1).padStart(2, "0")}-${String(d.getDate()).padStart(2, "0")}`;
}
