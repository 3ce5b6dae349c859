// A cooler that was carried away, and has come to stay where it is: the board is told that this is its place, says so, and
// that ends the alert.

import { useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { t } from "../i18n/text";

export function SettleHere({ device }: { device: string }) {
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const settle = async () => {
    try {
      await api.command(device, "settle");
      setSaid({ text: t("moved.asked"), bad: false });
    } catch (e) {
      setSaid({ text: t("boards.failed", { error: e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(": ") : String(e) }), bad: true });
    }
  };
  return (
    <>
      <button class="button" type="button" disabled={said?.bad === false} onClick={() => void settle()}>
        {t("moved.settle")}
      </button>
      {said && (
        <small class={said.bad ? "tag-offline" : "muted"} role={said.bad ? "alert" : "status"}>
          {said.text}
        </small>
      )}
    </>
  );
}
