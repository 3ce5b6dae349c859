// Messages that the service could not take, with why, and their bytes to look at.

import { api } from "../api";
import { count, moment } from "../format";
import { lang, t } from "../i18n/text";
import { Blank, Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Check } from "../ui/icons";

export function RefusedList() {
  const loaded = useLoad((signal) => api.refused(signal), []);
  if (!loaded.data) return <Pending of={loaded} card rows={4} height={44} />;
  const list = loaded.data.messages ?? [];
  if (list.length === 0) {
    return (
      <section class="card">
        <Blank icon={<Check />} title={t("refused.none")}>
          {t("refused.none_text")}
        </Blank>
      </section>
    );
  }
  return (
    <section class="card" aria-labelledby="refused">
      <header class="card-head">
        <h2 id="refused">{t("setup.refused")}</h2>
        <span class="count num">{list.length}</span>
        <Help name={t("setup.refused")}>{t("refused.help")}</Help>
      </header>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t("setup.refused")}>
        <table class="slots">
          <thead>
            <tr>
              <th scope="col">{t("refused.at")}</th>
              <th scope="col">{t("refused.reason")}</th>
              <th scope="col">{t("refused.topic")}</th>
              <th scope="col" class="end">
                {t("refused.times")}
              </th>
              <th scope="col" class="end">
                {t("refused.bytes")}
              </th>
            </tr>
          </thead>
          <tbody>
            {list.map((m) => (
              <tr key={m.id}>
                <td class="num">{moment(Date.parse(m.received_at), lang.value)}</td>
                <td>
                  {m.reason}
                  {m.detail && <span class="slots-other">{m.detail}</span>}
                </td>
                <td class="break">{m.topic}</td>
                <td class="end num">{count(m.times, lang.value)}</td>
                <td class="end num">
                  <a class="card-link" href={api.refusedBytes(m.id)} download={`message-${m.id}.bin`}>
                    {count(m.size, lang.value)}
                  </a>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
