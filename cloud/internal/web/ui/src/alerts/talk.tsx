// What was done about an alert and said of it, in the order of time.

import { clock, moment } from "../format";
import { lang, t } from "../i18n/text";
import { now } from "../store";
import type { Alert } from "../types";

interface Turn {
  at: string;
  by: string | undefined;
  what: string;
  text?: string | undefined;
}

export function Talk({ alert: a }: { alert: Alert }) {
  const turns = history(a);
  if (turns.length < 2) return null;
  return (
    <section class="talk" aria-labelledby="talk">
      <h3 id="talk">{t("comment.title")}</h3>
      <ol>
        {turns.map((turn, i) => (
          <li key={i}>
            <time class="num muted" dateTime={turn.at} title={moment(Date.parse(turn.at), lang.value)}>
              {clock(Date.parse(turn.at), now.value, lang.value)}
            </time>
            <span>
              {turn.what && <b>{turn.what}</b>}
              {turn.by !== undefined && <span class="muted">{turn.by || t("comment.nobody")}</span>}
              {turn.text && <span class="talk-text">{turn.text}</span>}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function history(a: Alert): Turn[] {
  const time = (iso: string) => clock(Date.parse(iso), now.value, lang.value);
  const turns: Turn[] = [{ at: a.opened_at, by: undefined, what: t("talk.opened") }];
  if (a.acknowledged) turns.push({ at: a.acknowledged.at, by: a.acknowledged.by ?? "", what: t("talk.acknowledged"), text: a.acknowledged.note });
  if (a.assigned) turns.push({ at: a.assigned.at, by: a.assigned.by ?? "", what: t("talk.assigned", { to: a.assigned.to }) });
  if (a.muted) turns.push({ at: a.muted.at, by: a.muted.by ?? "", what: t("talk.muted", { time: time(a.muted.until) }), text: a.muted.note });
  for (const c of a.comments ?? []) turns.push({ at: c.at, by: c.by ?? "", what: "", text: c.text });
  if (a.resolved_at) turns.push({ at: a.resolved_at, by: undefined, what: t("talk.resolved") });
  return turns.sort((x, y) => Date.parse(x.at) - Date.parse(y.at));
}
