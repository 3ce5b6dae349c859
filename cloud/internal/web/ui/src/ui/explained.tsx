// Values that explain themselves: on hover, on press, and with the keyboard. Whatever has data-explain inside is
// such a value; Tab reaches the first, the arrows the others, Escape puts the explanation away.

import type { ComponentChildren } from "preact";
import { useLayoutEffect, useId, useRef, useState } from "preact/hooks";

/** Props of a value; `first` is the one that Tab reaches. */
export const explained = (text: string, first: boolean) => ({ "data-explain": text, tabIndex: first ? 0 : -1 });

interface Shown {
  of: HTMLElement;
  text: string;
  left: number;
  top: number;
  above: boolean;
}

const WIDTH = 300;
const EDGE = 8;
/** Below a value that is nearer to the foot of the window than this there is no room. */
const ROOM = 170;

export function Explained({ children }: { children: ComponentChildren }) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [shown, setShown] = useState<Shown | null>(null);
  const hide = () => setShown(null);
  const place = (of: HTMLElement) => {
    const r = of.getBoundingClientRect();
    const above = innerHeight - r.bottom < ROOM && r.top > ROOM;
    setShown({ of, text: of.dataset["explain"] ?? "", left: Math.max(EDGE, Math.min(r.left, innerWidth - WIDTH - EDGE)), top: above ? r.top : r.bottom, above });
  };
  const show = (e: Event) => {
    const of = valueOf(e.target);
    of ? place(of) : hide();
  };
  useLayoutEffect(() => {
    if (!shown) return;
    shown.of.setAttribute("aria-describedby", id);
    // What the keyboard brought into sight keeps its explanation, where it now stands.
    const scrolled = () => (shown.of === document.activeElement ? place(shown.of) : hide());
    addEventListener("scroll", scrolled, { capture: true, once: true, passive: true });
    return () => {
      shown.of.removeAttribute("aria-describedby");
      removeEventListener("scroll", scrolled, { capture: true });
    };
  }, [shown]);
  const key = (e: KeyboardEvent) => {
    if (e.key === "Escape") return hide();
    const next = beside(box.current!, e.target, e.key);
    if (!next) return;
    e.preventDefault();
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return (
    <div class="explained" ref={box} onMouseOver={show} onMouseLeave={hide} onFocusIn={show} onFocusOut={hide} onKeyDown={key}>
      {children}
      {shown && (
        <span class={shown.above ? "help-text explained-text is-above" : "help-text explained-text"} role="tooltip" id={id} style={{ left: `${shown.left}px`, top: `${shown.top}px` }}>
          {shown.text}
        </span>
      )}
    </div>
  );
}

const valueOf = (target: EventTarget | null) => (target instanceof Element ? target.closest<HTMLElement>("[data-explain]") : null);

/** The value that an arrow, Home or End leads to: in its row, or in the same column of another. */
function beside(box: HTMLElement, target: EventTarget | null, key: string): HTMLElement | null {
  const here = valueOf(target);
  const row = here?.closest("tr, li");
  if (!here || !row) return null;
  const of = (r: Element) => [...r.querySelectorAll<HTMLElement>("[data-explain]")];
  const mine = of(row);
  const i = mine.indexOf(here);
  switch (key) {
    case "ArrowRight":
      return mine[i + 1] ?? null;
    case "ArrowLeft":
      return mine[i - 1] ?? null;
    case "Home":
      return mine[0] ?? null;
    case "End":
      return mine.at(-1) ?? null;
    case "ArrowDown":
    case "ArrowUp": {
      const rows = [...box.querySelectorAll("tr, li")].filter((r) => of(r).length > 0);
      const there = rows[rows.indexOf(row) + (key === "ArrowDown" ? 1 : -1)];
      return there ? (of(there)[Math.min(i, of(there).length - 1)] ?? null) : null;
    }
  }
  return null;
}
