// The day of a cooler: who was empty when, and a slider that takes the picture and the planogram back
// to any observation of it.

import type { Signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { clock } from "../format";
import { lang, t, word } from "../i18n/text";
import { now } from "../store";
import type { PastObservation } from "../types";
import { shortName } from "../ui/alert";
import { StateGlyph } from "../ui/state";
import type { Scene } from "./scene";
import { at, type Stretch, strips } from "./strips";

interface Props {
  /** By time. */
  observations: readonly PastObservation[];
  from: number;
  to: number;
  scene: Scene;
  picked: Signal<string>;
  /** Index of the observation that is shown; -1 for the newest, followed. */
  shown: Signal<number>;
}

export function History({ observations, from, to, scene, picked, shown }: Props) {
  const rows = useMemo(() => strips(observations, to), [observations, to]);
  const box = useRef<HTMLDivElement>(null);
  const n = observations.length;
  const index = shown.value < 0 ? n - 1 : Math.min(shown.value, n - 1);
  const place = (ms: number) => (100 * (Math.min(Math.max(ms, from), to) - from)) / (to - from);
  const show = (i: number) => (shown.value = i >= n - 1 ? -1 : i);
  const chosen = Date.parse(observations[index]!.captured_at);

  const point = (e: PointerEvent) => {
    if (e.buttons !== 1) return;
    const r = box.current!.getBoundingClientRect();
    show(at(observations, from + ((to - from) * (e.clientX - r.left)) / r.width));
  };
  return (
    <div class="history">
      <div class="history-rows">
        <div class="history-names">
          {scene.slots.map((s) => (
            <button key={s.id} type="button" class={`history-name${picked.value === s.id ? " is-picked" : ""}`} aria-pressed={picked.value === s.id} onClick={() => (picked.value = picked.value === s.id ? "" : s.id)}>
              <StateGlyph state={s.state} />
              <span>{shortName(s.product, s.gtin)}</span>
            </button>
          ))}
        </div>
        <div class="history-plot" ref={box} onPointerDown={point} onPointerMove={point}>
          {hours(from, to).map((h) => (
            <span key={h} class="history-hour" style={{ left: `${place(h)}%` }} />
          ))}
          {scene.slots.map((s) => (
            <Row key={s.id} stretches={rows.get(s.id) ?? []} place={place} name={shortName(s.product, s.gtin)} dim={picked.value !== "" && picked.value !== s.id} />
          ))}
          <span class="history-cursor" style={{ left: `${place(chosen)}%` }} />
        </div>
      </div>
      <div class="history-axis num" aria-hidden="true">
        {hours(from, to).map((h) => (
          <span key={h} style={{ left: `${place(h)}%` }}>
            {clock(h, h, lang.value)}
          </span>
        ))}
      </div>
      <div class="history-slide">
        <button class="button button-small" type="button" aria-pressed={shown.value < 0} onClick={() => (shown.value = -1)}>
          {t("history.newest")}
        </button>
        <input type="range" min={0} max={n - 1} step={1} value={index} aria-label={t("history.slider")} aria-valuetext={clock(chosen, now.value, lang.value)} onInput={(e) => show(Number(e.currentTarget.value))} />
      </div>
    </div>
  );
}

function Row({ stretches, place, name, dim }: { stretches: readonly Stretch[]; place(ms: number): number; name: string; dim: boolean }) {
  return (
    <div class={`history-row${dim ? " is-dim" : ""}`} role="img" aria-label={sentence(name, stretches)}>
      {stretches.map((s) => (
        <span key={s.from} class={`seg seg-${s.state}`} style={{ left: `${place(s.from)}%`, width: `${Math.max(0.15, place(s.to) - place(s.from))}%` }} title={`${name}: ${word("state", s.state)}, ${clock(s.from, s.from, lang.value)}–${clock(s.to, s.to, lang.value)}`} />
      ))}
    </div>
  );
}

/** A slot's day in words: when it was empty. */
function sentence(name: string, stretches: readonly Stretch[]): string {
  const empty = stretches.filter((s) => s.state === "empty").map((s) => `${clock(s.from, s.from, lang.value)}–${clock(s.to, s.to, lang.value)}`);
  return `${name}: ${empty.length > 0 ? `${word("state", "empty")} ${empty.join(", ")}` : t("history.never_empty")}`;
}

/** Whole hours to mark, so many apart that their labels do not touch. */
function hours(from: number, to: number): number[] {
  const span = (to - from) / 3_600_000;
  const step = [0.25, 0.5, 1, 2, 3, 6, 12, 24].find((h) => span / h <= 8) ?? 24;
  const first = new Date(from);
  first.setHours(0, 0, 0, 0);
  const marks: number[] = [];
  for (let h = first.getTime(); h < to; h += step * 3_600_000) if (h >= from + 0.02 * (to - from)) marks.push(h);
  return marks;
}
