// Every movement that made a product's book, with its cause; and a form to enter one.

import { useState } from "preact/hooks";
import { count, duration, minute } from "../format";
import { lang, t, word, refusal } from "../i18n/text";
import { Field, SaveButton, SaveError, Select } from "../setup/parts";
import { useSave } from "../setup/save";
import { Pending, useLoad } from "../ui/async";
import { Plus } from "../ui/icons";
import { Switch, Th } from "./parts";
import { type MasterProduct, type Movement, tradeApi } from "./trade";

const DAYS = ["1", "7", "28"] as const;

/** `stamp` changes when the book was read anew. */
export function Movements({ store, gtin, name, close, stamp }: { store: string; gtin: string; name: string; close(): void; stamp: string }) {
  const [days, setDays] = useState<(typeof DAYS)[number]>("7");
  const loaded = useLoad(
    (signal) => {
      const to = Date.now() + 60_000;
      return tradeApi.movements({ store, gtin, from: new Date(to - Number(days) * 86_400_000).toISOString(), to: new Date(to).toISOString() }, signal);
    },
    [store, gtin, days, stamp],
  );
  const list = [...(loaded.data?.movements ?? [])].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <section class="card" aria-labelledby="moves">
      <header class="card-head">
        <h2 id="moves">{t("moves.title", { name })}</h2>
        <span class="push card-tools">
          <Switch label={t("kpis.range")} of={DAYS} value={days} name={(d) => duration(Number(d) * 86_400, lang.value)} pick={(d) => setDays(d)} />
          <button class="button button-small" type="button" onClick={close}>
            {t("moves.close")}
          </button>
        </span>
      </header>
      {!loaded.data ? (
        <Pending of={loaded} rows={3} />
      ) : list.length === 0 ? (
        <p class="note">{t("moves.none")}</p>
      ) : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("moves.title", { name })}>
          <table class="kpi-table">
            <thead>
              <tr>
                <Th name="access.when" />
                <Th name="moves.cause" />
                <Th name="moves.units" end />
                <Th name="moves.expected" end />
                <Th name="moves.after" end />
                <Th name="moves.shrink" end help />
                <Th name="moves.note" />
              </tr>
            </thead>
            <tbody>
              {list.slice(0, 300).map((m) => (
                <Row key={`${m.cause} ${m.id} ${m.at}`} move={m} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Row({ move: m }: { move: Movement }) {
  const l = lang.value;
  const units = (v: number | null) => (v === null ? "–" : count(v, l));
  const counted = m.cause === "count";
  return (
    <tr>
      <td class="num">{minute(Date.parse(m.at), l)}</td>
      <td>{counted && m.place === "backroom" ? t("cause.backroom") : word("cause", m.cause)}</td>
      <td class="end num">{counted ? count(m.units, l) : signed(m.units)}</td>
      <td class="end num">{units(m.expected)}</td>
      <td class="end num">{units(m.after)}</td>
      <td class={`end num${m.shrink ? " ink-empty" : ""}`}>{m.shrink === undefined ? "" : count(m.shrink, l)}</td>
      <td class="wrap">{m.order ? [m.channel, m.order].filter(Boolean).join(" · ") : (m.note ?? "")}</td>
    </tr>
  );
}

const signed = (n: number) => `${n > 0 ? "+" : n < 0 ? "−" : ""}${count(Math.abs(n), lang.value)}`;

const CAUSES = ["count", "backroom", "delivery", "transfer_in", "transfer_out", "waste", "adjustment"] as const;

export function EnterMovement({ store, gtin: looked, products, done }: { store: string; gtin: string; products: readonly MasterProduct[]; done(): void }) {
  const [open, setOpen] = useState(false);
  const [cause, setCause] = useState<(typeof CAUSES)[number]>("count");
  const [gtin, setGtin] = useState("");
  const [units, setUnits] = useState("");
  const [note, setNote] = useState("");
  // The same entry sent twice is one movement.
  const [id, setId] = useState(() => crypto.randomUUID());
  const [saving, save] = useSave();
  const product = gtin || looked;
  const submit = async (e: Event) => {
    e.preventDefault();
    const backroom = cause === "backroom";
    const stored = await save(async () => {
      const { results } = await tradeApi.enter({
        id: `page-${id}`,
        store,
        gtin: product,
        cause: backroom ? "count" : cause,
        units: Number(units),
        at: new Date().toISOString(),
        ...(backroom ? { place: "backroom" } : {}),
        ...(note ? { note } : {}),
      });
      const refused = results.find((r) => r.status === "rejected");
      if (refused) throw new Error(Object.values(refusal(refused)).filter(Boolean).join(" · "));
    });
    if (!stored) return;
    setId(crypto.randomUUID());
    setUnits("");
    setNote("");
    done();
  };
  return (
    <section class="card" aria-labelledby="enter">
      <header class="card-head">
        <h2 id="enter">{t("moves.by_hand")}</h2>
        <button class="button button-small push" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Plus />
          {t("moves.enter")}
        </button>
      </header>
      {open && (
        <form class="form" onSubmit={submit}>
          <Field label={t("trade.product")} value={product} onValue={setGtin} required pattern="[0-9]{8,14}" list="trade-products" />
          <datalist id="trade-products">
            {products.map((p) => (
              <option key={p.gtin} value={p.gtin}>
                {p.name}
              </option>
            ))}
          </datalist>
          <Select label={t("moves.cause")} value={cause} onValue={(v) => setCause(v as typeof cause)}>
            {CAUSES.map((c) => (
              <option key={c} value={c}>
                {t(`cause.${c}`)}
              </option>
            ))}
          </Select>
          <Field label={t("moves.units")} type="number" step={1} value={units} onValue={setUnits} required hint={t(cause === "count" || cause === "backroom" ? "moves.count_hint" : "moves.signed_hint")} />
          <Field label={t("moves.note")} value={note} onValue={setNote} required={cause === "adjustment"} />
          <div class="form-foot">
            <SaveButton saving={saving} label={t("moves.enter")} />
            <SaveError saving={saving} />
          </div>
        </form>
      )}
    </section>
  );
}
