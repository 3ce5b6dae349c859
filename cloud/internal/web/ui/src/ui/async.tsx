// Loading, failed and empty, the same in every view; and the hook that loads.

import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ApiError } from "../api";
import { t } from "../i18n/text";
import { to } from "../router";

export interface Loaded<T> {
  data: T | undefined;
  error: ApiError | undefined;
  loading: boolean;
  reload(): void;
}

/**
 * Loads when a dependency changes. Old data stays while new is loaded, so that a page does not blink. Where `fresh`
 * alone changes (see useFresh) it is loaded quietly: nothing says so, what is the same stays the same object, and
 * what cannot be had leaves what there is.
 */
export function useLoad<T>(load: (signal: AbortSignal) => Promise<T>, deps: readonly unknown[], fresh = 0): Loaded<T> {
  const [state, set] = useState<{ data?: T; error?: ApiError; loading: boolean }>({ loading: true });
  const [again, setAgain] = useState(0);
  const answered = useRef(false); // what is asked now
  const quiet = useRef<{ abort: AbortController; missed: boolean } | null>(null);
  const [missed, setMissed] = useState(0);
  useEffect(() => {
    const abort = new AbortController();
    answered.current = false;
    set((s) => ({ ...s, loading: true }));
    load(abort.signal).then(
      (data) => {
        if (abort.signal.aborted) return;
        answered.current = true;
        set({ data, loading: false });
      },
      (e: unknown) => {
        if (abort.signal.aborted) return;
        const error = e instanceof ApiError ? e : new ApiError(0, String(e));
        set((s) => (s.data === undefined ? { error, loading: false } : { data: s.data, error, loading: false }));
      },
    );
    return () => {
      abort.abort();
      quiet.current?.abort.abort();
      quiet.current = null;
    };
  }, [...deps, again]);
  useEffect(() => {
    if (!answered.current) return;
    if (quiet.current) {
      // A service that is slower than what happens must be let finish; what it missed is asked for then.
      quiet.current.missed = true;
      return;
    }
    const mine = { abort: new AbortController(), missed: false };
    quiet.current = mine;
    const done = (change?: (s: { data?: T; error?: ApiError; loading: boolean }) => typeof s) => {
      if (mine.abort.signal.aborted) return;
      quiet.current = null;
      if (change) set(change);
      if (mine.missed) setMissed((n) => n + 1);
    };
    load(mine.abort.signal).then(
      (data) => done((s) => (JSON.stringify(s.data) === JSON.stringify(data) ? s : { data, loading: false })),
      () => done(),
    );
  }, [fresh, missed]);
  return { data: state.data, error: state.error, loading: state.loading, reload: () => setAgain((n) => n + 1) };
}

/** Something worth saying in an empty place. */
export function Blank({ icon, title, children, action }: { icon?: ComponentChildren; title: string; children?: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class="blank">
      {icon && <div class="blank-icon">{icon}</div>}
      <p class="blank-title">{title}</p>
      {children && <div class="blank-text">{children}</div>}
      {action}
    </div>
  );
}

/** Grey lines in the shape of what comes. */
export function Skeleton({ rows = 3, height = 44 }: { rows?: number; height?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t("load.loading")}>
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} class="skeleton-row" style={{ height: `${height}px` }} />
      ))}
    </div>
  );
}

/**
 * What stands where something is not here yet: why it did not come, or grey lines in its shape. `card`: with
 * a card around it, where it is to become one.
 */
export function Pending({ of, card = false, ...shape }: { of: Loaded<unknown>; card?: boolean; rows?: number; height?: number }) {
  const what = of.error ? <Failed error={of.error} retry={of.reload} /> : <Skeleton {...shape} />;
  return card ? <section class="card">{what}</section> : what;
}

export function Failed({ error, retry, notFound }: { error: ApiError; retry(): void; notFound?: string }) {
  if (error.status === 404) return <NotFound text={notFound ?? t("load.notfound")} />;
  if (error.status === 401 || error.status === 403) {
    return <Blank title={t("load.forbidden")}>{error.hint || t("load.forbidden_hint")}</Blank>;
  }
  return (
    <div role="alert">
      <Blank
        title={t("load.error")}
        action={
          <button class="button" type="button" onClick={retry}>
            {t("load.retry")}
          </button>
        }
      >
        {error.message}
        {error.hint && <br />}
        {error.hint}
      </Blank>
    </div>
  );
}

export function NotFound({ text }: { text: string }) {
  return (
    <Blank
      title={text}
      action={
        <a class="button" href={to.now()}>
          {t("load.back")}
        </a>
      }
    />
  );
}
