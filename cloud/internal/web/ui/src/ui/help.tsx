// A small "?" that explains what stands beside it, on hover, focus or press.

import { useId, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";

export function Help({ name, children }: { name: string; children: ComponentChildren }) {
  const id = useId();
  const [open, setOpen] = useState(false);
  return (
    <span class="help" onMouseEnter={() => setOpen(true)} onMouseLeave={() => setOpen(false)}>
      <button
        class="help-mark"
        type="button"
        aria-label={`${name}?`}
        aria-describedby={open ? id : undefined}
        onClick={() => setOpen(true)}
        onFocus={() => setOpen(true)}
        onBlur={() => setOpen(false)}
        onKeyDown={(e) => e.key === "Escape" && setOpen(false)}
      >
        ?
      </button>
      {open && (
        <span class="help-text" role="tooltip" id={id}>
          {children}
        </span>
      )}
    </span>
  );
}
