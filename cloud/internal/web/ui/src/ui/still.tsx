// A picture of the service that may fail to come: why it did not is asked for, because a browser does not
// tell, and what may come yet can be tried again.

import { useState } from "preact/hooks";
import { ApiError, call } from "../api";
import { t } from "../i18n/text";
import { Camera } from "./icons";

export interface Still {
  /** Changes with each try: as the key of an img it makes the browser ask once more. */
  key: string;
  /** Why it is not shown. */
  fault: ApiError | undefined;
  /** Called by the img that could not be loaded. */
  failed(): void;
  again(): void;
}

export function useStill(src: string | null): Still {
  const [tries, setTries] = useState(0);
  const [fault, setFault] = useState<{ src: string; error: ApiError }>();
  const again = () => {
    setFault(undefined);
    setTries((n) => n + 1);
  };
  const failed = () => {
    if (src === null) return;
    void whyNot(src).then((error) => {
      // It may have come between the two questions.
      if (!error && tries === 0) again();
      else setFault({ src, error: error ?? new ApiError(0, t("still.broken")) });
    });
  };
  return { key: `${src} ${tries}`, fault: fault?.src === src ? fault?.error : undefined, failed, again };
}

/** Why an address gives no picture; undefined where it answers as if it did. */
async function whyNot(src: string): Promise<ApiError | undefined> {
  try {
    await call("GET", src);
    return undefined;
  } catch (e) {
    return e instanceof ApiError ? e : new ApiError(0, String(e));
  }
}

/** Whether there is no such picture, rather than that it did not come. */
const none = (e: ApiError) => e.status === 404 || e.status === 410;

/** What stands in the place of a picture. */
export function NoStill({ of }: { of: Still }) {
  const e = of.fault;
  if (!e) return null;
  return (
    <div class="still-none" role="status">
      <Camera />
      <b>{none(e) ? t("alerts.no_picture") : t("cooler.picture_failed")}</b>
      <small>{none(e) ? e.hint : [e.message, e.hint].filter(Boolean).join(" · ")}</small>
      {!none(e) && e.status !== 403 && (
        <button class="button button-small" type="button" onClick={of.again}>
          {t("load.retry")}
        </button>
      )}
    </div>
  );
}
