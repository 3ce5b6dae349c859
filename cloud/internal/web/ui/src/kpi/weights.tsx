// What the perfect-store score weighs: for every brand, and for single brands by themselves.

import { useState } from "preact/hooks";
import { api } from "../api";
import { t } from "../i18n/text";
import { Facts, Field, SaveButton, SaveError, Select } from "../setup/parts";
import { useSave } from "../setup/save";
import { mayChange } from "../trade/parts";
import { Pending, useLoad } from "../ui/async";
import { PARTS, type WeightBook, type Weights } from "./answers";

export function ScoreWeights() {
  // What is folded asks nothing of the service.
  const [open, setOpen] = useState(false);
  return (
    <details class="card folded" onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary>
        <h2>{t("weights.title")}</h2>
      </summary>
      {open && <Book />}
    </details>
  );
}

function Book() {
  const loaded = useLoad((signal) => api.kpi<WeightBook>("weights", "", signal), []);
  const brands = useLoad((signal) => api.kpi<{ rows: { key: { brand?: string } }[] | null }>("availability", "by=brand", signal), []);
  const [brand, setBrand] = useState("");
  if (!loaded.data) return <Pending of={loaded} rows={2} />;
  const book = loaded.data;
  const names = [...new Set([...Object.keys(book.brands), ...(brands.data?.rows ?? []).map((r) => r.key.brand ?? "")])].filter(Boolean).sort();
  const everywhere = book.tenant ?? book.without;
  return (
    <>
      <p class="note">{t("weights.help")}</p>
      <WeightForm key={`${brand} ${JSON.stringify(book)}`} brand={brand} setBrand={setBrand} names={names} book={book} from={book.brands[brand] ?? everywhere} reload={loaded.reload} />
    </>
  );
}

interface FormProps {
  brand: string;
  setBrand(b: string): void;
  names: readonly string[];
  book: WeightBook;
  from: Weights;
  reload(): void;
}

function WeightForm({ brand, setBrand, names, book, from, reload }: FormProps) {
  const [form, setForm] = useState(() => Object.fromEntries(PARTS.map((p) => [p, String(from[p])])) as Record<keyof Weights, string>);
  const [saving, save] = useSave();
  const put = (w: Weights | null) => {
    const { [brand]: _, ...others } = book.brands;
    return save(() => api.putWeights(brand === "" ? { tenant: w, brands: book.brands } : { tenant: book.tenant, brands: w ? { ...others, [brand]: w } : others }));
  };
  const submit = async (e: Event) => {
    e.preventDefault();
    if (await put(Object.fromEntries(PARTS.map((p) => [p, Number(form[p])])) as unknown as Weights)) reload();
  };
  const pick = (
    <Select label={t("weights.of")} value={brand} onValue={setBrand}>
      <option value="">{t("weights.all")}</option>
      {names.map((b) => (
        <option key={b} value={b}>
          {b}
        </option>
      ))}
    </Select>
  );
  const label = (p: keyof Weights) => t(p === "share" ? "kpi.name.share_of_shelf" : `kpi.name.${p}`);
  if (!mayChange()) {
    return (
      <div class="form">
        {pick}
        <Facts of={PARTS.map((p) => [label(p), form[p]])} />
      </div>
    );
  }
  const own = brand === "" ? book.tenant !== null : brand in book.brands;
  return (
    <form class="form" onSubmit={submit}>
      {pick}
      {PARTS.map((p) => (
        <Field key={p} label={label(p)} type="number" min={0} max={1_000_000} step="any" required value={form[p]} onValue={(v) => setForm((f) => ({ ...f, [p]: v }))} />
      ))}
      <div class="form-foot">
        <SaveButton saving={saving} />
        {own && (
          <button class="button" type="button" onClick={async () => (await put(null)) && reload()}>
            {t(brand === "" ? "weights.usual" : "weights.as_all")}
          </button>
        )}
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
