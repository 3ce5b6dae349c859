// Bundles that boards may be sent, and staged updates: start one, watch it live, stop it.

import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { ago, count } from "../format";
import { lang, t } from "../i18n/text";
import { mayUpdate } from "../me";
import { coolerName, followRollouts, now, rollouts, storeName } from "../store";
import { Pending, useLoad } from "../ui/async";
import type { Store } from "../types";
import type { Board } from "./fleet";
import { Field, SaveButton, SaveError, Select } from "./parts";
import { choices, COUNTS, type Bundles, type Kind, over, type Rollout, stagesOf, total, why } from "./rollouts";
import { useSave } from "./save";

export function Updates({ boards }: { boards: readonly Board[] }) {
  // Asked for at first and after what was done here; from then on the stream tells what becomes of them.
  const loaded = useLoad(async (signal) => (rollouts.value = (await api.rollouts(signal)).rollouts), []);
  const [starting, setStarting] = useState(false);
  useEffect(followRollouts, []);
  const known = rollouts.value;
  const list = known ?? [];
  return (
    <section class="card updates" aria-labelledby="updates">
      <header class="card-head">
        <h2 id="updates">{t("up.title")}</h2>
        {mayUpdate() && (
          <button class="button button-small push" type="button" aria-expanded={starting} onClick={() => setStarting(!starting)}>
            {starting ? t("up.close") : t("up.start")}
          </button>
        )}
      </header>
      <p class="note">{mayUpdate() ? t("up.help") : t("up.looker")}</p>
      {starting && (
        <Start
          boards={boards}
          done={() => {
            setStarting(false);
            loaded.reload();
          }}
        />
      )}
      {!known ? <Pending of={loaded} rows={2} /> : list.length === 0 ? <p class="note">{t("up.none")}</p> : null}
      <ul class="rollouts">
        {list.map((r) => (
          <One key={r.id} rollout={r} changed={loaded.reload} />
        ))}
      </ul>
    </section>
  );
}

function place(r: Rollout): string {
  const words = [...(r.regions ?? []).map((name) => t("up.region", { name })), ...(r.stores ?? []).map((s) => t("up.store", { name: storeName(s) })), ...(r.devices ?? []).map((name) => t("up.board", { name }))];
  return words.length > 0 ? words.join(", ") : t("up.everywhere");
}

function One({ rollout: r, changed }: { rollout: Rollout; changed(): void }) {
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const [saving, save] = useSave();
  const say = async (what: "pause" | "resume" | "cancel") => {
    setSure(false);
    if (await save(() => api.sayRollout(r.id, what))) changed();
  };
  const all = total(r);
  return (
    <li class={`rollout is-${r.status}`}>
      <div class="rollout-head">
        <b>
          {t(`up.kind.${r.kind}`)} <span class="num">{r.version}</span>
        </b>
        <span class={`rollout-status is-${r.status}`}>{t(`up.status.${r.status}`)}</span>
        <small class="muted">
          {[r.name, place(r), t("up.by", { name: r.created_by, ago: ago(Date.parse(r.created_at), now.value, lang.value) })].filter(Boolean).join(" · ")}
        </small>
      </div>
      <div class="rollout-bar" aria-hidden="true">
        {COUNTS.filter((s) => r.counts[s] > 0).map((s) => (
          <span key={s} class={`is-${s}`} style={{ width: `${(100 * r.counts[s]) / all}%` }} />
        ))}
      </div>
      <p class="rollout-counts" role="status">
        {!over(r) && <span>{t("up.stage", { n: r.stage + 1, of: r.stages.length, stage: r.stages[r.stage] ?? "" })}</span>}
        {COUNTS.filter((s) => r.counts[s] > 0).map((s) => (
          <span key={s}>
            <i class={`is-${s}`} aria-hidden="true" />
            <b class="num">{count(r.counts[s], lang.value)}</b> {t(`up.count.${s}`)}
          </span>
        ))}
      </p>
      {r.reason && r.status !== "done" && <Why rollout={r} />}
      <div class="rollout-tools">
        <button class="button button-small" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          {t("up.boards")}
        </button>
        {mayUpdate() && r.status === "running" && (
          <button class="button button-small" type="button" onClick={() => void say("pause")}>
            {t("up.pause")}
          </button>
        )}
        {mayUpdate() && (r.status === "paused" || r.status === "halted") && (
          <button class="button button-small" type="button" onClick={() => void say("resume")}>
            {t("up.resume")}
          </button>
        )}
        {mayUpdate() && !over(r) && (
          <button class={sure ? "button button-small button-primary" : "button button-small"} type="button" onClick={() => (sure ? void say("cancel") : setSure(true))}>
            {sure ? t("up.cancel_sure") : t("up.cancel")}
          </button>
        )}
        <SaveError saving={saving} />
      </div>
      {open && <Each rollout={r} />}
    </li>
  );
}

function Why({ rollout: r }: { rollout: Rollout }) {
  const w = why(r);
  return (
    <p class={r.status === "halted" ? "rollout-why" : "muted"}>
      {w ? t(`up.why.${w.key}`, { ...w.of, ...(w.of["device"] ? { device: coolerName(String(w.of["device"])) } : {}) }) : r.reason}
      {w?.said && (
        <small lang="en">
          {w.said}
        </small>
      )}
    </p>
  );
}

/** Every board of one, loaded again whenever its counts change. */
function Each({ rollout: r }: { rollout: Rollout }) {
  const loaded = useLoad((signal) => api.rollout(r.id, signal), [r.id, JSON.stringify(r.counts)]);
  if (!loaded.data) return <Pending of={loaded} rows={2} height={24} />;
  return (
    <ul class="rollout-boards">
      {loaded.data.boards.map((b) => (
        <li key={b.device}>
          <span>{b.device}</span>
          <span>
            <i class={`is-${b.status}`} aria-hidden="true" /> {t(`up.count.${b.status}`)}
          </span>
          <small class="muted">{b.detail}</small>
        </li>
      ))}
    </ul>
  );
}

interface Known {
  bundles: Bundles;
  stores: Store[];
}

const load = async (signal: AbortSignal): Promise<Known> => {
  const [bundles, stores] = await Promise.all([api.bundles(signal), api.stores(signal)]);
  return { bundles, stores: stores.stores ?? [] };
};

function Start({ boards, done }: { boards: readonly Board[]; done(): void }) {
  const loaded = useLoad(load, []);
  if (!loaded.data) return <Pending of={loaded} rows={3} />;
  const { bundles } = loaded.data;
  return (
    <div class="rollout-start">
      {!bundles.root && <p class="note">{t("up.no_root")}</p>}
      {!bundles.url && <p class="note">{t("up.no_url")}</p>}
      {bundles.root && <Add added={loaded.reload} />}
      {bundles.bundles.length === 0 ? bundles.root && <p class="note">{t("up.no_bundles")}</p> : <Form known={loaded.data} boards={boards} done={done} />}
    </div>
  );
}

function Add({ added }: { added(): void }) {
  const [saving, save] = useSave();
  const [what, setWhat] = useState("");
  const send = async (file: File | undefined) => {
    if (!file) return;
    setWhat("");
    const ok = await save(async () => {
      const b = await api.addBundle(file);
      setWhat(t("up.added", { kind: t(`up.kind.${b.kind}`), version: b.version }));
    });
    if (ok) added();
  };
  return (
    <div class="rollout-add">
      <label class="field">
        <span>{t("up.add")}</span>
        <input
          class="input file-input"
          type="file"
          disabled={saving.kind === "busy"}
          onChange={(e) => {
            void send(e.currentTarget.files?.[0]);
            e.currentTarget.value = "";
          }}
        />
      </label>
      <small role="status" class="muted">
        {saving.kind === "busy" ? t("up.adding") : what}
      </small>
      <SaveError saving={saving} />
    </div>
  );
}

function Form({ known, boards, done }: { known: Known; boards: readonly Board[]; done(): void }) {
  const options = choices(known.bundles.bundles);
  const [bundle, setBundle] = useState("0");
  const [where, setWhere] = useState("");
  const [stages, setStages] = useState("1, 5%, 25%, 100%");
  const [soak, setSoak] = useState("15");
  const [failures, setFailures] = useState("0");
  const [saving, save] = useSave();
  const regions = [...new Set(known.stores.map((s) => s.region ?? ""))].filter((r) => r !== "").sort();
  const submit = async (e: Event) => {
    e.preventDefault();
    const chosen = options[Number(bundle)];
    if (!chosen) return;
    const [scope, ...rest] = where.split(":");
    const names = [rest.join(":")];
    const order = { kind: chosen.kind as Kind, version: chosen.version, stages: stagesOf(stages), soak_s: Math.round(Number(soak) * 60), max_failures: Number(failures) };
    if (await save(() => api.startRollout(scope ? { ...order, [scope]: names } : order))) done();
  };
  return (
    <form class="form" onSubmit={submit}>
      <Select label={t("up.bundle")} value={bundle} onValue={setBundle}>
        {options.map((b, i) => (
          <option key={i} value={String(i)}>
            {t(`up.kind.${b.kind}`)} {b.version}
          </option>
        ))}
      </Select>
      <Select label={t("up.for")} value={where} onValue={setWhere}>
        <option value="">{t("up.everywhere")}</option>
        {regions.map((name) => (
          <option key={name} value={`regions:${name}`}>
            {t("up.region", { name })}
          </option>
        ))}
        {known.stores.map((s) => (
          <option key={s.store} value={`stores:${s.store}`}>
            {t("up.store", { name: s.name || s.store })}
          </option>
        ))}
        {boards.map((b) => (
          <option key={b.device} value={`devices:${b.device}`}>
            {t("up.board", { name: b.name || b.device })}
          </option>
        ))}
      </Select>
      <Field label={t("up.stages")} value={stages} onValue={setStages} hint={t("up.stages_hint")} required />
      <Field label={t("up.soak")} type="number" min={0.1} step="any" value={soak} onValue={setSoak} required />
      <Field label={t("up.failures")} type="number" min={0} step={1} value={failures} onValue={setFailures} required />
      <div class="form-foot">
        <SaveButton saving={saving} label={t("up.begin")} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}

/** Whether boards take the planogram that their cooler is assigned here. */
export function PlansFromHere() {
  const loaded = useLoad((signal) => api.wishes(signal), []);
  const [saving, save] = useSave();
  const on = loaded.data?.wishes.some((w) => w.scope === "tenant" && w.parts.planogram === "assigned") ?? false;
  if (!loaded.data) return null;
  if (!mayUpdate()) {
    return (
      <p class="rollout-plans">
        {on ? t("up.plans_on") : t("up.plans_off")}
      </p>
    );
  }
  return (
    <div class="rollout-plans">
      <label class="rollout-check">
        <input
          type="checkbox"
          checked={on}
          disabled={saving.kind === "busy"}
          onChange={async (e) => {
            const planogram = e.currentTarget.checked ? "assigned" : null;
            await save(() => api.putWish("tenant", "", { planogram }));
            loaded.reload();
          }}
        />
        {t("up.plans")}
      </label>
      <small class="muted">{t("up.plans_hint")}</small>
      <SaveError saving={saving} />
    </div>
  );
}
