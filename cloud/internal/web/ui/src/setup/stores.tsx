// Stores: what each is called and where it is.

import { useState } from "preact/hooks";
import { api } from "../api";
import { t } from "../i18n/text";
import { mayUpdate } from "../me";
import { readStores } from "../store";
import type { Store } from "../types";
import { Pending, useLoad } from "../ui/async";
import { Plus } from "../ui/icons";
import { Field, SaveButton, SaveError, SetupRow } from "./parts";
import { useSave } from "./save";

export function StoreSetup() {
  const loaded = useLoad((signal) => api.stores(signal), []);
  const [open, setOpen] = useState("");
  if (!loaded.data) return <Pending of={loaded} card rows={4} height={56} />;
  const list = [...(loaded.data.stores ?? [])].sort((a, b) => (a.name || a.store).localeCompare(b.name || b.store));
  const saved = () => {
    loaded.reload();
    void readStores();
  };
  return (
    <section class="card">
      <header class="card-head">
        <h2>{t("setup.stores")}</h2>
        <span class="count num">{list.length}</span>
        {mayUpdate() && (
          <button class="button button-small push" type="button" aria-expanded={open === "+"} onClick={() => setOpen(open === "+" ? "" : "+")}>
            <Plus />
            {t("setup.add_store")}
          </button>
        )}
      </header>
      {open === "+" && <StoreForm store={null} saved={saved} close={() => setOpen("")} />}
      {list.length === 0 && open !== "+" && <p class="note">{t("setup.stores_none")}</p>}
      <ul class="setup-list">
        {list.map((s) => (
          <li key={s.store}>
            <SetupRow columns open={open === s.store} toggle={() => setOpen(open === s.store ? "" : s.store)}>
              <b class="setup-main">{s.name || s.store}</b>
              <span class="muted">{s.store}</span>
              <span class="muted">{s.region}</span>
              <span class="muted num">{s.lat != null && s.lon != null ? `${s.lat.toFixed(3)}, ${s.lon.toFixed(3)}` : ""}</span>
              <span class="muted">{[s.tz, s.hours].filter(Boolean).join(" · ")}</span>
            </SetupRow>
            {open === s.store && <StoreForm store={s} saved={saved} close={() => setOpen("")} />}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What is known of a store and has no field here: it must not get lost. */
function rest(store: Store | null): object {
  const { store: _, ...others } = store ?? { store: "" };
  return others;
}

const number = (text: string) => (text.trim() === "" ? null : Number(text));

function StoreForm({ store, saved, close }: { store: Store | null; saved(): void; close(): void }) {
  const [id, setId] = useState(store?.store ?? "");
  const [form, setForm] = useState({
    name: store?.name ?? "",
    gln: store?.gln ?? "",
    lat: store?.lat?.toString() ?? "",
    lon: store?.lon?.toString() ?? "",
    tz: store?.tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    hours: store?.hours ?? "",
    region: store?.region ?? "",
    channel: store?.channel ?? "",
    class: store?.class ?? "",
  });
  const [saving, save] = useSave();
  const set = (part: Partial<typeof form>) => setForm((f) => ({ ...f, ...part }));
  const submit = async (e: Event) => {
    e.preventDefault();
    const ok = await save(() => api.putStore(id, { ...rest(store), ...form, lat: number(form.lat), lon: number(form.lon) }));
    if (!ok) return;
    saved();
    if (!store) close();
  };
  return (
    <form class="form" onSubmit={submit}>
      {!store && <Field label={t("setup.store_id")} value={id} onValue={setId} required pattern="[A-Za-z0-9._\-]{1,64}" />}
      <Field label={t("setup.name")} value={form.name} onValue={(name) => set({ name })} />
      <Field label={t("setup.lat")} type="number" step="any" min={-90} max={90} value={form.lat} onValue={(lat) => set({ lat })} />
      <Field label={t("setup.lon")} type="number" step="any" min={-180} max={180} value={form.lon} onValue={(lon) => set({ lon })} />
      <Field label={t("setup.tz")} value={form.tz} onValue={(tz) => set({ tz })} />
      <Field label={t("setup.hours")} value={form.hours} onValue={(hours) => set({ hours })} />
      <Field label={t("setup.region")} value={form.region} onValue={(region) => set({ region })} />
      <Field label={t("setup.channel")} value={form.channel} onValue={(channel) => set({ channel })} />
      <Field label={t("setup.class")} value={form.class} onValue={(klass) => set({ class: klass })} />
      <Field label={t("setup.gln")} value={form.gln} onValue={(gln) => set({ gln })} />
      <div class="form-foot">
        <SaveButton saving={saving} />
        <button class="button" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
