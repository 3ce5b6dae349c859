// One recipient in the form: who, by which channel, for what; with a test message.

import { useId } from "preact/hooks";
import { api } from "../api";
import { t } from "../i18n/text";
import { Field, Select } from "../setup/parts";
import { TrialButton } from "../ui/trial";
import { put, type Recipient } from "./book";
import { ScopeFields } from "./change";

export const FORMATS = ["email", "wecom", "dingtalk", "feishu", "events"] as const;

export function formatName(format: string): string {
  switch (format) {
    case "email":
      return t("people.email");
    case "events":
      return t("people.events");
    case "wecom":
      return t("hook.wecom");
    case "dingtalk":
      return t("hook.dingtalk");
    case "feishu":
      return t("hook.feishu");
  }
  return format;
}

export function RecipientForm({ recipient: r, roles, change }: { recipient: Recipient; roles: string[]; change(r: Recipient): void }) {
  const list = useId();
  const mail = r.format === "email";
  // Another channel has another kind of address.
  const reformat = (format: string) => change({ ...put(put(put(r, "robot_secret", ""), "secret", ""), "url", ""), format });
  return (
    <div class="form">
      <Field label={t("people.name")} value={r.name ?? ""} onValue={(v) => change(put(r, "name", v))} />
      <label class="field">
        <span>{t("people.role")}</span>
        <input class="input" type="text" autocomplete="off" required list={list} value={r.role ?? ""} onInput={(e) => change({ ...r, role: e.currentTarget.value.trim() })} />
        <small>{t("people.role_hint")}</small>
        <datalist id={list}>
          {roles.map((x) => (
            <option key={x} value={x} />
          ))}
        </datalist>
      </label>
      <Select label={t("people.by")} value={r.format} onValue={reformat}>
        {FORMATS.map((f) => (
          <option key={f} value={f}>
            {formatName(f)}
          </option>
        ))}
      </Select>
      {mail ? (
        <Field label={t("people.address")} value={(r.url ?? "").replace(/^mailto:/, "")} required hint={t("people.mail_hint")} onValue={(v) => change(put(r, "url", v.trim() && `mailto:${v.replaceAll(/\s/g, "")}`))} />
      ) : (
        <Field label={t("people.address")} value={r.url ?? ""} required pattern="https?://.+" onValue={(v) => change(put(r, "url", v.trim()))} />
      )}
      {(r.format === "dingtalk" || r.format === "feishu") && <Field label={t("hook.robot_secret")} value={r.robot_secret ?? ""} onValue={(v) => change(put(r, "robot_secret", v))} />}
      {r.format === "events" && (
        <div class="field">
          <Field label={t("people.secret")} value={r.secret ?? ""} required pattern="whsec_.+" onValue={(v) => change(put(r, "secret", v))} />
          <button class="button button-small" type="button" onClick={() => change({ ...r, secret: makeSecret() })}>
            {t("people.make_secret")}
          </button>
        </div>
      )}
      <details class="rule-wider" open={scoped(r)}>
        <summary>{t("people.where")}</summary>
        <div>
          <ScopeFields scope={r} change={change} withGtins={false} />
        </div>
      </details>
      <TrialButton name={r.name || t("people.unnamed")} disabled={!r.url} send={() => api.testRecipient({ format: r.format, url: r.url ?? "", robot_secret: r.robot_secret ?? "", secret: r.secret ?? "" })} />
    </div>
  );
}

export const scoped = (s: Recipient) => [s.types, s.stores, s.devices, s.regions, s.channels, s.store_classes, s.cooler_models].some((x) => x?.length);

function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return `whsec_${btoa(String.fromCharCode(...bytes))}`;
}
