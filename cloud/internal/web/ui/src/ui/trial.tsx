// A button that sends a test message, and what the other side answered.

import { useState } from "preact/hooks";
import { ApiError } from "../api";
import { t } from "../i18n/text";

export interface Trial {
  delivered: boolean;
  /** Of HTTP; missing where there was no answer, and for e-mail. */
  status?: number;
  answer?: string;
  error?: string;
  ms: number;
}

export function TrialButton({ send, name, disabled = false }: { send(): Promise<Trial>; name: string; disabled?: boolean }) {
  const [busy, setBusy] = useState(false);
  const [got, setGot] = useState<Trial | null>(null);
  const go = async () => {
    setBusy(true);
    setGot(null);
    try {
      setGot(await send());
    } catch (e) {
      setGot({ delivered: false, ms: 0, error: e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(" · ") : String(e) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <div class="trial">
      <button class="button button-small" type="button" aria-label={`${t("trial.send")}: ${name}`} disabled={busy || disabled} onClick={() => void go()}>
        {busy ? t("trial.sending") : t("trial.send")}
      </button>
      <div role="status">
        {got && (
          <p class={got.delivered ? "trial-ok" : "save-error"}>
            {got.delivered ? t("trial.ok", { ms: got.ms }) : t("trial.failed", { error: got.error ?? "" })}
            {(got.status || got.answer) && (
              <span class="trial-answer">
                {t("trial.answer")}: <code>{[got.status, got.answer].filter(Boolean).join(" ")}</code>
              </span>
            )}
          </p>
        )}
      </div>
    </div>
  );
}
