// One word about all that are selected. Those that did not take it stay selected.

import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { t, tn, refusal } from "../i18n/text";
import { type Said, sayOfAll } from "../store";
import type { Alert } from "../types";
import { SayBar } from "./say";

export type Picked = Signal<ReadonlySet<string>>;

export function Bulk({ alerts, picked }: { alerts: readonly Alert[]; picked: Picked }) {
  const [done, setDone] = useState(0);
  const chosen = alerts.filter((a) => picked.value.has(a.id));
  const n = chosen.length;
  const run = async (said: Said) => {
    const failed = await sayOfAll(
      chosen.map((a) => a.id),
      said,
    );
    picked.value = new Set(failed.map((f) => f.id));
    setDone(n - failed.length);
    if (failed.length > 0) throw new Error(t("bulk.failed", { n: failed.length, error: refusal(failed[0]!).error }));
  };
  return (
    <>
      <div class="inbox-pick">
        <label>
          <input
            type="checkbox"
            checked={n > 0 && n === alerts.length}
            ref={(box) => {
              if (box) box.indeterminate = n > 0 && n < alerts.length;
            }}
            onChange={(e) => (picked.value = new Set(e.currentTarget.checked ? alerts.map((a) => a.id) : []))}
          />
          {n > 0 ? tn("pick.count", n) : t("pick.all")}
        </label>
        {n === 0 && done > 0 && <span role="status">{tn("bulk.done", done)}</span>}
      </div>
      {n > 0 && (
        <SayBar alerts={chosen} label={t("bulk.label")} run={run} ack={chosen.some((a) => a.state === "open")}>
          <button class="button button-small" type="button" onClick={() => (picked.value = new Set())}>
            {t("pick.clear")}
          </button>
        </SayBar>
      )}
    </>
  );
}
