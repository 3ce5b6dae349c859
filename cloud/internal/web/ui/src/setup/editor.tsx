// Drawing a planogram: shelves as one stands before the cooler, slots moved and widened by hand or by
// keyboard, what each is due to hold beside it. What is published is a new version.

import { useRef, useState } from "preact/hooks";
import { api } from "../api";
import { t } from "../i18n/text";
import { mayUpdate } from "../me";
import { to } from "../router";
import type { Planogram, Product } from "../types";
import { productName, shortName } from "../ui/alert";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Back, Bin, Camera, Plus } from "../ui/icons";
import { DrawOnPicture } from "./drawing";
import { NoteList } from "./importer";
import { Field, SaveButton, SaveError } from "./parts";
import { addShelf, addSlot, blank, GRID_MM, move, patch, type Place, removeShelf, removeSlot, slotAt, stretch, width, withProducts } from "./plan";
import { pending } from "./pending";
import { PlanView } from "./planview";
import { useSave } from "./save";
import { SlotForm } from "./slotform";

type Listed = NonNullable<Planogram["products"]>[number];

export function PlanEditor({ id }: { id: string }) {
  const loaded = useLoad(
    async (signal) => {
      const products = (await api.products(signal)).products ?? [];
      try {
        return { published: await api.planogram(id, signal), products, isNew: false };
      } catch (e) {
        if ((e as { status?: number }).status !== 404) throw e;
        return { published: blank(id), products, isNew: true };
      }
    },
    [id],
  );
  return (
    <>
      <a class="back" href={to.setup("planograms")}>
        <Back />
        {t("setup.planograms")}
      </a>
      {!loaded.data ? <Pending of={loaded} rows={1} height={420} /> : mayUpdate() ? <Editor key={loaded.data.published.version} {...loaded.data} reload={loaded.reload} /> : <PlanView planogram={loaded.data.published} missing={loaded.data.isNew} />}
    </>
  );
}

function Editor({ published, products, isNew, reload }: { published: Planogram; products: Product[]; isNew: boolean; reload(): void }) {
  // What was imported for this code is the draft to begin with; it is taken once.
  const [imported] = useState(() => {
    const p = pending.peek();
    if (p?.planogram.id !== published.id) return null;
    pending.value = null;
    return p;
  });
  const [draft, setDraft] = useState(imported?.planogram ?? published);
  const [drawing, setDrawing] = useState(false);
  const [at, setAt] = useState<Place | null>(null);
  const [saving, save] = useSave();
  const known = catalogue(published, products);
  const next = isNew ? 1 : published.version + 1;
  const publish = async (e: Event) => {
    e.preventDefault();
    if (await save(() => api.putPlanogram(draft.id, withProducts({ ...draft, version: next }, known)))) reload();
  };
  const add = (shelf: number) => {
    const after = addSlot(draft, shelf, known[0]?.gtin ?? "");
    setDraft(after);
    const fresh = after.shelves[shelf]!.slots.findIndex((s) => !draft.shelves[shelf]!.slots.some((old) => old.id === s.id));
    if (fresh >= 0) setAt({ shelf, slot: fresh });
  };
  const slot = at ? slotAt(draft, at) : undefined;
  return (
    <form class="editor" onSubmit={publish}>
      {drawing && <DrawOnPicture planogram={draft} known={known} use={(shelves) => (setDraft({ ...draft, shelves }), setAt(null), setDrawing(false))} />}
      <section class="card" aria-labelledby="editor">
        <header class="card-head">
          <h2 id="editor">{draft.name || draft.id}</h2>
          <span class="muted num">{isNew ? "" : t("cooler.planogram_version", { n: published.version })}</span>
          <Help name={t("plan.title")}>{t("plan.help")}</Help>
          <span class="push">
            <SaveButton saving={saving} label={t("plan.publish", { n: next })} disabled={draft === published} />
          </span>
        </header>
        <SaveError saving={saving} />
        {imported && draft === imported.planogram && (
          <div class="import-draft">
            <p>{t("import.draft")}</p>
            <NoteList notes={imported.notes} />
          </div>
        )}
        <div class="plan">
          {draft.shelves.map((_, i) => (
            <Shelf key={i} index={i} draft={draft} known={known} at={at} setAt={setAt} setDraft={setDraft} add={() => add(i)} />
          ))}
          <span class="plan-tools">
            <button class="button button-small" type="button" onClick={() => setDraft(addShelf(draft))}>
              <Plus />
              {t("plan.add_shelf")}
            </button>
            <button class="button button-small" type="button" aria-expanded={drawing} onClick={() => setDrawing(!drawing)}>
              <Camera />
              {t("draw.title")}
            </button>
          </span>
        </div>
      </section>
      <div class="stack">
        <section class="card form-card" aria-label={t("plan.title")}>
          {at && slot ? <SlotForm key={slot.id} slot={slot} known={known} change={(fields) => setDraft(patch(draft, at, fields))} remove={() => (setDraft(removeSlot(draft, at)), setAt(null))} /> : <p class="note">{t("plan.pick")}</p>}
        </section>
        <section class="card form-card" aria-label={t("setup.planogram")}>
          <div class="form">
            <Field label={t("setup.name")} value={draft.name ?? ""} onValue={(name) => setDraft({ ...draft, name })} />
            <Field label={t("plan.inner")} type="number" min={100} step={1} value={String(draft.width_mm ?? 0)} onValue={(v) => setDraft({ ...draft, width_mm: Number(v) })} />
          </div>
        </section>
      </div>
    </form>
  );
}

function catalogue(p: Planogram, products: readonly Product[]): Listed[] {
  const all = new Map<string, Listed>();
  for (const x of [...products, ...(p.products ?? [])]) if (x.gtin && x.name) all.set(x.gtin, x as Listed);
  return [...all.values()].sort((a, b) => productName(a, a.gtin).localeCompare(productName(b, b.gtin)));
}

interface ShelfProps {
  index: number;
  draft: Planogram;
  known: readonly Listed[];
  at: Place | null;
  setAt(at: Place | null): void;
  setDraft(p: Planogram): void;
  add(): void;
}

function Shelf({ index, draft, known, at, setAt, setDraft, add }: ShelfProps) {
  const box = useRef<HTMLDivElement>(null);
  const inner = width(draft);
  const grip = useRef<{ from: number; x: number; w: number; edge: boolean } | null>(null);
  const mm = (px: number) => (px * inner) / (box.current?.clientWidth || 1);
  const slots = draft.shelves[index]!.slots;

  const down = (e: PointerEvent, i: number, edge: boolean) => {
    e.stopPropagation();
    const s = slots[i]!;
    grip.current = { from: e.clientX, x: s.x_mm, w: s.width_mm, edge };
    (e.currentTarget as Element).setPointerCapture(e.pointerId);
    setAt({ shelf: index, slot: i });
  };
  const drag = (e: PointerEvent, i: number) => {
    const g = grip.current;
    if (!g || e.buttons !== 1) return;
    const by = mm(e.clientX - g.from);
    const place = { shelf: index, slot: i };
    setDraft(g.edge ? stretch(draft, place, g.x + g.w + by) : move(draft, place, g.x + by));
  };
  const key = (e: KeyboardEvent, i: number) => {
    const place = { shelf: index, slot: i };
    const s = slots[i]!;
    const step = e.key === "ArrowRight" ? GRID_MM : e.key === "ArrowLeft" ? -GRID_MM : 0;
    if (step !== 0) setDraft(e.shiftKey ? stretch(draft, place, s.x_mm + s.width_mm + step) : move(draft, place, s.x_mm + step));
    else if (e.key === "Delete") (setDraft(removeSlot(draft, place)), setAt(null));
    else return;
    e.preventDefault();
  };
  return (
    <div class="edit-shelf">
      <div class="plan-shelf" ref={box} role="group" aria-label={t("cooler.shelf", { n: index + 1 })}>
        {slots.map((s, i) => {
          const chosen = at?.shelf === index && at.slot === i;
          const product = known.find((k) => k.gtin === s.gtin);
          return (
            <button
              key={s.id}
              type="button"
              class={`plan-slot plan-ok edit-slot${chosen ? " is-picked" : ""}`}
              style={{ left: `${(100 * s.x_mm) / inner}%`, width: `${(100 * s.width_mm) / inner}%` }}
              aria-pressed={chosen}
              aria-label={`${s.id}: ${productName(product, s.gtin)}`}
              onClick={() => setAt({ shelf: index, slot: i })}
              onPointerDown={(e) => down(e, i, false)}
              onPointerMove={(e) => drag(e, i)}
              onPointerUp={() => (grip.current = null)}
              onKeyDown={(e) => key(e, i)}
            >
              <span class="plan-name">{shortName(product, s.gtin) || "?"}</span>
              <span class="plan-packs" aria-hidden="true">
                {Array.from({ length: Math.min(s.facings, 12) }, (_, k) => (
                  <span key={k} class="pack" />
                ))}
              </span>
              <span class="edit-edge" onPointerDown={(e) => down(e, i, true)} onPointerMove={(e) => drag(e, i)} onPointerUp={() => (grip.current = null)} />
            </button>
          );
        })}
      </div>
      <div class="edit-tools">
        <button class="toggle toggle-icon" type="button" aria-label={t("plan.add_slot", { n: index + 1 })} title={t("plan.add_slot", { n: index + 1 })} onClick={add}>
          <Plus />
        </button>
        <button class="toggle toggle-icon" type="button" aria-label={t("plan.remove_shelf", { n: index + 1 })} title={t("plan.remove_shelf", { n: index + 1 })} onClick={() => (setDraft(removeShelf(draft, index)), setAt(null))}>
          <Bin />
        </button>
      </div>
    </div>
  );
}
