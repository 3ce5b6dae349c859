// Alerts of the past, page by page from the API, with those that resolve while one looks on top.

import { useEffect, useMemo, useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { fleet } from "../store";
import type { Alert } from "../types";

const PAGE = 100;

export interface Resolved {
  alerts: readonly Alert[];
  loading: boolean;
  /** There are older ones. */
  more: boolean;
  next(): void;
  /** Why the last page did not come. */
  error: ApiError | undefined;
  again(): void;
}

export function useResolved(wanted: boolean): Resolved {
  const [old, setOld] = useState<readonly Alert[]>([]);
  const [before, setBefore] = useState("");
  const [ask, setAsk] = useState("");
  const [loading, setLoading] = useState(true);
  const [error, setError] = useState<ApiError>();
  const [tries, setTries] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    const abort = new AbortController();
    setLoading(true);
    setError(undefined);
    api.alerts({ state: "resolved", limit: PAGE, before: ask }, abort.signal).then(
      ({ alerts }) => {
        const page = alerts ?? [];
        setOld((known) => (ask ? [...known, ...page] : page));
        setBefore(page.length === PAGE ? page.at(-1)!.id : "");
        setLoading(false);
      },
      (e: unknown) => {
        if (abort.signal.aborted) return;
        setError(e instanceof ApiError ? e : new ApiError(0, String(e)));
        setLoading(false);
      },
    );
    return () => abort.abort();
  }, [wanted, ask, tries]);
  const live = fleet.value.resolved;
  const alerts = useMemo(() => {
    const ids = new Set(live.map((a) => a.id));
    return [...live, ...old.filter((a) => !ids.has(a.id))].sort((a, b) => ended(b) - ended(a));
  }, [live, old]);
  return { alerts, loading, more: before !== "", next: () => setAsk(before), error, again: () => setTries((n) => n + 1) };
}

const ended = (a: Alert) => Date.parse(a.resolved_at ?? a.opened_at);
