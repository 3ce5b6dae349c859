// The parts of a view, as links; the one that is shown is brought into sight where the row is wider than the screen.

import { useLayoutEffect, useRef } from "preact/hooks";

export function Tabs<T extends string>({ label, of, now, href, name }: { label: string; of: readonly T[]; now: T; href(tab: T): string; name(tab: T): string }) {
  const row = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    const here = row.current?.querySelector<HTMLElement>("[aria-current]");
    if (row.current && here) row.current.scrollLeft = here.offsetLeft - (row.current.clientWidth - here.clientWidth) / 2;
  }, [now]);
  return (
    <nav class="tabs" aria-label={label} ref={row}>
      {of.map((x) => (
        <a key={x} href={href(x)} aria-current={x === now ? "page" : undefined}>
          {name(x)}
        </a>
      ))}
    </nav>
  );
}
