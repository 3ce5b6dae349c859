// Who else is told of alerts.

import { useState } from "preact/hooks";
import { api } from "../api";
import { t, word } from "../i18n/text";
import type { Severity, Webhook } from "../types";
import { Pending, useLoad } from "../ui/async";
import { Bin, Plus } from "../ui/icons";
import { TrialButton } from "../ui/trial";
import { Field, SaveButton, SaveError, Select } from "./parts";
import { useSave } from "./save";

const FORMATS = ["events", "wecom", "dingtalk", "feishu"] as const;
const SEVERITIES: Severity[] = ["critical", "warning", "info"];

export function Webhooks() {
  const loaded = useLoad((signal) => api.webhooks(signal), []);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<Webhook | null>(null);
  const [removing, remove] = useSave();
  if (!loaded.data) return <Pending of={loaded} card rows={3} height={56} />;
  const list = loaded.data.webhooks ?? [];
  const drop = async (id: string) => {
    if (await remove(() => api.removeWebhook(id))) loaded.reload();
  };
  return (
    <section class="card">
      <header class="card-head">
        <h2>{t("hook.title")}</h2>
        <span class="count num">{list.length}</span>
        <button class="button button-small push" type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Plus />
          {t("hook.add")}
        </button>
      </header>
      {adding && (
        <HookForm
          done={(hook) => {
            setMade(hook);
            setAdding(false);
            loaded.reload();
          }}
        />
      )}
      {made?.secret && (
        <p class="note" role="status">
          {t("hook.secret")} <code class="secret">{made.secret}</code>
        </p>
      )}
      <SaveError saving={removing} />
      {list.length === 0 && !adding && <p class="note">{t("hook.none")}</p>}
      <ul class="setup-list">
        {list.map((h) => (
          <li key={h.id} class="setup-row hook-row">
            <span class="setup-main hook-url">
              <b>{h.url}</b>
              <small class="muted">{[formatName(h.format), (h.severities ?? []).map((s) => word("severity", s)).join(", ") || t("hook.all")].join(" · ")}</small>
              {h.disabled && <small class="tag-offline">{t("hook.disabled", { reason: h.disabled })}</small>}
            </span>
            <TrialButton name={h.url} send={() => api.testWebhook(h.id)} />
            <button class="toggle toggle-icon" type="button" aria-label={`${t("hook.remove")}: ${h.url}`} title={t("hook.remove")} onClick={() => drop(h.id)}>
              <Bin />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function formatName(format: string): string {
  const known = FORMATS.find((f) => f === format);
  return known ? t(`hook.${known}`) : format;
}

function HookForm({ done }: { done(hook: Webhook): void }) {
  const [url, setUrl] = useState("");
  const [format, setFormat] = useState<string>("events");
  const [robot, setRobot] = useState("");
  const [severities, setSeverities] = useState<readonly string[]>([]);
  const [saving, save] = useSave();
  const submit = async (e: Event) => {
    e.preventDefault();
    await save(async () => done(await api.addWebhook({ url, format, severities: [...severities], robot_secret: robot })));
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label={t("hook.url")} value={url} onValue={setUrl} required pattern="https?://.+" />
      <Select label={t("hook.format")} value={format} onValue={setFormat}>
        {FORMATS.map((f) => (
          <option key={f} value={f}>
            {formatName(f)}
          </option>
        ))}
      </Select>
      {(format === "dingtalk" || format === "feishu") && <Field label={t("hook.robot_secret")} value={robot} onValue={setRobot} />}
      <fieldset class="checks">
        <legend>{t("hook.severities")}</legend>
        {SEVERITIES.map((s) => (
          <label key={s}>
            <input type="checkbox" checked={severities.includes(s)} onChange={(e) => setSeverities(e.currentTarget.checked ? [...severities, s] : severities.filter((x) => x !== s))} />
            {word("severity", s)}
          </label>
        ))}
      </fieldset>
      <div class="form-foot">
        <SaveButton saving={saving} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
