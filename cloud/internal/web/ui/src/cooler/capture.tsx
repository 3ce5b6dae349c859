// Asks the board for a picture now, and follows what comes of it: the picture itself, or the board's
// word why there is none.

import { useEffect, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { t } from "../i18n/text";
import { mayUpdate } from "../me";
import type { Cooler } from "../types";
import { Camera } from "../ui/icons";

const PATIENCE_MS = 60_000;
const ASK_MS = 2_000;
const DONE_MS = 4_000;

type State = { kind: "idle" | "asking" | "done" | "late" } | { kind: "waiting"; before: string; id: string } | { kind: "failed"; error: string } | { kind: "withheld"; why: string };

const pictureOf = (c: Cooler) => `${c.picture_boot} ${c.picture_seq}`;

/** For who may ask a board for something. */
export function CaptureNow({ cooler }: { cooler: Cooler }) {
  return mayUpdate() ? <Capture cooler={cooler} /> : null;
}

function Capture({ cooler: c }: { cooler: Cooler }) {
  const [state, set] = useState<State>({ kind: "idle" });
  const picture = pictureOf(c);
  useEffect(() => {
    if (state.kind === "waiting") {
      if (state.before !== picture) return set({ kind: "done" });
      const late = setTimeout(() => set({ kind: "late" }), PATIENCE_MS);
      const ask = setInterval(() => void refused(c.device, state.id).then((why) => why && set({ kind: "withheld", why })), ASK_MS);
      return () => {
        clearTimeout(late);
        clearInterval(ask);
      };
    }
    if (state.kind === "done") {
      const calm = setTimeout(() => set({ kind: "idle" }), DONE_MS);
      return () => clearTimeout(calm);
    }
    return undefined;
  }, [state, picture]);
  const ask = async () => {
    set({ kind: "asking" });
    try {
      const { id } = await api.command(c.device, "picture");
      set({ kind: "waiting", before: picture, id });
    } catch (e) {
      set({ kind: "failed", error: e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(": ") : String(e) });
    }
  };
  const busy = state.kind === "asking" || state.kind === "waiting";
  return (
    <span class="capture">
      <button class="button button-small" type="button" disabled={busy} onClick={() => void ask()}>
        <Camera />
        {t(state.kind === "asking" ? "capture.asking" : state.kind === "waiting" ? "capture.waiting" : state.kind === "done" ? "capture.done" : "capture.now")}
      </button>
      {state.kind === "late" && <small role="status">{t("capture.late")}</small>}
      {state.kind === "withheld" && <small role="status">{t("capture.withheld", { why: state.why })}</small>}
      {state.kind === "failed" && (
        <small class="tag-offline" role="alert">
          {t("boards.failed", { error: state.error })}
        </small>
      )}
    </span>
  );
}

/** Why the board carried a command out without success; "" while it has not answered, or did it. */
async function refused(device: string, id: string): Promise<string> {
  try {
    const { board } = await api.cooler(device);
    return board?.answer?.id === id && !board.answer.ok ? board.answer.detail || "?" : "";
  } catch {
    return ""; // asked again in a moment
  }
}
