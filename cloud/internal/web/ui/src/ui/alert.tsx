// One alert as a row, and in words.

import { useState } from "preact/hooks";
import { ApiError } from "../api";
import { clock, duration, interval, moment, money } from "../format";
import { lang, t, word } from "../i18n/text";
import { to } from "../router";
import { isMuted } from "../live/rank";
import { mayUpdate } from "../me";
import { now, placeWords, say } from "../store";
import type { Alert, Product } from "../types";
import { Check, Mute, Person, Talk } from "./icons";
import { SeverityMark } from "./state";

/** A product's name in the page's language, its number where it has none. */
export function productName(p: Product | null | undefined, gtin: string | null | undefined): string {
  const name = lang.value === "zh" ? p?.name_zh || p?.name : p?.name || p?.name_zh;
  return name || gtin || "";
}

/** The name without the brand in front: where many names stand side by side, the brand says least. */
export function shortName(p: Product | null | undefined, gtin: string | null | undefined): string {
  const name = productName(p, gtin);
  const brand = p?.brand;
  return brand && name.startsWith(`${brand} `) ? name.slice(brand.length + 1) : name;
}

/** What an alert is about, first of all: the product, or the kind of trouble. */
export function alertSubject(a: Alert): string {
  return productName(a.product, a.gtin) || word("type", a.type);
}

/** The whole alert in one sentence, for titles and screen readers. */
export function alertSentence(a: Alert): string {
  return [word("type", a.type), productName(a.product, a.gtin), ...placeWords(a.device, a.store)].filter(Boolean).join(", ");
}

/** How long an alert lasts or lasted. An open one is counted from when the trouble was first seen. */
export function alertDuration(a: Alert): string {
  const d = a.duration;
  if (d) return d.max_s === null ? t("alerts.at_least", { time: duration(d.min_s, lang.value) }) : interval(d.min_s, d.max_s, lang.value);
  const from = Date.parse(a.first_seen_bad ?? a.opened_at);
  const until = a.resolved_at ? Date.parse(a.resolved_at) : now.value;
  return duration((until - from) / 1000, lang.value);
}

interface RowProps {
  alert: Alert;
  fresh?: boolean;
  selected?: boolean;
  /** Where rows can be picked: whether this one is, and what to do when that changes. */
  pick?: { on: boolean; change(on: boolean, range: boolean): void };
}

export function AlertRow({ alert: a, fresh = false, selected = false, pick }: RowProps) {
  const muted = isMuted(a, now.value);
  return (
    <li class={`alert${fresh ? " is-fresh" : ""}${selected ? " is-selected" : ""}${a.state === "open" ? "" : ` is-${a.state}`}${muted ? " is-muted" : ""}${pick ? " has-pick" : ""}`}>
      {pick && <input class="alert-pick" type="checkbox" checked={pick.on} aria-label={t("pick.row", { what: alertSentence(a) })} onClick={(e) => pick.change(e.currentTarget.checked, e.shiftKey)} />}
      <SeverityMark severity={a.severity} />
      <a class="alert-body" href={to.alert(a.id)} aria-current={selected ? "true" : undefined}>
        <span class="alert-subject">{alertSubject(a)}</span>
        <span class="alert-place">{[a.gtin ? word("type", a.type) : "", ...placeWords(a.device, a.store), a.slot].filter(Boolean).join(" · ")}</span>
        {(a.assigned || muted || a.comments?.length || (a.loss && a.state !== "resolved")) && <Marks alert={a} muted={muted} />}
      </a>
      <time class="alert-age num" dateTime={a.opened_at} title={moment(Date.parse(a.opened_at), lang.value)}>
        {alertDuration(a)}
      </time>
      {a.state === "resolved" ? <span class="alert-end num">{a.resolved_at && clock(Date.parse(a.resolved_at), now.value, lang.value)}</span> : <AckButton alert={a} />}
    </li>
  );
}

/** Whose it is, whether it is muted, whether something was written to it. */
function Marks({ alert: a, muted }: { alert: Alert; muted: boolean }) {
  const until = muted && a.muted ? t("mute.until", { time: clock(Date.parse(a.muted.until), now.value, lang.value) }) : "";
  return (
    <span class="alert-marks">
      {a.loss && a.state !== "resolved" && <span class="num alert-loss">{t("loss.hour", { amount: money(a.loss.minor_per_hour, a.loss.currency, lang.value) })}</span>}
      {a.assigned && (
        <span title={t("talk.assigned", { to: a.assigned.to })}>
          <Person />
          {a.assigned.to}
        </span>
      )}
      {until && (
        <span title={until}>
          <Mute />
          <span class="visually-hidden">{until}</span>
        </span>
      )}
      {a.comments?.length ? (
        <span class="num" title={t("comment.title")}>
          <Talk />
          {a.comments.length}
        </span>
      ) : null}
    </span>
  );
}

/** Acknowledges with one press; says so where it did not work. */
export function AckButton({ alert: a, note = "", wide = false }: { alert: Alert; note?: string; wide?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  if (a.state !== "open") {
    return wide ? null : <span class="ack-slot">{a.state === "acknowledged" && <span class="acked" title={word("alertstate", a.state)}><Check /></span>}</span>;
  }
  if (!mayUpdate()) return wide ? null : <span class="ack-slot" />;
  const press = async () => {
    setBusy(true);
    setFailed("");
    try {
      await say(a, { action: "acknowledge", note });
    } catch (e) {
      setFailed(e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(". ") : String(e));
    } finally {
      setBusy(false);
    }
  };
  return (
    <span class={wide ? "ack-wide" : "ack-slot"}>
      <button class={wide ? "button button-primary" : "ack"} type="button" disabled={busy} onClick={press} title={t("alerts.ack")} aria-label={wide ? undefined : t("alerts.ack_named", { what: alertSentence(a) })}>
        <Check />
        {wide && (busy ? t("alerts.acking") : t("alerts.ack"))}
      </button>
      {failed && (
        <span class="ack-failed" role="alert">
          {t("alerts.ack_failed", { error: failed })}
        </span>
      )}
    </span>
  );
}
