// Coolers: what each is called, where it stands, and what it is due to hold.

import { useState } from "preact/hooks";
import { Secret } from "../access/secret";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, word } from "../i18n/text";
import { mayUpdate } from "../me";
import { to } from "../router";
import { session } from "../session";
import { coolers, stores } from "../store";
import type { Cooler, Planogram } from "../types";
import { useLoad } from "../ui/async";
import { Plus } from "../ui/icons";
import { StatusDot } from "../ui/state";
import { Unheard } from "../ui/unheard";
import { ready } from "../store";
import { Field, SaveButton, SaveError, Select, SetupRow } from "./parts";
import { useSave } from "./save";

export function CoolerSetup() {
  const plans = useLoad((signal) => api.planograms(signal), []);
  const [open, setOpen] = useState("");
  const list = [...coolers.value].sort((a, b) => (a.name || a.device).localeCompare(b.name || b.device));
  const known = plans.data?.planograms ?? [];
  if (!ready.value) {
    return (
      <section class="card">
        <Unheard rows={4} height={56} />
      </section>
    );
  }
  return (
    <section class="card">
      <header class="card-head">
        <h2>{t("setup.coolers")}</h2>
        <span class="count num">{list.length}</span>
        {mayUpdate() && (
          <button class="button button-small push" type="button" aria-expanded={open === "+"} onClick={() => setOpen(open === "+" ? "" : "+")}>
            <Plus />
            {t("setup.add_cooler")}
          </button>
        )}
      </header>
      {open === "+" && <CoolerForm cooler={null} plans={known} done={() => setOpen("")} />}
      {list.length === 0 && open !== "+" && <p class="note">{t("setup.coolers_none")}</p>}
      <ul class="setup-list">
        {list.map((c) => (
          <li key={c.device}>
            <SetupRow columns open={open === c.device} toggle={() => setOpen(open === c.device ? "" : c.device)} href={to.cooler(c.device)}>
              <span class="setup-main">
                <StatusDot status={c.status} />
                <b>{c.name || c.device}</b>
                <small class={c.status === "online" ? "visually-hidden" : `tag-${c.status}`}>{word("status", c.status)}</small>
              </span>
              <span class="muted">{c.device}</span>
              <span class="muted">{stores.value.get(c.store)?.name || c.store}</span>
              <span class="muted">{c.planogram?.id}</span>
              <span class="muted">{c.model}</span>
            </SetupRow>
            {open === c.device && <CoolerForm cooler={c} plans={known} done={() => setOpen("")} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

function CoolerForm({ cooler, plans, done }: { cooler: Cooler | null; plans: readonly Planogram[]; done(): void }) {
  const [device, setDevice] = useState(cooler?.device ?? "");
  const [name, setName] = useState(cooler?.name ?? "");
  const [store, setStore] = useState(cooler?.store ?? "");
  const [model, setModel] = useState(cooler?.model ?? "");
  const detail = useLoad((signal) => (cooler ? api.cooler(cooler.device, signal) : Promise.resolve(null)), [cooler?.device]);
  const [chosen, setChosen] = useState<string | null>(null);
  const plan = chosen ?? detail.data?.assigned_planogram ?? "";
  const [saving, save] = useSave();
  const [making, make] = useSave();
  const [code, setCode] = useState<{ code: string; expires: string } | null>(null);
  const submit = async (e: Event) => {
    e.preventDefault();
    const ok = await save(() => api.putCooler(device, { name, store, model, ...(chosen === null ? {} : { planogram: chosen }) }));
    if (ok && !cooler) done();
  };
  return (
    <form class="form" onSubmit={submit}>
      {!cooler && <Field label={t("setup.device")} value={device} onValue={setDevice} required pattern="[A-Za-z0-9._\-]{1,64}" hint={t("setup.device_help")} />}
      <Field label={t("setup.name")} value={name} onValue={setName} />
      <Field label={t("setup.store")} value={store} onValue={setStore} required pattern="[A-Za-z0-9._\-]{1,64}" list="known-stores" />
      <datalist id="known-stores">
        {[...stores.value.values()].map((s) => (
          <option key={s.store} value={s.store}>
            {s.name}
          </option>
        ))}
      </datalist>
      <Field label={t("setup.model")} value={model} onValue={setModel} />
      <Select label={t("setup.planogram")} value={plan} onValue={setChosen}>
        <option value="">{t("setup.none")}</option>
        {plans.map((p) => (
          <option key={p.id} value={p.id}>
            {p.name || p.id}
          </option>
        ))}
      </Select>
      <div class="form-foot">
        <SaveButton saving={saving} />
        <button class="button" type="button" onClick={done}>
          {t("setup.cancel")}
        </button>
        {cooler && session.value?.kind !== "open" && session.value?.role === "admin" && (
          <button class="button" type="button" disabled={making.kind === "busy"} onClick={() => void make(async () => setCode(await api.enrolment({ store, device: cooler.device })))}>
            {t("enrol.make")}
          </button>
        )}
        <SaveError saving={saving} />
        <SaveError saving={making} />
      </div>
      {code && (
        <div class="form-foot">
          <Secret text={t("enrol.code", { time: moment(Date.parse(code.expires), lang.value) })} value={code.code} />
          <p class="note enrol-how">{t("enrol.how", { code: code.code })}</p>
        </div>
      )}
    </form>
  );
}
