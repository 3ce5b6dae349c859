// Who may look and change: users, tokens of programs, and what was done with both.

import { api } from "../api";
import { moment } from "../format";
import { lang, t } from "../i18n/text";
import { session } from "../session";
import { Blank, Pending, useLoad } from "../ui/async";
import { Tokens } from "./tokens";
import { Users } from "./users";

export function Access() {
  const who = session.value;
  if (who?.kind === "open") {
    return (
      <section class="card">
        <Blank title={t("access.open")}>{t("access.open_text")}</Blank>
      </section>
    );
  }
  return (
    <div class="stack access">
      <Users />
      <Tokens />
      <AuditLog />
    </div>
  );
}

function AuditLog() {
  const loaded = useLoad((signal) => api.audit(signal), []);
  return (
    <section class="card" aria-labelledby="audit">
      <header class="card-head">
        <h2 id="audit">{t("access.audit")}</h2>
      </header>
      {!loaded.data ? (
        <Pending of={loaded} rows={3} />
      ) : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("access.audit")}>
          <table class="slots">
            <thead>
              <tr>
                <th scope="col">{t("access.when")}</th>
                <th scope="col">{t("access.who")}</th>
                <th scope="col">{t("access.what")}</th>
                <th scope="col">{t("access.detail")}</th>
              </tr>
            </thead>
            <tbody>
              {(loaded.data.entries ?? []).slice(0, 100).map((e) => (
                <tr key={e.n}>
                  <td class="num">{moment(Date.parse(e.at), lang.value)}</td>
                  <td>{e.who}</td>
                  <td>{e.action}</td>
                  <td class="break">{e.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
