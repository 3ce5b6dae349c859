// Line icons on a 16×16 grid, drawn for this page. They carry no meaning alone: a word or a label
// always stands beside them, so they are hidden from screen readers.

import type { ComponentChildren } from "preact";

function Icon({ children, size = 16 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width={size} height={size} fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export const Mark = () => (
  <svg class="mark" viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
    <rect x="5" y="2" width="22" height="28" rx="5" fill="var(--brand)" />
    <path d="M9 13.5h14M9 21.5h14" stroke="#fff" stroke-opacity=".55" stroke-width="1.6" stroke-linecap="round" />
    <rect x="10" y="6.5" width="3.2" height="6" rx="1.2" fill="#fff" />
    <rect x="15" y="6.5" width="3.2" height="6" rx="1.2" fill="#fff" />
    <rect x="10" y="15" width="3.2" height="6" rx="1.2" fill="#fff" />
    <rect x="20" y="15" width="2.6" height="6" rx="1.2" fill="#ffb454" />
  </svg>
);

export const Pulse = () => (
  <Icon>
    <path d="M1.5 8.5h3l2-5 3.2 9 2-4h2.8" />
  </Icon>
);
export const Bell = () => (
  <Icon>
    <path d="M4 7a4 4 0 0 1 8 0c0 3.2 1.2 4 1.2 4H2.8S4 10.2 4 7ZM6.7 13.4a1.5 1.5 0 0 0 2.6 0" />
  </Icon>
);
export const Shop = () => (
  <Icon>
    <path d="M2.5 6.5 3.6 2.8h8.8l1.1 3.7M3.3 8v5.2h9.4V8M2.5 6.5a1.8 1.8 0 0 0 3.6 0 1.9 1.9 0 0 0 3.8 0 1.8 1.8 0 0 0 3.6 0" />
  </Icon>
);
export const Sun = () => (
  <Icon>
    <circle cx="8" cy="8" r="2.8" />
    <path d="M8 1.2v1.5M8 13.3v1.5M1.2 8h1.5M13.3 8h1.5M3.2 3.2l1 1M11.8 11.8l1 1M3.2 12.8l1-1M11.8 4.2l1-1" />
  </Icon>
);
export const Moon = () => (
  <Icon>
    <path d="M13.4 9.8A5.8 5.8 0 0 1 6.2 2.6a5.8 5.8 0 1 0 7.2 7.2Z" />
  </Icon>
);
export const HalfMoon = () => (
  <Icon>
    <circle cx="8" cy="8" r="5.6" />
    <path d="M8 2.4v11.2a5.6 5.6 0 0 0 0-11.2Z" fill="currentColor" stroke="none" />
  </Icon>
);
export const Search = () => (
  <Icon>
    <circle cx="7" cy="7" r="4.3" />
    <path d="m10.3 10.3 3.4 3.4" />
  </Icon>
);
export const Check = () => (
  <Icon>
    <path d="m3 8.5 3.2 3.2L13 4.8" />
  </Icon>
);
export const Back = () => (
  <Icon>
    <path d="M9.8 3.5 5.3 8l4.5 4.5" />
  </Icon>
);
export const Next = () => (
  <Icon>
    <path d="M6.2 3.5 10.7 8l-4.5 4.5" />
  </Icon>
);
export const Expand = () => (
  <Icon>
    <path d="M9.5 2.5h4v4M13.3 2.7 9.6 6.4M6.5 13.5h-4v-4M2.7 13.3l3.7-3.7" />
  </Icon>
);
export const Thermometer = () => (
  <Icon>
    <path d="M6.2 9V3.3a1.8 1.8 0 0 1 3.6 0V9a3 3 0 1 1-3.6 0Z" />
    <path d="M8 6v5" />
  </Icon>
);
export const DoorIcon = ({ open }: { open: boolean }) => (
  <Icon>
    {open ? <path d="M3.5 13.5v-11h6v11M9.5 4l3.5 1.2v9.3l-3.5-1M2 13.5h7.5M7.4 8v.6" /> : <path d="M4 13.5v-11h8v11M2.5 13.5h11M9.8 8v.6" />}
  </Icon>
);
export const Camera = () => (
  <Icon>
    <path d="M2 5.2h2.6l1-1.7h4.8l1 1.7H14v7.3H2Z" />
    <circle cx="8" cy="8.6" r="2.3" />
  </Icon>
);
export const Tray = () => (
  <Icon>
    <path d="m2.2 9 1.7-5.3h8.2L13.8 9v3.6H2.2ZM2.2 9h3.4a2.4 2.4 0 0 0 4.8 0h3.4" />
  </Icon>
);
export const Unplugged = () => (
  <Icon>
    <path d="M2.5 2.5l11 11M5.2 8.4 3.9 9.7a2.5 2.5 0 0 0 3.5 3.5l.9-.9M10.8 7.6l1.3-1.3a2.5 2.5 0 0 0-3.5-3.5l-.9.9" />
  </Icon>
);
export const Sliders = () => (
  <Icon>
    <path d="M2 4.5h7.5M13 4.5h1M2 11.5h1M6.5 11.5H14" />
    <circle cx="11.2" cy="4.5" r="1.7" />
    <circle cx="4.8" cy="11.5" r="1.7" />
  </Icon>
);
export const Plus = () => (
  <Icon>
    <path d="M8 3v10M3 8h10" />
  </Icon>
);
export const Bin = () => (
  <Icon>
    <path d="M2.8 4.3h10.4M6.2 4.3V2.8h3.6v1.5M4.2 4.3l.6 9h6.4l.6-9M6.7 7v3.8M9.3 7v3.8" />
  </Icon>
);
export const Download = () => (
  <Icon>
    <path d="M8 2.5v7.3M4.8 6.8 8 10l3.2-3.2M2.5 13.2h11" />
  </Icon>
);
export const Person = () => (
  <Icon>
    <circle cx="8" cy="5.2" r="2.7" />
    <path d="M2.8 13.6c.5-2.8 2.4-4.2 5.2-4.2s4.7 1.4 5.2 4.2" />
  </Icon>
);
export const Mute = () => (
  <Icon>
    <path d="M4.2 6.1C4 9.8 2.8 11 2.8 11H11M12 8.6V7a4 4 0 0 0-6.6-3M6.7 13.4a1.5 1.5 0 0 0 2.6 0M2 2l12 12" />
  </Icon>
);
export const Talk = () => (
  <Icon>
    <path d="M2.5 3.5h11v7.5H7.2L4.3 13.5V11H2.5Z" />
  </Icon>
);
export const Bars = () => (
  <Icon>
    <path d="M2 13.5h12M4 11V8M8 11V3.5M12 11V6" />
  </Icon>
);
export const Printer = () => (
  <Icon>
    <path d="M4.5 6V2.5h7V6M4.5 11.5h-2V6h11v5.5h-2M4.5 9.5h7v4h-7Z" />
  </Icon>
);
