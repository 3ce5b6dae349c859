// One rule in the form: what it applies to, and what it changes. Empty fields show what holds without it.

import { useId } from "preact/hooks";
import { lang, t, word } from "../i18n/text";
import { Field, Select } from "../setup/parts";
import { stores } from "../store";
import type { Severity } from "../types";
import { digits, money } from "../format";
import { type ByLoss, type Change, put, type Scope, toList, TYPES } from "./book";

const SEVERITIES: Severity[] = ["critical", "warning", "info"];

interface Props {
  rule: Change;
  defaults: Record<string, Change>;
  change(rule: Change): void;
}

export function RuleForm({ rule: r, defaults, change }: Props) {
  const types = r.types ?? [];
  // The default is shown where all of the rule's kinds have the same.
  const usual = <K extends keyof Change>(key: K): string => {
    const values = new Set(types.map((x) => JSON.stringify(defaults[x]?.[key])));
    const [only] = values;
    return values.size === 1 && only ? String(JSON.parse(only)) : "";
  };
  const usualOpen = types.length === 1 ? defaults[types[0]!]?.open : undefined;
  const number = (text: string) => (text === "" ? undefined : Number(text));
  const open = (part: "bad" | "of", text: string) => {
    const n = number(text);
    const was = r.open ?? usualOpen ?? { bad: 2, of: 3 };
    change(put(r, "open", n === undefined ? undefined : { ...was, [part]: n }));
  };
  return (
    <div class="form">
      <ScopeFields scope={r} change={change} />
      <Select label={t("rules.tell")} value={r.enabled === undefined ? "" : String(r.enabled)} onValue={(v) => change(put(r, "enabled", v === "" ? undefined : v === "true"))}>
        <option value="">{t("rules.as_before")}</option>
        <option value="true">{t("rules.tell_yes")}</option>
        <option value="false">{t("rules.tell_no")}</option>
      </Select>
      {r.enabled !== false && (
        <>
          <Select label={t("rules.severity")} value={r.severity ?? ""} onValue={(v) => change(put(r, "severity", v as Severity | ""))}>
            <option value="">{t("rules.as_before")}</option>
            {SEVERITIES.map((s) => (
              <option key={s} value={s}>
                {word("severity", s)}
              </option>
            ))}
          </Select>
          <Field label={t("rules.bad")} type="number" min={1} max={16} value={String(r.open?.bad ?? "")} placeholder={String(usualOpen?.bad ?? "")} onValue={(v) => open("bad", v)} />
          <Field label={t("rules.of")} type="number" min={1} max={16} value={String(r.open?.of ?? "")} placeholder={String(usualOpen?.of ?? "")} onValue={(v) => open("of", v)} />
          <Field label={t("rules.close")} type="number" min={1} max={16} value={String(r.close ?? "")} placeholder={usual("close")} onValue={(v) => change(put(r, "close", number(v)))} />
          <Field label={t("rules.hold")} value={r.hold ?? ""} placeholder={usual("hold")} pattern="([0-9]+(\.[0-9]+)?(s|m|h))+" hint={t("rules.hold_hint")} onValue={(v) => change(put(r, "hold", v))} />
          {types.includes("cold_chain") && <Field label={t("rules.limit_c")} type="number" step={0.1} value={String(r.limit_c ?? "")} placeholder={usual("limit_c")} onValue={(v) => change(put(r, "limit_c", number(v)))} />}
          {types.some((x) => LOSING.includes(x)) && <MoneyFields of={r.severity_by_loss} change={(v) => change(put(r, "severity_by_loss", v))} />}
          {types.includes("planogram_drift") && <Field label={t("rules.share")} type="number" step={0.01} min={0} max={0.99} value={String(r.share ?? "")} placeholder={usual("share")} onValue={(v) => change(put(r, "share", number(v)))} />}
          {types.includes("door_busy") && <Field label={t("rules.openings")} type="number" min={0} value={String(r.openings ?? "")} placeholder={usual("openings")} onValue={(v) => change(put(r, "openings", number(v)))} />}
        </>
      )}
    </div>
  );
}

/** Kinds that lose sales while they stand. */
const LOSING = ["stockout", "phantom_inventory"];

/** From how much money an hour on an alert is how grave. */
function MoneyFields({ of, change }: { of: ByLoss | undefined; change(of: ByLoss | undefined): void }) {
  const set = (key: keyof ByLoss, value: string | number | undefined) => {
    const next = put(of ?? {}, key, value as never);
    change(Object.keys(next).length > 0 ? next : undefined);
  };
  const currency = of?.currency && CURRENCY.test(of.currency) ? of.currency : undefined;
  const unit = 10 ** digits(currency);
  const minor = (text: string) => (text === "" ? undefined : Math.round(Number(text) * unit));
  const major = (n: number | undefined) => (n === undefined ? "" : String(n / unit));
  const shown = (n: number | undefined) => (n !== undefined && currency ? t("rules.loss_is", { money: money(n, currency, lang.value) }) : t("rules.loss_hint"));
  return (
    <>
      <Field label={t("rules.loss_currency")} value={of?.currency ?? ""} pattern={CURRENCY.source} hint={t("rules.loss_help")} onValue={(v) => set("currency", v.toUpperCase())} />
      <Field label={t("rules.loss_critical")} type="number" min={0} step="any" value={major(of?.critical)} hint={shown(of?.critical)} onValue={(v) => set("critical", minor(v))} />
      <Field label={t("rules.loss_warning")} type="number" min={0} step="any" value={major(of?.warning)} hint={shown(of?.warning)} onValue={(v) => set("warning", minor(v))} />
    </>
  );
}

const CURRENCY = /^[A-Z]{3}$/;

type Listed = "stores" | "devices" | "gtins" | (typeof WIDER)[number];

/** Wider than a store, or than a cooler. */
const WIDER = ["regions", "channels", "store_classes", "cooler_models"] as const;

/** What an entry applies to. */
export function ScopeFields<S extends Scope>({ scope, change, withGtins = true }: { scope: S; change(scope: S): void; withGtins?: boolean }) {
  const list = useId();
  const types = scope.types ?? [];
  const toggle = (type: string, on: boolean) => change(put(scope, "types", (on ? TYPES.filter((x) => x === type || types.includes(x)) : types.filter((x) => x !== type)) as unknown as S["types"]));
  const text = (key: Listed, value: string) => change(put(scope, key, toList(value) as unknown as S[typeof key]));
  return (
    <>
      <fieldset class="checks rule-types" lang={lang.value}>
        <legend>{t("rules.types")}</legend>
        {TYPES.map((x) => (
          <label key={x}>
            <input type="checkbox" checked={types.includes(x)} onChange={(e) => toggle(x, e.currentTarget.checked)} />
            {word("type", x)}
          </label>
        ))}
      </fieldset>
      <Words label={t("rules.stores")} list={list} hint={t("rules.stores_hint")} value={scope.stores} onValue={(v) => text("stores", v)} />
      <datalist id={list}>
        {[...stores.value.values()].map((s) => (
          <option key={s.store} value={s.store}>
            {s.name}
          </option>
        ))}
      </datalist>
      <Words label={t("rules.devices")} value={scope.devices} onValue={(v) => text("devices", v)} />
      {withGtins && <Words label={t("rules.gtins")} value={scope.gtins} onValue={(v) => text("gtins", v)} />}
      <details class="rule-wider" open={WIDER.some((k) => scope[k]?.length)}>
        <summary>{t("rules.more")}</summary>
        <div>
          {WIDER.map((k) => (
            <Words key={k} label={t(`rules.${k}`)} value={scope[k]} onValue={(v) => text(k, v)} />
          ))}
        </div>
      </details>
    </>
  );
}

// Read when it is left: while it is typed, "a, " is not yet a list.
function Words({ label, value, onValue, list, hint }: { label: string; value: string[] | undefined; onValue(text: string): void; list?: string; hint?: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" type="text" autocomplete="off" list={list} defaultValue={(value ?? []).join(", ")} onChange={(e) => onValue(e.currentTarget.value)} />
      {hint && <small>{hint}</small>}
    </label>
  );
}
