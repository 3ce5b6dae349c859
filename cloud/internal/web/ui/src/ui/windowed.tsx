// A list of which only what is on the screen is in the document: a thousand coolers cost no more than
// thirty. Rows have one height; the page itself scrolls.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { visible } from "./window";

interface Props<T> {
  items: readonly T[];
  rowHeight: number;
  class: string;
  role?: "rowgroup" | "list";
  row(item: T, index: number): ComponentChildren;
}

export function Windowed<T>({ items, rowHeight, row, role, class: name }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [[first, last], set] = useState<[number, number]>([0, Math.min(items.length, 40)]);
  useLayoutEffect(() => {
    let frame = 0;
    const measure = () => {
      frame = 0;
      const top = box.current?.getBoundingClientRect().top ?? 0;
      const next = visible(top, innerHeight, rowHeight, items.length);
      set((now) => (now[0] === next[0] && now[1] === next[1] ? now : next));
    };
    const soon = () => (frame ||= requestAnimationFrame(measure));
    measure();
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [items.length, rowHeight]);
  return (
    <div ref={box} class={name} role={role} style={{ height: `${items.length * rowHeight}px`, position: "relative" }}>
      <div role="presentation" style={{ position: "absolute", insetInline: 0, top: `${first * rowHeight}px` }}>
        {items.slice(first, last).map((item, i) => row(item, first + i))}
      </div>
    </div>
  );
}
