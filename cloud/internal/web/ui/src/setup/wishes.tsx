// How boards shall be: for all, a store or a cooler; the nearest wish counts, part by part.

import { useState } from "preact/hooks";
import { api } from "../api";
import { ago } from "../format";
import { lang, t } from "../i18n/text";
import { mayUpdate } from "../me";
import { now, storeName, stores } from "../store";
import type { Planogram } from "../types";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Plus } from "../ui/icons";
import type { Board } from "./fleet";
import { Field, SaveButton, SaveError, Select, SetupRow } from "./parts";
import { type Bundles, choices, type Scope, type Wish } from "./rollouts";
import { useSave } from "./save";
import { BEYOND, changeOf, CHOSEN, type Draft, draftOf, type Schedule, THRESHOLDS } from "./wish";

export function Wishes({ boards, changed }: { boards: readonly Board[]; changed(): void }) {
  const loaded = useLoad((signal) => api.wishes(signal), []);
  const [open, setOpen] = useState("");
  const list = loaded.data?.wishes ?? [];
  const done = () => {
    setOpen("");
    loaded.reload();
    changed();
  };
  return (
    <section class="card wishes" aria-labelledby="wishes">
      <header class="card-head">
        <h2 id="wishes">{t("wish.title")}</h2>
        <Help name={t("wish.title")}>{t("wish.help")}</Help>
        {mayUpdate() && (
          <button class="button button-small push" type="button" aria-expanded={open === "+"} onClick={() => setOpen(open === "+" ? "" : "+")}>
            <Plus />
            {t("wish.add")}
          </button>
        )}
      </header>
      <Standing boards={boards} />
      {open === "+" && <Editor wishes={list} boards={boards} done={done} close={() => setOpen("")} />}
      {!loaded.data ? <Pending of={loaded} rows={2} /> : list.length === 0 && open !== "+" ? <p class="note">{t("wish.none")}</p> : null}
      <ul class="setup-list">
        {list.map((w) => {
          const key = `${w.scope}:${w.place}`;
          return (
            <li key={key}>
              <SetupRow open={open === key} toggle={() => setOpen(open === key ? "" : key)}>
                <b class="setup-main">{placeName(w.scope, w.place)}</b>
                <span class="muted">{words(w).join(" · ")}</span>
                <small class="muted wish-by">{t("up.by", { name: w.changed_by, ago: ago(Date.parse(w.changed_at), now.value, lang.value) })}</small>
              </SetupRow>
              {open === key && <Editor wishes={list} boards={boards} at={w} done={done} close={() => setOpen("")} />}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

const STATES = ["in_force", "pending", "rejected", "rolled_back"] as const;

/** How many boards are as they are wanted. */
function Standing({ boards }: { boards: readonly Board[] }) {
  const n = (s: string) => boards.filter((b) => b.desired?.state === s).length;
  const wanted = STATES.filter((s) => n(s) > 0);
  if (wanted.length === 0) return null;
  return (
    <p class="note wish-standing">
      {wanted.map((s) => (
        <span key={s}>
          <b class="num">{n(s)}</b> <span class={s === "in_force" ? "tag-ok" : s === "pending" ? "tag-degraded" : "tag-offline"}>{t(`up.state.${s}`)}</span>
        </span>
      ))}
    </p>
  );
}

export function placeName(scope: Scope, place: string): string {
  return scope === "tenant" ? t("up.everywhere") : scope === "store" ? t("up.store", { name: storeName(place) }) : t("up.board", { name: place });
}

function words(w: Wish): string[] {
  const p = w.parts;
  const chosen = CHOSEN.filter((k) => p[k] !== undefined).map((k) => `${t(`up.part.${k}`)}: ${p[k] === "" ? t("wish.own") : p[k] === "assigned" ? t("wish.assigned") : p[k]}`);
  return [...chosen, ...(p.schedule ? [`${t("up.part.schedule")}: ${scheduleWords(p.schedule)}`] : []), ...(p.thresholds ? [`${t("up.part.thresholds")}: ${Object.entries(p.thresholds).map(([k, v]) => `${k} ${v}`).join(", ")}`] : [])];
}

export function scheduleWords(s: Schedule): string {
  return [s.every_s ? t("wish.every", { n: Math.round(s.every_s / 6) / 10 }) : "", ...(s.at ?? []), s.on_door_close ? t("wish.after_door") : "", s.hours ?? ""].filter(Boolean).join(" · ");
}

interface Known {
  bundles: Bundles;
  planograms: Planogram[];
}

const load = async (signal: AbortSignal): Promise<Known> => {
  const [bundles, planograms] = await Promise.all([api.bundles(signal), api.planograms(signal)]);
  return { bundles, planograms: planograms.planograms ?? [] };
};

interface EditorProps {
  wishes: readonly Wish[];
  boards: readonly Board[];
  /** The wish that is changed; a new one otherwise. */
  at?: Wish;
  done(): void;
  close(): void;
}

function Editor({ wishes, boards, at, done, close }: EditorProps) {
  const loaded = useLoad(load, []);
  const [where, setWhere] = useState(at ? `${at.scope}:${at.place}` : "tenant:");
  if (!loaded.data) return <Pending of={loaded} rows={3} />;
  const scope = where.slice(0, where.indexOf(":")) as Scope;
  const place = where.slice(where.indexOf(":") + 1);
  const was = wishes.find((w) => w.scope === scope && w.place === place)?.parts ?? {};
  return (
    <>
      {!at && (
        <div class="form">
          <Select label={t("up.for")} value={where} onValue={setWhere}>
            <option value="tenant:">{t("up.everywhere")}</option>
            {[...stores.value.keys()].sort().map((s) => (
              <option key={s} value={`store:${s}`}>
                {placeName("store", s)}
              </option>
            ))}
            {boards.map((b) => (
              <option key={b.device} value={`cooler:${b.device}`}>
                {t("up.board", { name: b.name || b.device })}
              </option>
            ))}
          </Select>
        </div>
      )}
      <Form key={where} known={loaded.data} scope={scope} was={was} save={(change) => api.putWish(scope, place, change)} done={done} close={close} />
    </>
  );
}

function Form({ known, scope, was, save: put, done, close }: { known: Known; scope: Scope; was: Wish["parts"]; save(change: Record<string, unknown>): Promise<unknown>; done(): void; close(): void }) {
  const [d, set] = useState<Draft>(() => draftOf(was));
  const [saving, save] = useSave();
  const change = changeOf(was, d);
  const part = (p: Partial<Draft>) => set({ ...d, ...p });
  const submit = async (e: Event) => {
    e.preventDefault();
    if (await save(() => put(change))) done();
  };
  const beyond = t(scope === "tenant" ? "wish.beyond_file" : "wish.beyond");
  return (
    <form class="form wish" aria-label={t("wish.title")} onSubmit={submit}>
      {CHOSEN.map((k) => (
        <Select key={k} label={t(`wish.part.${k}`)} value={d.chosen[k]} onValue={(v) => part({ chosen: { ...d.chosen, [k]: v } })}>
          <option value={BEYOND}>{beyond}</option>
          {(scope !== "tenant" || was[k] === "") && <option value="">{t("wish.own")}</option>}
          {k === "planogram" && <option value="assigned">{t("wish.assigned")}</option>}
          {(k === "planogram" ? known.planograms.map((p) => p.id) : choices(known.bundles.bundles).filter((b) => b.kind === k).map((b) => b.version)).map((v) => (
            <option key={v} value={v}>
              {v}
            </option>
          ))}
        </Select>
      ))}
      <fieldset class="wish-group">
        <label class="rollout-check">
          <input type="checkbox" checked={d.scheduled} onChange={(e) => part({ scheduled: e.currentTarget.checked })} />
          {t("wish.schedule")}
        </label>
        {d.scheduled && (
          <div class="wish-fields">
            <Field label={t("wish.minutes")} type="number" min={0.1} step="any" value={d.minutes} onValue={(minutes) => part({ minutes })} />
            <Field label={t("wish.at")} value={d.at} onValue={(at) => part({ at })} placeholder="08:00, 14:30" />
            <Field label={t("wish.hours")} value={d.hours} onValue={(hours) => part({ hours })} placeholder="07:00-22:00" />
            <label class="rollout-check">
              <input type="checkbox" checked={d.door} onChange={(e) => part({ door: e.currentTarget.checked })} />
              {t("wish.door")}
            </label>
            {d.door && <Field label={t("wish.settle")} type="number" min={0} step={1} value={d.settle} onValue={(settle) => part({ settle })} />}
          </div>
        )}
      </fieldset>
      <fieldset class="wish-group">
        <label class="rollout-check">
          <input type="checkbox" checked={d.limited} onChange={(e) => part({ limited: e.currentTarget.checked })} />
          {t("wish.thresholds")}
        </label>
        {d.limited && (
          <div class="wish-fields">
            {THRESHOLDS.map((k) => (
              <Field key={k} label={t(`wish.${k}`)} type="number" min={1} max={999} step={1} value={d.thresholds[k]} onValue={(v) => part({ thresholds: { ...d.thresholds, [k]: v } })} />
            ))}
          </div>
        )}
      </fieldset>
      <div class="form-foot">
        <SaveButton saving={saving} label={t("wish.save")} disabled={Object.keys(change).length === 0} />
        <button class="button" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
