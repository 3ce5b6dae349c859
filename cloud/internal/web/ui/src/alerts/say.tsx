// What a person can say of one alert or of many: take it on, give it to somebody, mute it, write
// something to it. What was typed stays until the service has taken it.

import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { ApiError } from "../api";
import { duration } from "../format";
import { lang, t } from "../i18n/text";
import { isMuted } from "../live/rank";
import { callMe, me, signedIn } from "../me";
import { now, ranked, type Said } from "../store";
import type { Alert } from "../types";
import { Check, Mute, Person, Talk } from "../ui/icons";

type Tool = "" | "assign" | "mute" | "comment";

const HOURS = [1, 4, 24, 168] as const;
const HOUR_MS = 3_600_000;

interface Props {
  alerts: readonly Alert[];
  label: string;
  /** Says it; throws what the service refused it with. */
  run(said: Said): Promise<unknown>;
  /** Whether acknowledging is among it. */
  ack?: boolean;
  children?: ComponentChildren;
}

export function SayBar({ alerts, label, run, ack = false, children }: Props) {
  const [tool, setTool] = useState<Tool>("");
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const over = alerts.every((a) => a.state === "resolved");
  const muted = alerts.length > 0 && alerts.every((a) => isMuted(a, now.value));
  const say = async (said: Said) => {
    setBusy(true);
    setFailed("");
    try {
      await run(said);
      setTool("");
      return true;
    } catch (e) {
      setFailed(e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(". ") : String(e));
      return false;
    } finally {
      setBusy(false);
    }
  };
  const toggle = (which: Tool) => setTool(tool === which ? "" : which);
  return (
    <div class="say" role="group" aria-label={label}>
      <div class="say-tools">
        {ack && (
          <button class="button button-small button-primary" type="button" disabled={busy} onClick={() => void say({ action: "acknowledge", note: "" })}>
            <Check />
            {t("alerts.ack")}
          </button>
        )}
        {!over && (
          <>
            <ToolButton which="assign" tool={tool} press={toggle} icon={<Person />} name={t("assign.do")} />
            {muted ? (
              <button class="button button-small" type="button" disabled={busy} onClick={() => void say({ action: "mute", until: null })}>
                <Mute />
                {t("mute.undo")}
              </button>
            ) : (
              <ToolButton which="mute" tool={tool} press={toggle} icon={<Mute />} name={t("mute.do")} />
            )}
          </>
        )}
        <ToolButton which="comment" tool={tool} press={toggle} icon={<Talk />} name={t("comment.write")} />
        {children}
      </div>
      {tool === "assign" && <AssignForm alerts={alerts} busy={busy} say={say} />}
      {tool === "mute" && (
        <div class="say-form" role="group" aria-label={t("mute.for")}>
          <p class="muted say-note">{t("mute.help")}</p>
          {HOURS.map((h) => (
            <button key={h} class="button button-small" type="button" disabled={busy} onClick={() => void say({ action: "mute", until: new Date(Date.now() + h * HOUR_MS).toISOString() })}>
              {duration(h * 3600, lang.value)}
            </button>
          ))}
        </div>
      )}
      {tool === "comment" && <CommentForm busy={busy} say={say} />}
      {failed && (
        <p class="save-error" role="alert">
          {t("say.failed", { error: failed })}
        </p>
      )}
    </div>
  );
}

function ToolButton({ which, tool, press, icon, name }: { which: Tool; tool: Tool; press(which: Tool): void; icon: ComponentChildren; name: string }) {
  return (
    <button class="button button-small" type="button" aria-expanded={tool === which} onClick={() => press(which)}>
      {icon}
      {name}
    </button>
  );
}

/** Everybody who has had to do with an alert that is not over. */
function people(): string[] {
  const names = ranked.value.flatMap((a) => [a.assigned?.to, a.assigned?.by, a.acknowledged?.by, ...(a.comments ?? []).map((c) => c.by)]);
  return [...new Set([...names, me.value].filter((n): n is string => Boolean(n)))].sort((a, b) => a.localeCompare(b));
}

function AssignForm({ alerts, busy, say }: { alerts: readonly Alert[]; busy: boolean; say(said: Said): Promise<boolean> }) {
  const id = useId();
  const [to, setTo] = useState("");
  const given = alerts.some((a) => a.assigned);
  return (
    <form
      class="say-form"
      onSubmit={(e) => {
        e.preventDefault();
        void say({ action: "assign", to: to.trim() });
      }}
    >
      <input class="input" type="text" required maxLength={100} list={id} value={to} aria-label={t("assign.to")} placeholder={t("assign.to")} onInput={(e) => setTo(e.currentTarget.value)} />
      <datalist id={id}>
        {people().map((p) => (
          <option key={p} value={p} />
        ))}
      </datalist>
      <button class="button button-primary" type="submit" disabled={busy}>
        {t("assign.do")}
      </button>
      {me.value && (
        <button class="button" type="button" disabled={busy} onClick={() => void say({ action: "assign", to: me.value })}>
          {t("assign.me")}
        </button>
      )}
      {given && (
        <button class="button" type="button" disabled={busy} onClick={() => void say({ action: "assign", to: "" })}>
          {t("assign.take")}
        </button>
      )}
      <Who />
    </form>
  );
}

function CommentForm({ busy, say }: { busy: boolean; say(said: Said): Promise<boolean> }) {
  const [text, setText] = useState("");
  return (
    <form
      class="say-form"
      onSubmit={async (e) => {
        e.preventDefault();
        if (await say({ action: "comment", text })) setText("");
      }}
    >
      <textarea class="input" rows={2} required maxLength={600} value={text} aria-label={t("comment.write")} placeholder={t("comment.placeholder")} onInput={(e) => setText(e.currentTarget.value)} />
      <button class="button button-primary" type="submit" disabled={busy}>
        {t("comment.send")}
      </button>
      <Who />
    </form>
  );
}

/** Asks for a name where nobody signs in. */
function Who() {
  if (signedIn.value) return null;
  return (
    <label class="field say-who" title={t("who.you_help")}>
      <span>{t("who.you")}</span>
      <input class="input" type="text" maxLength={60} autocomplete="name" value={me.value} onChange={(e) => callMe(e.currentTarget.value)} />
    </label>
  );
}
