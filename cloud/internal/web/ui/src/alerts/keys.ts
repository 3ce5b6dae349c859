// The inbox by keyboard: J and K to the next and the last alert, A to acknowledge the one that is open,
// X to select it.

import { useLayoutEffect } from "preact/hooks";
import { mayUpdate } from "../me";
import { go, to } from "../router";
import { say } from "../store";
import type { Alert } from "../types";

export function useInboxKeys(alerts: readonly Alert[], id: string | undefined, pick: (id: string) => void): void {
  // Before the browser paints: a key always acts on the alert that is seen.
  useLayoutEffect(() => {
    const press = (e: KeyboardEvent) => {
      const typing = (e.target as Element).closest?.("input:not([type=checkbox]), select, textarea, [contenteditable]");
      if (typing || e.ctrlKey || e.metaKey || e.altKey) return;
      const i = alerts.findIndex((a) => a.id === id);
      const key = e.key.toLowerCase();
      if (key === "j" || key === "k") {
        const next = alerts[i < 0 ? 0 : i + (key === "j" ? 1 : -1)];
        if (next) go(to.alert(next.id));
      } else if (key === "a" && mayUpdate() && alerts[i]?.state === "open") {
        // What goes wrong shows where it is pressed: the alert stays open.
        say(alerts[i]!, { action: "acknowledge", note: "" }).catch(() => undefined);
      } else if (key === "x" && mayUpdate() && id !== undefined && i >= 0) {
        pick(id);
      } else return;
      e.preventDefault();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [alerts, id]);
}
