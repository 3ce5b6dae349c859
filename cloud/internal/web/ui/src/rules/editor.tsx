// Editing the alert rules, as a form or as text, with a dry run against the past before they are put in
// force.

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { t, word } from "../i18n/text";
import { Field, SaveButton, SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { coolerName, storeName } from "../store";
import type { Product } from "../types";
import { productName } from "../ui/alert";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Bin, Plus } from "../ui/icons";
import { type Book, type Change, put, type Quiet, type RulesInForce, toYaml } from "./book";
import { RuleForm } from "./change";
import { DryRunCard } from "./dryrun";
import { Provenance, Versions } from "./provenance";
import { QuietForm } from "./quiet";

export function RulesEditor() {
  const loaded = useLoad((signal) => api.rules(signal), []);
  useEffect(() => void knowNames(), []);
  if (!loaded.data) return <Pending of={loaded} rows={3} height={64} />;
  return <Editor key={loaded.data.revision} inForce={loaded.data} reload={loaded.reload} />;
}

function Editor({ inForce, reload }: { inForce: RulesInForce; reload(): void }) {
  const [book, setBook] = useState<Book>(inForce.book);
  const [byHand, setByHand] = useState<string | null>(null);
  const [asText, setAsText] = useState(false);
  const [saving, save] = useSave();
  const touched = book !== inForce.book;
  const text = byHand ?? (touched ? toYaml(book) : inForce.text || toYaml(book));
  const changed = byHand !== null ? byHand !== inForce.text : touched;
  const submit = async (e: Event) => {
    e.preventDefault();
    if (await save(() => api.putRules(text, inForce.revision))) reload();
  };
  const undo = () => {
    setBook(inForce.book);
    setByHand(null);
  };
  return (
    <div class="rules">
      <form class="card" onSubmit={submit}>
        <header class="card-head">
          <h2>{t("rules.title")}</h2>
          <Help name={t("rules.title")}>{t("rules.help")}</Help>
          <div class="switch push" role="group" aria-label={t("rules.title")}>
            <button type="button" aria-pressed={!asText} onClick={() => setAsText(false)}>
              {t("rules.form")}
            </button>
            <button type="button" aria-pressed={asText} onClick={() => setAsText(true)}>
              {t("rules.text")}
            </button>
          </div>
        </header>
        <Provenance of={inForce} />
        {asText ? (
          <textarea class="input rules-text" aria-label={t("rules.text_label")} spellcheck={false} rows={Math.min(40, Math.max(12, text.split("\n").length + 1))} value={text} onInput={(e) => setByHand(e.currentTarget.value)} />
        ) : byHand !== null ? (
          <p class="note">{t("rules.text_changed")}</p>
        ) : (
          <Entries book={book} defaults={inForce.defaults} setBook={setBook} />
        )}
        {touched && byHand === null && /(^|\s)#/m.test(inForce.text) && <p class="note">{t("rules.comments")}</p>}
        <div class="form-foot rules-foot">
          <SaveButton saving={saving} label={t("rules.save")} disabled={!changed} />
          <button class="button" type="button" disabled={!changed} onClick={undo}>
            {t("rules.undo")}
          </button>
          <SaveError saving={saving} />
        </div>
        <Versions pick={(old) => (setByHand(old), setAsText(true))} />
      </form>
      <DryRunCard text={text} />
    </div>
  );
}

function Entries({ book, defaults, setBook }: { book: Book; defaults: Record<string, Change>; setBook(book: Book): void }) {
  const [open, setOpen] = useState("");
  const rules = book.rules ?? [];
  const quiet = book.mute ?? [];
  const setRules = (list: Change[]) => setBook({ ...book, rules: list });
  const setQuiet = (list: Quiet[]) => setBook({ ...book, mute: list });
  const toggle = (key: string) => setOpen(open === key ? "" : key);
  return (
    <>
      {rules.length + quiet.length === 0 && <p class="note">{t("rules.none")}</p>}
      <ol class="setup-list">
        {rules.map((r, i) => (
          <li key={`r${i}`}>
            <div class="rule-row">
              <button class="setup-row" type="button" aria-expanded={open === `r${i}`} onClick={() => toggle(`r${i}`)}>
                <span class="setup-main">{typesOf(r.types)}</span>
                <span class="muted">{summary(r)}</span>
              </button>
              <RowTools n={i + 1} up={i > 0 ? () => setRules(swap(rules, i)) : undefined} remove={() => (setRules(rules.filter((_, k) => k !== i)), setOpen(""))} />
            </div>
            {open === `r${i}` && <RuleForm rule={r} defaults={defaults} change={(next) => setRules(rules.map((x, k) => (k === i ? next : x)))} />}
          </li>
        ))}
        {quiet.map((q, i) => (
          <li key={`q${i}`}>
            <div class="rule-row">
              <button class="setup-row" type="button" aria-expanded={open === `q${i}`} onClick={() => toggle(`q${i}`)}>
                <span class="setup-main">
                  {t("rules.quiet")}: {q.outside_hours ? t("rules.outside") : q.daily || [q.from, q.to].filter(Boolean).join(" – ")}
                </span>
                <span class="muted">{[typesOf(q.types), ...(q.stores ?? []), ...(q.devices ?? [])].join(" · ")}</span>
              </button>
              <RowTools n={rules.length + i + 1} remove={() => (setQuiet(quiet.filter((_, k) => k !== i)), setOpen(""))} />
            </div>
            {open === `q${i}` && <QuietForm quiet={q} change={(next) => setQuiet(quiet.map((x, k) => (k === i ? next : x)))} />}
          </li>
        ))}
      </ol>
      <div class="form">
        <Field label={t("rules.book_tz")} value={book.tz ?? ""} placeholder="UTC" hint={t("rules.book_tz_hint")} onValue={(v) => setBook(put(book, "tz", v.trim()))} />
      </div>
      <div class="rules-add">
        <button class="button button-small" type="button" onClick={() => (setRules([...rules, { types: ["stockout"] }]), setOpen(`r${rules.length}`))}>
          <Plus />
          {t("rules.add")}
        </button>
        <button class="button button-small" type="button" title={t("rules.quiet_help")} onClick={() => (setQuiet([...quiet, { daily: "22:00-07:00", tz: Intl.DateTimeFormat().resolvedOptions().timeZone }]), setOpen(`q${quiet.length}`))}>
          <Plus />
          {t("rules.add_mute")}
        </button>
      </div>
    </>
  );
}

function RowTools({ n, up, remove }: { n: number; up?: (() => void) | undefined; remove(): void }) {
  return (
    <span class="rule-tools">
      {up && (
        <button class="toggle toggle-icon" type="button" aria-label={t("rules.up", { n })} title={t("rules.up", { n })} onClick={up}>
          <span aria-hidden="true">↑</span>
        </button>
      )}
      <button class="toggle toggle-icon" type="button" aria-label={t("rules.remove", { n })} title={t("rules.remove", { n })} onClick={remove}>
        <Bin />
      </button>
    </span>
  );
}

const swap = (list: Change[], i: number): Change[] => list.map((x, k) => (k === i - 1 ? list[i]! : k === i ? list[i - 1]! : x));

const typesOf = (types: readonly string[] | undefined) => (types?.length ? types.map((x) => word("type", x)).join(", ") : t("rules.all_types"));

/** A rule in a line. */
function summary(r: Change): string {
  if (r.enabled === false) return [where(r), t("rules.not_told")].filter(Boolean).join(" · ");
  const opens = r.open && t("rules.opens", { bad: r.open.bad, of: r.open.of });
  const parts = [where(r), r.severity && word("severity", r.severity), opens, r.hold && t("rules.holds", { hold: r.hold }), r.limit_c !== undefined && `> ${r.limit_c} °C`];
  return parts.filter(Boolean).join(" · ");
}

/** What a rule is for, by name where there is one. */
function where(r: Change): string {
  const named = [(r.stores ?? []).map(storeName), (r.devices ?? []).map(coolerName), (r.gtins ?? []).map(nameOfGTIN)];
  return [r.regions, r.channels, r.store_classes, r.cooler_models, ...named].flatMap((list) => list ?? []).join(", ") || t("rules.everywhere");
}

const names = signal<ReadonlyMap<string, Product>>(new Map());
const nameOfGTIN = (gtin: string) => productName(names.value.get(gtin), gtin);

/** Rules name products by number; without their names the numbers stand. */
async function knowNames(): Promise<void> {
  try {
    const { products } = await api.products();
    names.value = new Map((products ?? []).flatMap((p) => (p.gtin ? [[p.gtin, p] as const] : [])));
  } catch {
    // The numbers say it too.
  }
}
