// A picture of the service that may fail to come: why it did not is asked for, because a browser does not
// tell, and what may come yet can be tried again.

import { useEffect, useState } from "preact/hooks";
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
  useEffect(() => setFault(undefined), [src]);
  const failed = () => {
    if (src !== null) void whyNot(src).then((error) => setFault({ src, error }));
  };
  const again = () => {
    setFault(undefined);
    setTries((n) => n + 1);
  };
  return { key: `${src} ${tries}`, fault: fault?.src === src ? fault?.error : undefined, failed, again };
}

async function whyNot(src: string): Promise<ApiError> {
  try {
    await call("GET", src);
  } catch (e) {
    if (e instanceof ApiError) return e;
  }
  return new ApiError(200, t("still.broken")); // it comes, and is no picture
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
