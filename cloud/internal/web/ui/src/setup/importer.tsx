// A table or a ProSpace file becomes a draft in the editor; what could not be taken is told.

import { useMemo, useState } from "preact/hooks";
import { lang, t } from "../i18n/text";
import { build, codeOf, type Imported, type Note } from "../import/build";
import { FileFault, readCsv } from "../import/csv";
import { type PsaUnit, readPsa } from "../import/psa";
import { go, to } from "../router";
import { Field, Select } from "./parts";
import { pending } from "./pending";

/** The text of a file: UTF-8, or what programs of this language wrote before it. */
export async function textOf(file: File): Promise<string> {
  const data = await file.arrayBuffer();
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(data);
  } catch {
    return new TextDecoder(lang.value === "zh" ? "gb18030" : "windows-1252").decode(data);
  }
}

export interface Source {
  file: string;
  text: string;
}

export const isTable = (name: string) => /\.(csv|tsv|txt|psa)$/i.test(name);

export function Importer({ source, close }: { source: Source; close(): void }) {
  const psa = useMemo(() => attempt(() => (/\.psa$/i.test(source.file) ? readPsa(source.text) : null)), [source]);
  const [which, setWhich] = useState(0);
  const [unit, setUnit] = useState<PsaUnit | null>(null);
  const [id, setId] = useState<string | null>(null);
  const read = useMemo(
    () =>
      attempt((): Imported => {
        if (psa.fault) throw psa.fault;
        const { plan, notes } = psa.value ? psa.value.read(which, unit ?? psa.value.unit) : readCsv(source.text, source.file);
        return build(plan, id ?? codeOf(plan.name || source.file.replace(/\.\w+$/, "")), notes);
      }),
    [psa, which, unit, id, source],
  );
  const made = read.value;
  const open = (e: Event) => {
    e.preventDefault();
    if (!made) return;
    pending.value = made;
    go(to.planogram(made.planogram.id));
  };
  return (
    <form class="form import" onSubmit={open} aria-label={t("import.title", { file: source.file })}>
      <h3 class="form-title">{t("import.title", { file: source.file })}</h3>
      {psa.value && psa.value.planograms.length > 1 && (
        <Select label={t("import.which")} value={String(which)} onValue={(v) => (setWhich(Number(v)), setId(null))}>
          {psa.value.planograms.map((name, i) => (
            <option key={i} value={i}>
              {name}
            </option>
          ))}
        </Select>
      )}
      {psa.value && (
        <Select label={t("import.unit")} hint={t("import.unit_help")} value={unit ?? psa.value.unit} onValue={(v) => setUnit(v as PsaUnit)}>
          <option value="in">{t("import.unit.in")}</option>
          <option value="cm">{t("import.unit.cm")}</option>
        </Select>
      )}
      {made && <Field label={t("plan.id")} value={made.planogram.id} onValue={setId} required pattern="[A-Za-z0-9._\-]{1,64}" />}
      {made && (
        <div class="form-foot">
          <p class="num">
            {t("import.size", { shelves: made.planogram.shelves.length, slots: made.planogram.shelves.reduce((n, s) => n + s.slots.length, 0), width: made.planogram.width_mm ?? 0 })}
          </p>
        </div>
      )}
      <NoteList notes={made?.notes ?? []} />
      {read.fault && (
        <p class="save-error" role="alert">
          {t(`import.fault.${read.fault.kind}`, { what: read.fault.what })}
        </p>
      )}
      <div class="form-foot">
        <button class="button button-primary" type="submit" disabled={!made}>
          {t("import.open")}
        </button>
        <button class="button" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
      </div>
    </form>
  );
}

export function NoteList({ notes }: { notes: readonly Note[] }) {
  if (notes.length === 0) return null;
  return (
    <ul class="import-notes">
      {notes.map((n) => (
        <li key={n.kind}>{t(`import.note.${n.kind}`, { n: n.n, where: n.where })}</li>
      ))}
    </ul>
  );
}

/** What a step gives, or what is wrong with the file; any other failure is ours and not hidden. */
function attempt<T>(work: () => T): { value?: T; fault?: FileFault } {
  try {
    return { value: work() };
  } catch (e) {
    if (e instanceof FileFault) return { fault: e };
    throw e;
  }
}
