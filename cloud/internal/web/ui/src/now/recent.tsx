// What was put right lately: the page must also say when something works.

import { t } from "../i18n/text";
import { useResolved } from "../alerts/resolved";
import { AlertRow } from "../ui/alert";

const SHOWN = 6;

export function Recent() {
  const resolved = useResolved(true);
  if (resolved.alerts.length === 0) return null;
  return (
    <section class="card panel later" aria-labelledby="recent">
      <header class="card-head">
        <h2 id="recent">{t("alerts.recent")}</h2>
      </header>
      <ol class="alerts">
        {resolved.alerts.slice(0, SHOWN).map((a) => (
          <AlertRow key={a.id} alert={a} />
        ))}
      </ol>
    </section>
  );
}
