// How a slot's, a cooler's and an alert's state look everywhere: a colour and a shape, never a colour
// alone.

import { lang, t, word } from "../i18n/text";
import type { Cooler, CoolerStatus, Severity, SlotState } from "../types";
import { SLOT_STATES } from "../types";
import { count } from "../format";

// Functions, not elements: an element that is kept holds on to the tree that it was drawn in.
const GLYPHS: Record<SlotState, () => preact.JSX.Element> = {
  ok: () => <path d="m3 6.3 2 2L9 4" />,
  low: () => (
    <>
      <rect x="3" y="2.2" width="6" height="7.6" rx="1.2" />
      <path d="M3.2 7.4h5.6v1.4a1 1 0 0 1-1 1H4.2a1 1 0 0 1-1-1Z" fill="currentColor" stroke="none" />
    </>
  ),
  empty: () => <rect x="3" y="2.2" width="6" height="7.6" rx="1.2" stroke-dasharray="1.7 1.5" />,
  misplaced: () => <path d="M2.5 4.2h6.6M7.4 2.3l1.9 1.9-1.9 1.9M9.5 8H2.9M4.6 6.1 2.7 8l1.9 1.9" stroke-width="1.2" />,
  foreign: () => <path d="M6 1.8 10.2 6 6 10.2 1.8 6Z" />,
  unknown: () => <path d="M4.3 4.5a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.9.7-.9 1.3M6 9.4v.1" />,
};

export function StateGlyph({ state }: { state: SlotState }) {
  return (
    <svg class={`glyph glyph-${state}`} viewBox="0 0 12 12" width="12" height="12" fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {GLYPHS[state]()}
    </svg>
  );
}

/** The state as a chip with its word. */
export function StateChip({ state, reason }: { state: SlotState; reason?: string | undefined }) {
  return (
    <span class={`chip chip-${state}`}>
      <StateGlyph state={state} />
      {reason ? word("reason", reason) : word("state", state)}
    </span>
  );
}

/** All slots of a cooler in one line, the troubled ones first and counted. */
export function SlotBar({ slots }: { slots: Cooler["slots"] }) {
  const present = SLOT_STATES.filter((s) => slots[s] > 0);
  if (present.length === 0) return <span class="muted">{t("slots.none")}</span>;
  const label = present.map((s) => t("slots.summary", { n: slots[s], state: word("state", s) })).join(", ");
  return (
    <div class="slotbar" role="img" aria-label={label} title={label}>
      <div class="slotbar-track">
        {present.map((s) => (
          <span key={s} class={`seg seg-${s}`} style={{ flexGrow: slots[s] }} />
        ))}
      </div>
      <div class="slotbar-counts">
        {present.map((s) => (
          <span key={s} class={`cnt ink-${s}`}>
            <StateGlyph state={s} />
            {count(slots[s], lang.value)}
          </span>
        ))}
      </div>
    </div>
  );
}

export function StatusDot({ status }: { status: CoolerStatus }) {
  return <span class={`dot dot-${status}`} aria-hidden="true" />;
}

export function StatusChip({ status }: { status: CoolerStatus }) {
  return (
    <span class={`status status-${status}`}>
      <StatusDot status={status} />
      {word("status", status)}
    </span>
  );
}

const SEVERITY: Record<Severity, () => preact.JSX.Element> = {
  critical: () => <path d="M8 2.2 14.4 13.4H1.6Z" />,
  warning: () => <path d="M8 1.8 14.2 8 8 14.2 1.8 8Z" />,
  info: () => <circle cx="8" cy="8" r="5.6" />,
};

/** Three severities, three shapes. */
export function SeverityMark({ severity }: { severity: Severity }) {
  return (
    <svg class={`sev sev-${severity}`} viewBox="0 0 16 16" width="14" height="14" role="img" aria-label={word("severity", severity)}>
      {(SEVERITY[severity] ?? SEVERITY.info)()}
    </svg>
  );
}
