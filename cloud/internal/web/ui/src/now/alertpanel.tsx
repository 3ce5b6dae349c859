// The alerts that wait for someone, ranked; new ones slide in as they open.

import { Calm } from "../alerts/calm";
import { count } from "../format";
import { lang, t } from "../i18n/text";
import { to } from "../router";
import { waiting } from "../store";
import { AlertRow } from "../ui/alert";
import { Next } from "../ui/icons";

/** As many as fit a look; the inbox has the rest. */
const SHOWN = 14;

export function AlertPanel() {
  const { list: open, fresh } = waiting.value;
  return (
    <section class="card panel" aria-labelledby="open-alerts">
      <header class="card-head">
        <h2 id="open-alerts">{t("alerts.open_title")}</h2>
        <span class="count num">{count(open.length, lang.value)}</span>
        <a class="card-link" href={to.alerts()}>
          {t("alerts.all")}
          <Next />
        </a>
      </header>
      {open.length === 0 ? (
        <Calm />
      ) : (
        <ol class="alerts">
          {open.slice(0, SHOWN).map((a) => (
            <AlertRow key={a.id} alert={a} fresh={fresh.has(a.id)} />
          ))}
        </ol>
      )}
      {open.length > SHOWN && (
        <a class="card-foot" href={to.alerts()}>
          +{count(open.length - SHOWN, lang.value)}
        </a>
      )}
    </section>
  );
}
