// Saving, the same in every form: busy, done for a moment, or what went wrong in the server's words.

import { useState } from "preact/hooks";
import { ApiError } from "../api";

export type Saving = { kind: "idle" | "busy" | "done" } | { kind: "failed"; error: string };

const DONE_MS = 2500;

export function useSave(): [Saving, (work: () => Promise<unknown>) => Promise<boolean>] {
  const [state, set] = useState<Saving>({ kind: "idle" });
  const run = async (work: () => Promise<unknown>) => {
    set({ kind: "busy" });
    try {
      await work();
    } catch (e) {
      set({ kind: "failed", error: e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(" · ") : String(e) });
      return false;
    }
    set({ kind: "done" });
    setTimeout(() => set((s) => (s.kind === "done" ? { kind: "idle" } : s)), DONE_MS);
    return true;
  };
  return [state, run];
}
