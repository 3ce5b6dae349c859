// Fields and the button that saves them.

import type { ComponentChildren } from "preact";
import { t } from "../i18n/text";
import { mayUpdate } from "../me";
import { Check } from "../ui/icons";
import type { Saving } from "./save";

interface FieldProps {
  label: string;
  value: string;
  onValue(value: string): void;
  type?: "text" | "number" | "datetime-local" | "password" | "email";
  placeholder?: string;
  pattern?: string;
  required?: boolean;
  list?: string;
  step?: number | "any";
  min?: number;
  max?: number;
  hint?: string;
}

export function Field({ label, value, onValue, hint, type = "text", ...rest }: FieldProps) {
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" type={type as "text"} value={value} autocomplete="off" onInput={(e) => onValue(e.currentTarget.value)} {...rest} />
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function Select({ label, value, onValue, children, hint }: { label: string; value: string; onValue(v: string): void; children: ComponentChildren; hint?: string }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select class="select" value={value} onChange={(e) => onValue(e.currentTarget.value)}>
        {children}
      </select>
      {hint && <small>{hint}</small>}
    </label>
  );
}

export function SaveButton({ saving, label, disabled = false }: { saving: Saving; label?: string; disabled?: boolean }) {
  return (
    <button class="button button-primary" type="submit" disabled={disabled || saving.kind === "busy"}>
      {saving.kind === "done" && <Check />}
      {saving.kind === "busy" ? t("setup.saving") : saving.kind === "done" ? t("setup.saved") : (label ?? t("setup.save"))}
    </button>
  );
}

export function SaveError({ saving }: { saving: Saving }) {
  return (
    <div role="alert" class={saving.kind === "failed" ? "save-error" : ""}>
      {saving.kind === "failed" && t("setup.not_saved", { error: saving.error })}
    </div>
  );
}

/** A row of a list. By it who may change opens a form; who only looks reads it, or follows it to `href`. */
export function SetupRow({ columns = false, open, toggle, href, children }: { columns?: boolean; open: boolean; toggle(): void; href?: string; children: ComponentChildren }) {
  const look = `setup-row${columns ? " setup-columns" : ""}`;
  if (mayUpdate()) {
    return (
      <button class={look} type="button" aria-expanded={open} onClick={toggle}>
        {children}
      </button>
    );
  }
  return href ? (
    <a class={look} href={href}>
      {children}
    </a>
  ) : (
    <div class={look}>{children}</div>
  );
}

/** What a form would hold, for who only looks. */
export function Facts({ of }: { of: readonly (readonly [name: string, value: string])[] }) {
  return (
    <dl class="readout">
      {of.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class="num">{value || "–"}</dd>
        </div>
      ))}
    </dl>
  );
}
