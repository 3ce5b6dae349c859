// Whose rules are in force, and who changed them last.

import { api } from "../api";
import { moment } from "../format";
import { lang, t } from "../i18n/text";
import { SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { useLoad } from "../ui/async";
import type { RulesInForce } from "./book";

export function Provenance({ of }: { of: RulesInForce }) {
  if (of.version === 0) return of.hidden || of.text ? <p class="note">{t("rules.of_service")}</p> : null;
  const when = moment(Date.parse(of.changed_at ?? ""), lang.value);
  return <p class="note">{of.changed_by ? t("rules.by", { n: of.version, who: of.changed_by, when }) : t("rules.by_nobody", { n: of.version, when })}</p>;
}

/** Earlier versions, each to be brought back as text. */
export function Versions({ pick }: { pick(text: string): void }) {
  const loaded = useLoad((signal) => api.ruleVersions(signal), []);
  const [taking, take] = useSave();
  const list = loaded.data?.versions ?? [];
  if (list.length < 2) return null;
  return (
    <details class="dry-list">
      <summary>{t("rules.versions")}</summary>
      <SaveError saving={taking} />
      <ul class="setup-list">
        {list.slice(1).map((v) => (
          <li key={v.version} class="setup-row">
            <span class="setup-main">{t("rules.version", { n: v.version })}</span>
            <span class="muted">{[v.changed_by, moment(Date.parse(v.changed_at), lang.value)].filter(Boolean).join(" · ")}</span>
            <button class="button button-small" type="button" onClick={() => void take(async () => pick((await api.ruleVersion(v.version)).text))}>
              {t("rules.bring_back")}
            </button>
          </li>
        ))}
      </ul>
    </details>
  );
}
