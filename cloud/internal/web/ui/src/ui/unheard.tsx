// What stands where the live stream has not said anything yet: grey lines while it may, why it cannot where
// it cannot.

import { ApiError } from "../api";
import { refusal, t } from "../i18n/text";
import { link, retryNow } from "../store";
import { Blank, Failed, Skeleton } from "./async";

export function Unheard(shape: { rows?: number; height?: number }) {
  const l = link.value;
  if (l.kind === "refused") {
    const { error, hint } = refusal(l);
    return <Blank title={t("load.forbidden")}>{[error, hint].filter(Boolean).join(" · ")}</Blank>;
  }
  if (l.kind === "reconnecting") return <Failed error={new ApiError(0, "no answer from the server", "", "no_answer")} retry={retryNow} />;
  return <Skeleton {...shape} />;
}
