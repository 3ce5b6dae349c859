// Who else is told of alerts.

import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { TYPES } from "../rules/book";
import { storeName, stores } from "../store";
import type { Failing, Severity, Webhook } from "../types";
import { Pending, useLoad } from "../ui/async";
import { Bin, Plus } from "../ui/icons";
import { TrialButton } from "../ui/trial";
import { shownUrl } from "./hookurl";
import { Field, SaveButton, SaveError, Select } from "./parts";
import { useSave } from "./save";

const FORMATS = ["events", "wecom", "dingtalk", "feishu", "email"] as const;
const SEVERITIES: Severity[] = ["critical", "warning", "info"];

/** How often is asked how they fare, while somebody looks. */
const WATCH_MS = 10_000;

export function Webhooks() {
  const loaded = useLoad((signal) => api.webhooks(signal), []);
  useEffect(() => {
    const timer = setInterval(() => loaded.reload(), WATCH_MS);
    return () => clearInterval(timer);
  }, []);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<Webhook | null>(null);
  const [leaving, setLeaving] = useState("");
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
              <b>{shownUrl(h)}</b>
              <small class="muted">{[formatName(h.format), ...told(h)].join(" · ")}</small>
              {h.disabled && <small class="tag-offline">{t("hook.disabled", { reason: h.disabled })}</small>}
              {!h.disabled && h.failing && <small class="tag-offline">{failure(h.failing)}</small>}
            </span>
            <TrialButton name={shownUrl(h)} send={() => api.testWebhook(h.id)} />
            <button class="toggle toggle-icon" type="button" aria-expanded={leaving === h.id} aria-label={`${t("hook.remove")}: ${shownUrl(h)}`} title={t("hook.remove")} onClick={() => setLeaving(leaving === h.id ? "" : h.id)}>
              <Bin />
            </button>
            {leaving === h.id && (
              <span class="form-foot hook-sure" role="group" aria-label={t("hook.sure")}>
                {t("hook.sure")}
                <button class="button button-small" type="button" onClick={() => drop(h.id)}>
                  {t("hook.remove_now")}
                </button>
                <button class="button button-small" type="button" onClick={() => setLeaving("")}>
                  {t("setup.cancel")}
                </button>
              </span>
            )}
            <DeadLetters hook={h} enabled={loaded.reload} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Since when its target takes nothing, and why. */
function failure(f: Failing): string {
  const at = (time: string) => moment(Date.parse(time), lang.value);
  return t("hook.failing", { since: at(f.since), error: f.error, tried: at(f.tried_at), next: at(f.next_try) });
}

/** Which alerts it is told, in words. */
function told(h: Webhook): string[] {
  const parts = [(h.severities ?? []).map((s) => word("severity", s)), (h.types ?? []).map((x) => word("type", x)), (h.stores ?? []).map(storeName)].map((p) => p.join(", ")).filter(Boolean);
  return parts.length > 0 ? parts : [t("hook.all")];
}

/** What its target never took, and the way to have it sent again; nothing where it took all. */
function DeadLetters({ hook, enabled }: { hook: Webhook; enabled(): void }) {
  const none = { dead_letters: [] };
  const loaded = useLoad((signal) => (hook.dead_letters ? api.deadLetters(hook.id, signal) : Promise.resolve(none)), [hook.id, hook.dead_letters]);
  const [sending, send] = useSave();
  if (loaded.error) {
    return (
      <span class="form-foot hook-dead" role="alert">
        <small class="tag-offline">{t("hook.dead_failed", { error: loaded.error.message })}</small>
        <button class="button button-small" type="button" onClick={loaded.reload}>
          {t("load.retry")}
        </button>
      </span>
    );
  }
  const dead = loaded.data?.dead_letters ?? [];
  const [first, last] = [dead[0], dead.at(-1)];
  if (!first || !last) return null;
  // A replay begins after its cursor: the first dead letter is to be in it.
  const again = async () => {
    if (await send(() => api.replayWebhook(hook.id, (BigInt(first.cursor) - 1n).toString()))) {
      loaded.reload();
      enabled();
    }
  };
  return (
    <span class="form-foot hook-dead">
      <small class="tag-offline">{tn("hook.dead", Math.max(hook.dead_letters ?? 0, dead.length), { time: moment(Date.parse(last.died_at), lang.value), reason: last.reason })}</small>
      <button class="button button-small" type="button" disabled={sending.kind === "busy"} title={t("hook.replay_help")} onClick={() => void again()}>
        {t("hook.replay")}
      </button>
      <SaveError saving={sending} />
    </span>
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
  const [types, setTypes] = useState<readonly string[]>([]);
  const [places, setPlaces] = useState<readonly string[]>([]);
  const known = [...stores.value.keys()].sort((a, b) => storeName(a).localeCompare(storeName(b)));
  const [severities, setSeverities] = useState<readonly string[]>([]);
  const [saving, save] = useSave();
  const submit = async (e: Event) => {
    e.preventDefault();
    await save(async () => done(await api.addWebhook({ url: format === "email" ? `mailto:${url.trim()}` : url, format, types: [...types], stores: [...places], severities: [...severities], robot_secret: robot })));
  };
  return (
    <form class="form" onSubmit={submit}>
      {format === "email" ? <Field label={t("hook.mail")} type="email" value={url} onValue={setUrl} required /> : <Field label={t("hook.url")} value={url} onValue={setUrl} required pattern="https?://.+" />}
      <Select label={t("hook.format")} value={format} onValue={setFormat}>
        {FORMATS.map((f) => (
          <option key={f} value={f}>
            {formatName(f)}
          </option>
        ))}
      </Select>
      {(format === "dingtalk" || format === "feishu") && <Field label={t("hook.robot_secret")} value={robot} onValue={setRobot} />}
      <Choice label={t("hook.severities")} of={SEVERITIES} chosen={severities} set={setSeverities} name={(s) => word("severity", s)} />
      <Choice label={t("alerts.type")} of={TYPES} chosen={types} set={setTypes} name={(x) => word("type", x)} />
      {known.length > 0 && <Choice label={t("setup.stores")} of={known} chosen={places} set={setPlaces} name={storeName} />}
      <div class="form-foot">
        <SaveButton saving={saving} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}

/** A choice of some; none is all. */
function Choice({ label, of, chosen, set, name }: { label: string; of: readonly string[]; chosen: readonly string[]; set(c: readonly string[]): void; name(x: string): string }) {
  return (
    <fieldset class="checks">
      <legend>
        {label} <small class="muted">{t("hook.none_is_all")}</small>
      </legend>
      {of.map((x) => (
        <label key={x}>
          <input type="checkbox" checked={chosen.includes(x)} onChange={(e) => set(e.currentTarget.checked ? [...chosen, x] : chosen.filter((y) => y !== x))} />
          {name(x)}
        </label>
      ))}
    </fieldset>
  );
}
