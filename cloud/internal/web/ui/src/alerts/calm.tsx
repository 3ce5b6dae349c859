// No alert is open: whether that means that nothing is wrong depends on what can be seen.

import { t } from "../i18n/text";
import { sight } from "../live/rank";
import { figures } from "../store";
import { Blank } from "../ui/async";
import { Check } from "../ui/icons";

export function Calm() {
  const seen = sight(figures.value);
  if (seen === "silent" || seen === "unjudged") return <Blank title={t("alerts.none_blind")}>{t(seen === "silent" ? "alerts.none_silent" : "alerts.none_unjudged")}</Blank>;
  return (
    <Blank icon={<Check />} title={t(seen === "part" ? "alerts.none_part" : "alerts.none")}>
      {t("alerts.none_text")}
    </Blank>
  );
}
