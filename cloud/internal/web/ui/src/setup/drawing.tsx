// Drawing slots on a cooler's own picture, by hand or by keyboard.

import { useRef, useState } from "preact/hooks";
import { api } from "../api";
import { t, tn } from "../i18n/text";
import { coolerName, coolers } from "../store";
import type { Box, CoolerDetail, Planogram, PlanogramShelf } from "../types";
import { shortName } from "../ui/alert";
import { Failed, Skeleton, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { type Drawn, fromFacings, LEAST_PX, moved, sized, toShelves, type Walls } from "./draw";
import { Select } from "./parts";
import { SlotForm } from "./slotform";
import { NoStill, useStill } from "../ui/still";

type Listed = NonNullable<Planogram["products"]>[number];

interface Props {
  planogram: Planogram;
  known: readonly Listed[];
  use(shelves: PlanogramShelf[]): void;
}

export function DrawOnPicture({ planogram: p, known, use }: Props) {
  const seen = coolers.value.filter((c) => c.picture_seq != null);
  const [device, setDevice] = useState(() => (seen.find((c) => c.planogram?.id === p.id) ?? seen[0])?.device ?? "");
  const loaded = useLoad((signal) => (device ? api.cooler(device, signal) : Promise.resolve(null)), [device]);
  return (
    <section class="card draw" aria-labelledby="draw">
      <header class="card-head">
        <h2 id="draw">{t("draw.title")}</h2>
        <Help name={t("draw.title")}>{t("draw.help")}</Help>
      </header>
      {seen.length === 0 ? (
        <p class="note">{t("draw.none")}</p>
      ) : (
        <>
          <div class="form draw-cooler">
            <Select label={t("draw.cooler")} value={device} onValue={setDevice}>
              {seen.map((c) => (
                <option key={c.device} value={c.device}>
                  {coolerName(c.device)}
                </option>
              ))}
            </Select>
          </div>
          {loaded.data?.observation ? <Board key={device} cooler={loaded.data} planogram={p} known={known} use={use} /> : loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : loaded.loading ? <Skeleton rows={1} height={320} /> : <p class="note">{t("draw.none")}</p>}
        </>
      )}
    </section>
  );
}

interface Grip {
  kind: "new" | "move" | "size" | "left" | "right";
  index: number;
  fromX: number;
  fromY: number;
  box: Box;
}

function Board({ cooler: c, planogram, known, use }: { cooler: CoolerDetail; planogram: Planogram; known: readonly Listed[]; use(shelves: PlanogramShelf[]): void }) {
  const o = c.observation!;
  const [w, h] = [o.width, o.height];
  const [drawn, setDrawn] = useState<readonly Drawn[]>([]);
  const [walls, setWalls] = useState<Walls>({ left: Math.round(w * 0.06), right: Math.round(w * 0.94) });
  const [at, setAt] = useState(-1);
  const stage = useRef<HTMLDivElement>(null);
  const grip = useRef<Grip | null>(null);
  const put = (i: number, part: Partial<Drawn>) => setDrawn((list) => list.map((d, k) => (k === i ? { ...d, ...part } : d)));
  const remove = (i: number) => {
    setDrawn(drawn.filter((_, k) => k !== i));
    setAt(-1);
  };
  const point = (e: PointerEvent): [number, number] => {
    const r = stage.current!.getBoundingClientRect();
    return [Math.round(((e.clientX - r.left) / r.width) * w), Math.round(((e.clientY - r.top) / r.height) * h)];
  };
  const down = (e: PointerEvent, kind: Grip["kind"], index: number) => {
    e.stopPropagation();
    const [x, y] = point(e);
    stage.current!.setPointerCapture(e.pointerId);
    if (kind === "new") {
      const box: Box = [x, y, LEAST_PX, LEAST_PX];
      grip.current = { kind: "size", index: drawn.length, fromX: x + LEAST_PX, fromY: y + LEAST_PX, box };
      setDrawn([...drawn, { box, gtin: "", facings: 1 }]);
      setAt(drawn.length);
      return;
    }
    grip.current = { kind, index, fromX: x, fromY: y, box: drawn[index]?.box ?? [0, 0, 0, 0] };
    if (kind === "move" || kind === "size") setAt(index);
  };
  const drag = (e: PointerEvent) => {
    const g = grip.current;
    if (!g || e.buttons !== 1) return;
    const [x, y] = point(e);
    if (g.kind === "left") setWalls({ ...walls, left: Math.max(0, Math.min(x, walls.right - LEAST_PX)) });
    else if (g.kind === "right") setWalls({ ...walls, right: Math.min(w, Math.max(x, walls.left + LEAST_PX)) });
    else put(g.index, { box: g.kind === "move" ? moved(g.box, x - g.fromX, y - g.fromY, w, h) : sized(g.box, x - g.fromX, y - g.fromY, w, h) });
  };
  const up = () => {
    const g = grip.current;
    grip.current = null;
    // A press without a drag makes no slot.
    const box = g && g.kind === "size" ? drawn[g.index]?.box : undefined;
    if (g && box && box[2] <= LEAST_PX && box[3] <= LEAST_PX) remove(g.index);
  };
  const key = (e: KeyboardEvent, i: number) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (step) {
      const [dx, dy] = step.map((s) => s * Math.round(w / 128)) as [number, number];
      put(i, { box: (e.shiftKey ? sized : moved)(drawn[i]!.box, dx, dy, w, h) });
    } else if (e.key === "Delete" || e.key === "Backspace") remove(i);
    else return;
    e.preventDefault();
  };
  const wallKey = (e: KeyboardEvent, side: "left" | "right") => {
    const step = e.key === "ArrowLeft" ? -1 : e.key === "ArrowRight" ? 1 : 0;
    if (step === 0) return;
    const x = walls[side] + step * Math.round(w / 128);
    setWalls(side === "left" ? { ...walls, left: Math.max(0, Math.min(x, walls.right - LEAST_PX)) } : { ...walls, right: Math.min(w, Math.max(x, walls.left + LEAST_PX)) });
    e.preventDefault();
  };
  const chosen = drawn[at];
  const name = (d: Drawn) => shortName(known.find((k) => k.gtin === d.gtin), d.gtin) || t("draw.unknown");
  const src = api.picture(c.device, { boot: c.picture_boot, seq: c.picture_seq });
  const still = useStill(src);
  return (
    <div class="draw-body">
      <div>
        <div class="draw-tools">
          <button class="button button-small" type="button" onClick={() => (setDrawn(fromFacings(o)), setAt(-1))}>
            {t("draw.take")}
          </button>
          <button class="button button-small button-primary" type="button" disabled={drawn.length === 0} onClick={() => use(toShelves(drawn, walls, planogram.width_mm || 600))}>
            {tn("draw.use", drawn.length)}
          </button>
        </div>
        <div class="draw-stage" ref={stage} style={{ aspectRatio: `${w} / ${h}` }} onPointerDown={(e) => still.fault || down(e, "new", -1)} onPointerMove={drag} onPointerUp={up}>
          {still.fault ? <NoStill of={still} /> : <img key={still.key} src={src} alt={t("draw.picture", { name: coolerName(c.device) })} draggable={false} onError={still.failed} />}
          {drawn.map((d, i) => (
            <button
              key={i}
              type="button"
              class={`draw-box${i === at ? " is-picked" : ""}${d.gtin ? "" : " draw-open"}`}
              style={{ left: `${(100 * d.box[0]) / w}%`, top: `${(100 * d.box[1]) / h}%`, width: `${(100 * d.box[2]) / w}%`, height: `${(100 * d.box[3]) / h}%` }}
              aria-pressed={i === at}
              aria-label={t("draw.slot", { n: i + 1, name: name(d) })}
              onClick={() => setAt(i)}
              onPointerDown={(e) => down(e, "move", i)}
              onKeyDown={(e) => key(e, i)}
            >
              <span>{name(d)}</span>
              <span class="draw-corner" onPointerDown={(e) => down(e, "size", i)} />
            </button>
          ))}
          {(["left", "right"] as const).map((side) => (
            <div
              key={side}
              class="draw-wall"
              role="slider"
              tabIndex={0}
              aria-label={t(`draw.${side}`)}
              aria-valuemin={0}
              aria-valuemax={w}
              aria-valuenow={walls[side]}
              style={{ left: `${(100 * walls[side]) / w}%` }}
              onPointerDown={(e) => down(e, side, -1)}
              onKeyDown={(e) => wallKey(e, side)}
            />
          ))}
        </div>
      </div>
      <div class="draw-form">
        {chosen ? (
          <SlotForm key={at} drawn slot={{ id: String(at + 1), gtin: chosen.gtin, facings: chosen.facings, x_mm: 0, width_mm: 0 }} known={known} change={(f) => put(at, { ...(f.gtin !== undefined ? { gtin: f.gtin } : {}), ...(f.facings !== undefined ? { facings: f.facings } : {}) })} remove={() => remove(at)} />
        ) : (
          <p class="note">{t("draw.help")}</p>
        )}
      </div>
    </div>
  );
}
