// The planograms that are published, a new one, or one from a file.

import { useState } from "preact/hooks";
import { api } from "../api";
import { t, tn } from "../i18n/text";
import { mayUpdate } from "../me";
import { go, to } from "../router";
import { Pending, useLoad } from "../ui/async";
import { Next, Plus } from "../ui/icons";
import { Importer, isTable, type Source, textOf } from "./importer";
import { Field, SaveError } from "./parts";
import { useSave } from "./save";

export function PlanogramList() {
  const loaded = useLoad((signal) => api.planograms(signal), []);
  const [adding, setAdding] = useState(false);
  const [id, setId] = useState("");
  const [source, setSource] = useState<Source | null>(null);
  const [saving, save] = useSave();
  if (!loaded.data) return <Pending of={loaded} card rows={4} height={56} />;
  const list = loaded.data.planograms ?? [];

  const importFile = async (file: File | undefined) => {
    if (!file) return;
    if (isTable(file.name)) {
      setSource({ file: file.name, text: await textOf(file) });
      return;
    }
    const text = await file.text();
    // The address must name the planogram; the server checks everything else, and says where a fault is.
    const name = /^\s*"?id"?\s*:\s*["']?([A-Za-z0-9._-]+)/m.exec(text)?.[1] ?? file.name.replace(/\.\w+$/, "");
    if (await save(() => api.putPlanogram(name, text))) loaded.reload();
  };
  return (
    <section class="card">
      <header class="card-head">
        <h2>{t("setup.planograms")}</h2>
        <span class="count num">{list.length}</span>
        {mayUpdate() && (
          <>
            <label class="button button-small push file">
              {t("plan.import")}
              <input
                type="file"
                accept=".yaml,.yml,.json,.csv,.tsv,.txt,.psa"
                onChange={(e) => {
                  void importFile(e.currentTarget.files?.[0]);
                  e.currentTarget.value = "";
                }}
              />
            </label>
            <button class="button button-small" type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
              <Plus />
              {t("plan.new")}
            </button>
          </>
        )}
      </header>
      <SaveError saving={saving} />
      {source && <Importer key={source.file} source={source} close={() => setSource(null)} />}
      {adding && (
        <form
          class="form"
          onSubmit={(e) => {
            e.preventDefault();
            go(to.planogram(id));
          }}
        >
          <Field label={t("plan.id")} value={id} onValue={setId} required pattern="[A-Za-z0-9._\-]{1,64}" />
          <div class="form-foot">
            <button class="button button-primary" type="submit">
              {t("plan.new")}
            </button>
          </div>
        </form>
      )}
      {list.length === 0 && !adding && <p class="note">{mayUpdate() ? t("plan.none") : t("plan.nothing")}</p>}
      <ul class="setup-list">
        {list.map((p) => (
          <li key={p.id}>
            <a class="setup-row" href={to.planogram(p.id)}>
              <b class="setup-main">{p.name || p.id}</b>
              <span class="muted num">
                {[p.id, t("cooler.planogram_version", { n: p.version }), tn("plan.shelves", p.shelves.length), tn("plan.slots", p.shelves.reduce((n, s) => n + s.slots.length, 0))].join(" · ")}
              </span>
              <Next />
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
