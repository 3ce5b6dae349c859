// Acknowledging all that the filter shows: asked twice, because it cannot be taken back.

import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api";
import { t, tn } from "../i18n/text";
import { acknowledge } from "../store";
import type { Alert } from "../types";
import { Check } from "../ui/icons";

const AT_ONCE = 6;

export function BulkAck({ alerts }: { alerts: readonly Alert[] }) {
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  useEffect(() => setAsked(false), [alerts.length]);
  if (alerts.length < 2 && !busy && !failed) return null;
  const run = async () => {
    setBusy(true);
    setFailed("");
    const left = [...alerts];
    const errors: string[] = [];
    const work = async () => {
      for (let a = left.pop(); a; a = left.pop()) {
        try {
          await acknowledge(a, "");
        } catch (e) {
          errors.push(e instanceof ApiError ? e.message : String(e));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (errors.length > 0) setFailed(t("bulk.failed", { n: errors.length, error: errors[0]! }));
    setBusy(false);
    setAsked(false);
  };
  const n = alerts.length;
  return (
    <span class="bulk">
      {asked ? (
        <>
          <button class="button button-small button-primary" type="button" disabled={busy} onClick={run}>
            <Check />
            {busy ? t("alerts.acking") : tn("bulk.sure", n)}
          </button>
          <button class="button button-small" type="button" disabled={busy} onClick={() => setAsked(false)}>
            {t("setup.cancel")}
          </button>
        </>
      ) : (
        <button class="button button-small" type="button" onClick={() => setAsked(true)}>
          <Check />
          {tn("bulk.ack", n)}
        </button>
      )}
      {failed && <span role="alert">{failed}</span>}
    </span>
  );
}
