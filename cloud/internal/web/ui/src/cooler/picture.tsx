// The last picture with what was found in it, drawn over it in the picture's own pixels.

import type { Signal } from "@preact/signals";
import { useRef, useState } from "preact/hooks";
import { percent } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { recall, remember } from "../storage";
import type { Box, Observation } from "../types";
import { productName, shortName } from "../ui/alert";
import { Blank } from "../ui/async";
import { Camera, Expand } from "../ui/icons";
import { NoStill, useStill } from "../ui/still";
import { around, type Scene, type SceneFacing, type SceneSlot } from "./scene";

const LAYERS = ["facings", "names", "scores", "slots"] as const;
type Layer = (typeof LAYERS)[number];

const DEFAULT: Record<Layer, boolean> = { facings: true, names: true, scores: false, slots: false };

interface Props {
  src: string | null;
  observation: Observation;
  scene: Scene;
  /** The slot that all parts of the page point at; "" for none. */
  picked: Signal<string>;
  /** Of the past only the slots are known, not the facings. */
  slotsOnly?: boolean;
  /** The facing that is being named; a press on one without a name chooses it. */
  naming: Signal<number>;
}

export function Picture({ src, observation: o, scene, picked, slotsOnly = false, naming }: Props) {
  const [layers, setLayers] = useState(() => ({ ...DEFAULT, ...kept() }));
  const still = useStill(src);
  const stage = useRef<HTMLDivElement>(null);
  const toggle = (l: Layer) => {
    const next = { ...layers, [l]: !layers[l] };
    setLayers(next);
    remember("layers", LAYERS.filter((x) => next[x]).join(" "));
  };
  const shown = src !== null && !still.fault;
  return (
    <>
      <div class="picture-tools" role="group" aria-label={t("cooler.show")}>
        {LAYERS.map((l) => (
          <button key={l} class="toggle" type="button" aria-pressed={layers[l]} onClick={() => toggle(l)}>
            {t(`cooler.show.${l}`)}
          </button>
        ))}
        <button class="toggle toggle-icon" type="button" aria-label={t("cooler.full")} title={t("cooler.full")} onClick={() => void stage.current?.requestFullscreen()}>
          <Expand />
        </button>
      </div>
      <div class="stage" ref={stage}>
        <div class={`picture${shown ? "" : " picture-bare"}`} style={{ aspectRatio: `${o.width} / ${o.height}`, "--ratio": o.width / o.height }}>
          {shown && <img key={still.key} src={src} width={o.width} height={o.height} alt={tn("cooler.facings", scene.facings.length)} decoding="async" onError={still.failed} />}
          <Overlay o={o} scene={scene} layers={slotsOnly ? { ...layers, slots: true } : layers} picked={picked} naming={naming} />
          {o.quality.reason && <p class="picture-blind">{t("cooler.whole_blind", { reason: word("reason", o.quality.reason) })}</p>}
        </div>
      </div>
      {src === null ? (
        <p class="note picture-note">
          <Camera /> {t("cooler.no_picture")}
        </p>
      ) : (
        <NoStill of={still} />
      )}
    </>
  );
}

function kept(): Partial<Record<Layer, boolean>> {
  const text = recall("layers");
  if (text === null) return {};
  const on = text.split(" ");
  return Object.fromEntries(LAYERS.map((l) => [l, on.includes(l)]));
}

/** No observation, so nothing to draw on. */
export function NoPicture() {
  return (
    <Blank icon={<Camera />} title={t("cooler.no_observation")}>
      {t("cooler.no_picture_text")}
    </Blank>
  );
}

function Overlay({ o, scene, layers, picked, naming }: { o: Observation; scene: Scene; layers: Record<Layer, boolean>; picked: Signal<string>; naming: Signal<number> }) {
  const [hovered, setHovered] = useState<SceneFacing | null>(null);
  const place = (b: Box) => ({
    left: `${(100 * b[0]) / o.width}%`,
    top: `${(100 * b[1]) / o.height}%`,
    width: `${(100 * b[2]) / o.width}%`,
    height: `${(100 * b[3]) / o.height}%`,
  });
  const at = picked.value;
  const bare = scene.facings.length === 0;
  return (
    <div class={`overlay${at ? " has-picked" : ""}`}>
      {(o.quality.blind ?? []).map((b, i) => (
        <div key={`b${i}`} class="blind" style={place(b.box)}>
          <span>{word("reason", b.reason)}</span>
        </div>
      ))}
      {scene.slots.map(
        (s) =>
          s.box &&
          (layers.slots || s.state === "empty" || s.state === "unknown" || s.id === at) && (
            <div key={s.id} class={`slotbox slotbox-${s.state}${s.id === at ? " is-picked" : ""}`} style={place(s.box)}>
              {(s.state === "empty" || (bare && layers.names)) && <span class="slotbox-name">{shortName(s.product, s.gtin)}</span>}
            </div>
          ),
      )}
      {layers.facings &&
        scene.facings.map((f) => (
          <div
            key={f.index}
            class={`facing facing-${facingTone(f)}${(f.slot && f.slot === at) || f.index === naming.value ? " is-picked" : ""}`}
            style={place(f.box)}
            onMouseEnter={() => setHovered(f)}
            onMouseLeave={() => setHovered(null)}
            onClick={() => (f.gtin === null ? (naming.value = f.index) : (picked.value = f.slot === at ? "" : f.slot))}
          >
            {layers.scores && <span class="facing-score num">{Math.round(100 * (f.gtin ? f.skuScore : f.score))}</span>}
          </div>
        ))}
      {layers.names && nameTags(scene).map((n) => (
        <div key={n.key} class={`nametag nametag-${n.tone}`} style={place(n.box)}>
          <span>{n.name}</span>
        </div>
      ))}
      {hovered && <Card f={hovered} o={o} />}
    </div>
  );
}

/** The colour of a facing: its slot's state; its own where it stands wrong or has no name. */
function facingTone(f: SceneFacing): string {
  if (f.gtin === null) return "unnamed";
  if (f.state === null) return "beside";
  if (f.wrong) return f.product?.own === false ? "foreign" : "misplaced";
  return f.state === "misplaced" || f.state === "foreign" ? "ok" : f.state;
}

interface NameTag {
  key: string;
  name: string;
  box: Box;
  tone: string;
}

/** One name for the facings of one product side by side, so that names fit and are said once. */
function nameTags(scene: Scene): NameTag[] {
  const groups = new Map<string, SceneFacing[]>();
  for (const f of scene.facings) {
    const key = `${f.slot || `@${f.index}`}\n${f.gtin ?? ""}`;
    const group = groups.get(key);
    if (group) group.push(f);
    else groups.set(key, [f]);
  }
  return [...groups].map(([key, fs]) => {
    const first = fs[0]!;
    return { key, name: shortName(first.product, first.gtin) || t("cooler.unnamed"), box: around(fs.map((f) => f.box))!, tone: facingTone(first) };
  });
}

/** What is known of the facing under the pointer. */
function Card({ f, o }: { f: SceneFacing; o: Observation }) {
  const right = f.box[0] + f.box[2] / 2 > o.width / 2;
  const style = {
    top: `${Math.min(80, (100 * f.box[1]) / o.height)}%`,
    ...(right ? { right: `${100 - (100 * f.box[0]) / o.width}%` } : { left: `${(100 * (f.box[0] + f.box[2])) / o.width}%` }),
  };
  return (
    <div class="facing-card" style={style}>
      <b>{productName(f.product, f.gtin) || t("cooler.unnamed_long")}</b>
      {f.gtin && <span class="num muted">{f.gtin}</span>}
      <span class="num">
        {f.gtin && `${t("cooler.namer", { score: percent(f.skuScore, lang.value) })} · `}
        {t("cooler.detector", { score: percent(f.score, lang.value) })}
      </span>
      {f.slot && (
        <span>
          {t("cooler.slot")} {f.slot}
          {f.state && ` · ${word("state", f.state)}`}
        </span>
      )}
    </div>
  );
}

export type { SceneSlot };
