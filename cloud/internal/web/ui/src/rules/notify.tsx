// What roles are told, in the form: of what, how, and whom else where nobody acknowledges.

import { t, word } from "../i18n/text";
import { Field, Select } from "../setup/parts";
import type { Severity } from "../types";
import { Bin, Plus } from "../ui/icons";
import { type Notify, put, type Step } from "./book";
import { ScopeFields } from "./change";

const SEVERITIES: Severity[] = ["critical", "warning", "info"];
export const SENDS = ["each", "hourly", "daily", "never"] as const;

export function NotifyForm({ notify: n, roles, change }: { notify: Notify; roles: string[]; change(n: Notify): void }) {
  const steps = n.escalate ?? [];
  const setSteps = (list: Step[]) => change(put(n, "escalate", list));
  const send = n.send || "each";
  const resend = (v: string) => {
    const next = put(put(n, "send", v === "each" ? "" : v), "at", v === "daily" ? (n.at ?? "08:00") : "");
    change(v === "never" ? put(next, "escalate", []) : next);
  };
  return (
    <div class="form">
      <Checks legend={t("people.roles")} all={roles} chosen={n.roles ?? []} set={(list) => change({ ...n, roles: list })} none={t("people.no_roles")} />
      <Checks legend={t("people.severities")} all={SEVERITIES} chosen={n.severities ?? []} set={(list) => change(put(n, "severities", list as Severity[]))} name={(x) => word("severity", x)} />
      <Select label={t("people.send")} value={send} onValue={resend}>
        {SENDS.map((x) => (
          <option key={x} value={x}>
            {t(`people.send.${x}`)}
          </option>
        ))}
      </Select>
      {send === "daily" && <Field label={t("people.at")} value={n.at ?? ""} required pattern="[0-9]{2}:[0-9]{2}" onValue={(v) => change(put(n, "at", v))} />}
      {send !== "never" && (
        <fieldset class="steps">
          <legend>{t("people.escalation")}</legend>
          {steps.map((s, i) => (
            <div key={i} class="step">
              <Field label={t("people.step_after", { n: i + 1 })} value={s.after} required pattern="([0-9]+(\.[0-9]+)?(s|m|h))+" hint={t("rules.hold_hint")} onValue={(v) => setSteps(steps.map((x, k) => (k === i ? { ...x, after: v } : x)))} />
              <Checks legend={t("people.step_roles", { n: i + 1 })} all={roles} chosen={s.roles} set={(list) => setSteps(steps.map((x, k) => (k === i ? { ...x, roles: list } : x)))} />
              <button class="toggle toggle-icon" type="button" aria-label={t("people.step_remove", { n: i + 1 })} title={t("people.step_remove", { n: i + 1 })} onClick={() => setSteps(steps.filter((_, k) => k !== i))}>
                <Bin />
              </button>
            </div>
          ))}
          <button class="button button-small" type="button" onClick={() => setSteps([...steps, { after: steps.length ? `${steps.length + 1}h` : "30m", roles: [] }])}>
            <Plus />
            {t("people.step_add")}
          </button>
        </fieldset>
      )}
      <details class="rule-wider" open={!!(n.types?.length || n.stores?.length || n.regions?.length)}>
        <summary>{t("people.where")}</summary>
        <div>
          <ScopeFields scope={n} change={change} withGtins={false} />
        </div>
      </details>
    </div>
  );
}

function Checks({ legend, all, chosen, set, name = (x) => x, none = "" }: { legend: string; all: readonly string[]; chosen: readonly string[]; set(list: string[]): void; name?(x: string): string; none?: string }) {
  return (
    <fieldset class="checks">
      <legend>{legend}</legend>
      {all.length === 0 && none}
      {all.map((x) => (
        <label key={x}>
          <input type="checkbox" checked={chosen.includes(x)} onChange={(e) => set(e.currentTarget.checked ? [...chosen, x] : chosen.filter((y) => y !== x))} />
          {name(x)}
        </label>
      ))}
    </fieldset>
  );
}
