// Promotions: what was promoted where and when, entered and changed here; and what each brought.

import { useState } from "preact/hooks";
import { minute } from "../format";
import { lang, t } from "../i18n/text";
import { LiftTable } from "../kpi/promotions";
import { Field, SaveButton, SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { now } from "../store";
import { Blank, Pending, useLoad } from "../ui/async";
import { useFiguresFresh } from "../ui/fresh";
import { Help } from "../ui/help";
import { Bin, Download, Plus, Tray } from "../ui/icons";
import { mayChange, ViewerNote } from "./parts";
import { type Promotion, tradeApi } from "./trade";

export function Promotions() {
  const loaded = useLoad(async (signal) => {
    const [list, lifts] = await Promise.all([tradeApi.promotions(signal), tradeApi.lifts(signal)]);
    return { list: list.promotions ?? [], lifts: lifts.promotions ?? [] };
  }, [], useFiguresFresh());
  const [editing, setEditing] = useState<Promotion | "new" | null>(null);
  if (!loaded.data) return <Pending of={loaded} card rows={4} />;
  const { list, lifts } = loaded.data;
  return (
    <>
      <ViewerNote />
      <section class="card" aria-labelledby="campaigns">
        <header class="card-head">
          <h2 id="campaigns">{t("trade.promotions")}</h2>
          <span class="count num">{list.length}</span>
          {mayChange() && (
            <button class="button button-small push" type="button" aria-expanded={editing === "new"} onClick={() => setEditing(editing === "new" ? null : "new")}>
              <Plus />
              {t("campaign.add")}
            </button>
          )}
        </header>
        {editing && (
          <Editor
            key={editing === "new" ? "" : editing.id}
            was={editing === "new" ? null : editing}
            close={() => setEditing(null)}
            done={() => {
              setEditing(null);
              loaded.reload();
            }}
          />
        )}
        {list.length === 0 && !editing ? (
          <Blank icon={<Tray />} title={t("campaign.none")}>
            {t("campaign.none_text")}
          </Blank>
        ) : (
          <ul class="setup-list">
            {list.map((p) => (
              <Row key={p.id} p={p} edit={() => setEditing(p)} reload={loaded.reload} />
            ))}
          </ul>
        )}
      </section>
      {list.length > 0 && (
        <section class="card kpi-promotions" aria-labelledby="lifts">
          <header class="card-head">
            <h2 id="lifts">{t("campaign.results")}</h2>
            <Help name={t("campaign.results")}>{t("promo.help")}</Help>
            <span class="push kpi-exports">
              {(["csv", "xlsx"] as const).map((f) => (
                <a key={f} class="button button-small" href={`/v1/kpis/promotions?format=${f}`} download>
                  <Download />
                  {t(`kpis.${f}`)}
                </a>
              ))}
            </span>
          </header>
          {lifts.length === 0 ? <p class="note">{t("campaign.no_results")}</p> : <LiftTable list={lifts} />}
        </section>
      )}
    </>
  );
}

function Row({ p, edit, reload }: { p: Promotion; edit(): void; reload(): void }) {
  const l = lang.value;
  const [sure, setSure] = useState(false);
  const [saving, save] = useSave();
  const [from, to] = [Date.parse(p.from), Date.parse(p.to)];
  const phase = now.value < from ? "ahead" : now.value < to ? "running" : "over";
  const name = p.name || p.id;
  const remove = async () => {
    setSure(false);
    if (await save(() => tradeApi.removePromotion(p.id))) reload();
  };
  return (
    <li class="setup-row campaign">
      <span class="setup-main">
        <span>
          {name}
          <small class="muted num">
            {minute(from, l)} – {minute(to, l)}
          </small>
        </span>
      </span>
      <span class={`verdict phase-${phase}`}>{t(`campaign.${phase}`)}</span>
      <span class="muted num">{t("campaign.products_n", { n: p.gtins.length, stores: p.stores.length })}</span>
      {mayChange() && (
        <span class="row-tools">
          <button class="button button-small" type="button" aria-label={t("campaign.edit", { name })} onClick={edit}>
            {t("campaign.change")}
          </button>
          {sure ? (
            <button class="button button-small button-primary" type="button" onClick={() => void remove()}>
              {t("campaign.sure", { name })}
            </button>
          ) : (
            <button class="toggle toggle-icon" type="button" aria-label={`${t("campaign.remove")}: ${name}`} title={t("campaign.remove")} onClick={() => setSure(true)}>
              <Bin />
            </button>
          )}
        </span>
      )}
      <SaveError saving={saving} />
    </li>
  );
}

const lines = (text: string) => text.split(/[\s,;，；]+/).filter(Boolean);

function Editor({ was, done, close }: { was: Promotion | null; done(): void; close(): void }) {
  const [id, setId] = useState(was?.id ?? "");
  const [name, setName] = useState(was?.name ?? "");
  const [gtins, setGtins] = useState((was?.gtins ?? []).join("\n"));
  const [stores, setStores] = useState((was?.stores ?? []).join("\n"));
  const [from, setFrom] = useState(was ? local(was.from) : "");
  const [to, setTo] = useState(was ? local(was.to) : "");
  const [currency, setCurrency] = useState(was?.currency ?? "CNY");
  const [cost, setCost] = useState(was ? String(was.cost_minor / minorOf(was.currency)) : "0");
  const [saving, save] = useSave();
  const submit = async (e: Event) => {
    e.preventDefault();
    const stored = await save(() =>
      tradeApi.putPromotion({ id, name, gtins: lines(gtins), stores: lines(stores), from: new Date(from).toISOString(), to: new Date(to).toISOString(), currency, cost_minor: Math.round(Number(cost) * minorOf(currency)) }),
    );
    if (stored) done();
  };
  return (
    <form class="form" aria-label={was ? t("campaign.edit", { name: was.name || was.id }) : t("campaign.add")} onSubmit={submit}>
      {was === null && <Field label={t("campaign.id")} value={id} onValue={setId} required pattern="[A-Za-z0-9._\-]{1,64}" hint={t("campaign.id_hint")} />}
      <Field label={t("campaign.name")} value={name} onValue={setName} required />
      <Field label={t("campaign.from")} type="datetime-local" value={from} onValue={setFrom} required />
      <Field label={t("campaign.to")} type="datetime-local" value={to} onValue={setTo} required />
      <Field label={t("campaign.cost")} type="number" step="any" min={0} value={cost} onValue={setCost} />
      <Field label={t("campaign.currency")} value={currency} onValue={setCurrency} pattern="[A-Z]{3}" required />
      <Area label={t("campaign.products")} value={gtins} onValue={setGtins} />
      <Area label={t("campaign.stores")} value={stores} onValue={setStores} />
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

function Area({ label, value, onValue }: { label: string; value: string; onValue(v: string): void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <textarea class="input area" rows={4} required value={value} onInput={(e) => onValue(e.currentTarget.value)} />
    </label>
  );
}

/** A time as an input of the kind datetime-local takes it, on the viewer's clock. */
function local(iso: string): string {
  const d = new Date(iso);
  return new Date(d.getTime() - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

/** Minor units of one. */
function minorOf(currency: string): number {
  try {
    return 10 ** (new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2);
  } catch {
    return 100; // not typed to its end yet; the service says if it is none
  }
}
