// What a file of rules would have said of the past, beside what is in force.

import { useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { clock, count, duration } from "../format";
import { lang, t, word } from "../i18n/text";
import { to } from "../router";
import { now, placeWords } from "../store";
import type { DryRun } from "./book";

const DAYS = [1, 7, 28] as const;
const SHOWN = 60;

export function DryRunCard({ text }: { text: string }) {
  const [days, setDays] = useState<(typeof DAYS)[number]>(7);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const [run, setRun] = useState<{ of: string; days: number; result: DryRun } | null>(null);
  const go = async () => {
    setBusy(true);
    setFailed("");
    try {
      setRun({ of: text, days, result: await api.testRules(text, days) });
    } catch (e) {
      setFailed(e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join("\n") : String(e));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card" aria-labelledby="dry">
      <header class="card-head">
        <h2 id="dry">{t("rules.dry")}</h2>
      </header>
      <div class="dry-bar">
        <div class="switch" role="group" aria-label={t("rules.span")}>
          {DAYS.map((d) => (
            <button key={d} type="button" aria-pressed={d === days} onClick={() => setDays(d)}>
              {duration(d * 86_400, lang.value)}
            </button>
          ))}
        </div>
        <button class="button" type="button" disabled={busy} onClick={() => void go()}>
          {busy ? t("rules.trying") : t("rules.try", { n: days })}
        </button>
      </div>
      {failed && (
        <p class="save-error dry-error" role="alert">
          {failed}
        </p>
      )}
      {run && <Outcome run={run.result} old={run.of !== text} />}
    </section>
  );
}

function Outcome({ run, old }: { run: DryRun; old: boolean }) {
  const l = lang.value;
  const newest = [...run.alerts].sort((a, b) => Date.parse(b.opened_at) - Date.parse(a.opened_at));
  const grave = (run.severities ?? []).filter((x) => x.in_force + x.file > 0);
  return (
    <div class={old ? "dry is-old" : "dry"} role="status">
      <p class="note">
        {run.messages === 0 ? t("rules.dry_empty") : t("rules.dry_of", { messages: count(run.messages, l), coolers: count(run.coolers, l) })}
        {old && ` ${t("rules.old")}`}
      </p>
      {run.types.length === 0 ? (
        run.messages > 0 && <p class="note">{t("rules.dry_none")}</p>
      ) : (
        <table class="slots">
          <thead>
            <tr>
              <th scope="col">{t("rules.type")}</th>
              <th scope="col" class="end">
                {t("rules.in_force")}
              </th>
              <th scope="col" class="end">
                {t("rules.these")}
              </th>
              <th scope="col" class="end">
                {t("rules.difference")}
              </th>
            </tr>
          </thead>
          <tbody>
            {run.types.map((x) => (
              <tr key={x.type}>
                <td>{word("type", x.type)}</td>
                <td class="end num">{count(x.in_force, l)}</td>
                <td class="end num">{count(x.file, l)}</td>
                <td class="end num">
                  <b>{signed(x.file - x.in_force)}</b>
                </td>
              </tr>
            ))}
            {grave.length > 0 && (
              <tr class="dry-severity">
                <th colSpan={4} scope="colgroup">
                  {t("rules.severity")}
                </th>
              </tr>
            )}
            {grave.map((x) => (
                <tr key={x.severity}>
                  <td>{word("severity", x.severity)}</td>
                  <td class="end num">{count(x.in_force, l)}</td>
                  <td class="end num">{count(x.file, l)}</td>
                  <td class="end num">
                    <b>{signed(x.file - x.in_force)}</b>
                  </td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
      {newest.length > 0 && (
        <details class="dry-list">
          <summary>{t("rules.examples")}</summary>
          <div class="scroll-x" tabIndex={0}>
            <table class="slots">
              <thead>
                <tr>
                  <th scope="col">{t("rules.opened")}</th>
                  <th scope="col">{t("rules.type")}</th>
                  <th scope="col">{t("rules.where")}</th>
                  <th scope="col" class="end">
                    {t("rules.ended")}
                  </th>
                </tr>
              </thead>
              <tbody>
                {newest.slice(0, SHOWN).map((a, i) => (
                  <tr key={i}>
                    <td class="num">{clock(Date.parse(a.opened_at), now.value, l)}</td>
                    <td>{word("type", a.type)}</td>
                    <td>
                      <a class="link-plain" href={to.cooler(a.device)}>
                        {[...placeWords(a.device, a.store), a.slot].filter(Boolean).join(" · ")}
                      </a>
                    </td>
                    <td class="end num">{a.ended_at ? duration((Date.parse(a.ended_at) - Date.parse(a.opened_at)) / 1000, l) : t("rules.still")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      )}
    </div>
  );
}

const signed = (n: number) => (n > 0 ? `+${n}` : n < 0 ? `−${-n}` : "±0");
