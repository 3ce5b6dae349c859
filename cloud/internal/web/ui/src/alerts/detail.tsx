// One alert with what proves it: the picture before and the picture after, and the slot in both.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { api } from "../api";
import { clock, moment, money } from "../format";
import { lang, t, word } from "../i18n/text";
import { isMuted } from "../live/rank";
import { mayUpdate } from "../me";
import { to } from "../router";
import { fleet, now, placeWords, say } from "../store";
import type { Alert } from "../types";
import { AckButton, alertDuration, alertSentence, alertSubject } from "../ui/alert";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Back, Next } from "../ui/icons";
import { SeverityMark } from "../ui/state";
import { Proof } from "./proof";
import { SayBar } from "./say";
import { SettleHere } from "./settle";
import { Talk } from "./talk";

export function AlertDetail({ id }: { id: string }) {
  const live = useComputed(() => fleet.value.alerts.get(id) ?? fleet.value.resolved.find((a) => a.id === id));
  const loaded = useLoad((signal) => api.alert(id, signal), [id]);
  const known = live.value;
  const alert = known && loaded.data ? (known.revision >= loaded.data.revision ? known : loaded.data) : (known ?? loaded.data);
  return (
    <article class="card detail">
      <a class="back" href={to.alerts()}>
        <Back />
        {t("alerts.back")}
      </a>
      {alert ? <Body alert={alert} /> : <Pending of={loaded} rows={4} />}
    </article>
  );
}

function Body({ alert: a }: { alert: Alert }) {
  const note = useSignal("");
  const l = lang.value;
  const time = (iso: string | null | undefined) => (iso ? moment(Date.parse(iso), l) : null);
  return (
    <>
      <header class="detail-head">
        <p class="detail-kind">
          <SeverityMark severity={a.severity} />
          {word("type", a.type)} · {word("alertstate", a.state)}
          {a.flapping && ` · ${t("alerts.flapping")}`}
          {a.muted && isMuted(a, now.value) && ` · ${t("mute.until", { time: clock(Date.parse(a.muted.until), now.value, l) })}`}
        </p>
        <h2 class="detail-title">{alertSubject(a)}</h2>
        <p class="muted">
          {placeWords(a.device, a.store).join(" · ")}
          {a.slot && ` · ${t("alerts.slot")} ${a.slot}`}
        </p>
      </header>
      <Proof alert={a} before={before(a)} after={after(a)} />
      <dl class="detail-facts">
        <Fact name={a.state === "resolved" ? t("alerts.duration") : t("alerts.lasting")} help={t("alerts.duration_help")}>
          <b>{alertDuration(a)}</b>
        </Fact>
        {a.state !== "resolved" && a.loss && (
          <Fact name={t("loss.label")}>
            <b class="alert-loss">{t("loss.hour", { amount: money(a.loss.minor_per_hour, a.loss.currency, l) })}</b>
          </Fact>
        )}
        <Fact name={t("alerts.opened")}>{time(a.opened_at)}</Fact>
        <Fact name={before(a)}>{time(a.last_seen_good)}</Fact>
        <Fact name={after(a)}>{time(a.first_seen_bad)}</Fact>
        <Fact name={t("alerts.resolved")}>{time(a.resolved_at)}</Fact>
        <Fact name={t("alerts.how")}>{a.resolution && word("resolution", a.resolution)}</Fact>
        <Fact name="GTIN">{a.gtin}</Fact>
        <Fact name={t("alerts.planogram")}>{a.planogram && `${a.planogram.id} · ${t("cooler.planogram_version", { n: a.planogram.version })}`}</Fact>
        <Fact name={t("alerts.model")}>{a.model}</Fact>
        {a.state !== "resolved" && <Fact name={t("whose.label")}>{a.assigned?.to ?? t("whose.none")}</Fact>}
      </dl>
      <Talk alert={a} />
      <footer class="detail-foot">
        {a.state === "open" && mayUpdate() && (
          <input class="input" type="text" maxLength={500} value={note.value} aria-label={t("alerts.note")} placeholder={t("alerts.note_placeholder")} onInput={(e) => (note.value = e.currentTarget.value)} />
        )}
        <AckButton alert={a} note={note.value} wide />
        <a class="button" href={to.cooler(a.device)}>
          {t("alerts.go_cooler")}
          <Next />
        </a>
        {a.type === "cooler_moved" && a.state !== "resolved" && mayUpdate() && <SettleHere device={a.device} />}
      </footer>
      {mayUpdate() ? <SayBar alerts={[a]} label={alertSentence(a)} run={(said) => say(a, said)} /> : <p class="note">{t("looker.alert")}</p>}
    </>
  );
}

// A stockout speaks of a slot that fills and empties; everything else of what is in order or not.
const before = (a: Alert) => t(a.type === "stockout" ? "alerts.before" : "alerts.before_good");
const after = (a: Alert) => t(a.type === "stockout" ? "alerts.after" : "alerts.after_bad");

function Fact({ name, help, children }: { name: string; help?: string; children: ComponentChildren }) {
  if (!children) return null;
  return (
    <>
      <dt>
        {name}
        {help && <Help name={name}>{help}</Help>}
      </dt>
      <dd class="num">{children}</dd>
    </>
  );
}
