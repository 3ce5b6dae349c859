// Views by path. Links stay plain <a href>: they can be opened in a new tab, copied and sent on.

import { batch, computed, signal } from "@preact/signals";
import { parse } from "./routes";

export { type Route, to } from "./routes";

const path = signal(location.pathname);
export const route = computed(() => parse(path.value));
/** What stands behind the path, with its "?". */
export const search = signal(location.search);

export function go(href: string): void {
  if (href === location.pathname + location.search) return;
  const from = location.pathname;
  history.pushState(null, "", href);
  arrive();
  // Another question to the same view leaves one where one was.
  if (from !== location.pathname) scrollTo(0, 0);
}

/** Writes another question into the address of the view that is open, without a step back to it. */
export function ask(query: string): void {
  if (query === location.search) return;
  history.replaceState(history.state, "", location.pathname + query);
  search.value = query;
}

function arrive(): void {
  batch(() => {
    path.value = location.pathname;
    search.value = location.search;
  });
}

/** Takes over clicks on links of the page itself; everything else is the browser's. */
export function watchLinks(): void {
  addEventListener("popstate", arrive);
  document.addEventListener("click", (e) => {
    if (e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
    const a = (e.target as Element).closest?.("a");
    if (!a || a.target || a.hasAttribute("download") || a.origin !== location.origin || a.pathname.startsWith("/v1/")) return;
    if (a.hash && a.pathname === location.pathname) return;
    e.preventDefault();
    go(a.pathname + a.search);
  });
}
