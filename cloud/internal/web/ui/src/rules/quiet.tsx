// One quiet time in the form: once, or each day.

import { t } from "../i18n/text";
import { Field } from "../setup/parts";
import { put, type Quiet } from "./book";
import { ScopeFields } from "./change";

export function QuietForm({ quiet: q, change }: { quiet: Quiet; change(quiet: Quiet): void }) {
  const once = q.from !== undefined || q.to !== undefined;
  const time = (key: "from" | "to", local: string) => change(put(q, key, local === "" ? undefined : new Date(local).toISOString()));
  return (
    <div class="form">
      <ScopeFields scope={q} change={change} withGtins={false} />
      {!once && !q.daily && (
        <fieldset class="checks">
          <label>
            <input type="checkbox" checked={q.outside_hours === true} onChange={(e) => change(put(q, "outside_hours", e.currentTarget.checked ? true : undefined))} />
            {t("rules.outside")}
          </label>
        </fieldset>
      )}
      {!once && !q.outside_hours && (
        <>
          <Field label={t("rules.daily")} value={q.daily ?? ""} pattern="[0-9]{1,2}:[0-9]{2}-[0-9]{1,2}:[0-9]{2}" hint={t("rules.daily_hint")} onValue={(v) => change(put(q, "daily", v))} />
          <Field label={t("rules.tz")} value={q.tz ?? ""} placeholder={Intl.DateTimeFormat().resolvedOptions().timeZone} onValue={(v) => change(put(q, "tz", v))} />
        </>
      )}
      {!q.daily && !q.outside_hours && (
        <>
          <Field label={t("rules.from")} type="datetime-local" value={local(q.from)} onValue={(v) => time("from", v)} />
          <Field label={t("rules.to")} type="datetime-local" value={local(q.to)} onValue={(v) => time("to", v)} />
        </>
      )}
    </div>
  );
}

/** A time as the input wants it: on the viewer's clock, without zone. */
function local(iso: string | undefined): string {
  if (!iso) return "";
  const d = new Date(iso);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
