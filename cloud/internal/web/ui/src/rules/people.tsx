// Who is told of alerts: people and channels by role, what each role is told, and what was told lately.

import { useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, word } from "../i18n/text";
import { to } from "../router";
import { SaveButton, SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Bin, Plus } from "../ui/icons";
import { type Book, type Notify, type Recipient, type RulesInForce, toYaml } from "./book";
import { Provenance } from "./provenance";
import { NotifyForm, SENDS } from "./notify";
import { formatName, RecipientForm } from "./recipient";

export function People() {
  const loaded = useLoad((signal) => api.rules(signal), []);
  if (!loaded.data) return <Pending of={loaded} rows={3} height={64} />;
  return (
    <div class="stack people">
      <Editor key={loaded.data.revision} inForce={loaded.data} reload={loaded.reload} />
      <Told />
    </div>
  );
}

function Editor({ inForce, reload }: { inForce: RulesInForce; reload(): void }) {
  const [book, setBook] = useState<Book>(inForce.book);
  const [saving, save] = useSave();
  const touched = book !== inForce.book;
  const roles = [...new Set((book.recipients ?? []).map((r) => r.role).filter(Boolean))];
  const submit = async (e: Event) => {
    e.preventDefault();
    if (await save(() => api.putRules(toYaml(book), inForce.revision))) reload();
  };
  return (
    <form class="card" onSubmit={submit}>
      <header class="card-head">
        <h2>{t("people.who")}</h2>
        <Help name={t("people.who")}>{t("people.who_help")}</Help>
      </header>
      <Provenance of={inForce} />
      <Recipients book={book} roles={roles} setBook={setBook} />
      <header class="card-head people-what">
        <h2>{t("people.what")}</h2>
        <Help name={t("people.what")}>{t("people.what_help")}</Help>
      </header>
      <Notifies book={book} roles={roles} setBook={setBook} />
      {touched && /(^|\s)#/m.test(inForce.text) && <p class="note">{t("rules.comments")}</p>}
      <div class="form-foot rules-foot">
        <SaveButton saving={saving} label={t("rules.save")} disabled={!touched} />
        <button class="button" type="button" disabled={!touched} onClick={() => setBook(inForce.book)}>
          {t("rules.undo")}
        </button>
        <SaveError saving={saving} />
      </div>
    </form>
  );
}

interface Part {
  book: Book;
  roles: string[];
  setBook(book: Book): void;
}

function Recipients({ book, roles, setBook }: Part) {
  const [open, setOpen] = useState(-1);
  const list = book.recipients ?? [];
  const set = (next: Recipient[]) => setBook({ ...book, recipients: next });
  return (
    <>
      {list.length === 0 && <p class="note">{t("people.none")}</p>}
      <ul class="setup-list">
        {list.map((r, i) => (
          <li key={i}>
            <div class="rule-row">
              <button class="setup-row" type="button" aria-expanded={open === i} onClick={() => setOpen(open === i ? -1 : i)}>
                <span class="setup-main">{r.name || t("people.unnamed")}</span>
                <span class="muted">{[r.role, formatName(r.format), where(r)].filter(Boolean).join(" · ")}</span>
              </button>
              <Remove name={t("people.remove", { name: r.name || r.role })} drop={() => (set(list.filter((_, k) => k !== i)), setOpen(-1))} />
            </div>
            {open === i && <RecipientForm recipient={r} roles={roles} change={(next) => set(list.map((x, k) => (k === i ? next : x)))} />}
          </li>
        ))}
      </ul>
      <div class="rules-add">
        <button class="button button-small" type="button" onClick={() => (set([...list, { role: roles[0] ?? "manager", format: "email" }]), setOpen(list.length))}>
          <Plus />
          {t("people.add")}
        </button>
      </div>
    </>
  );
}

function Notifies({ book, roles, setBook }: Part) {
  const [open, setOpen] = useState(-1);
  const list = book.notify ?? [];
  const set = (next: Notify[]) => setBook({ ...book, notify: next });
  return (
    <>
      {list.length === 0 && <p class="note">{t("people.what_none")}</p>}
      <ul class="setup-list">
        {list.map((n, i) => (
          <li key={i}>
            <div class="rule-row">
              <button class="setup-row" type="button" aria-expanded={open === i} onClick={() => setOpen(open === i ? -1 : i)}>
                <span class="setup-main">{n.roles.join(", ") || t("people.roles")}</span>
                <span class="muted">{summary(n)}</span>
              </button>
              <Remove name={t("rules.remove", { n: i + 1 })} drop={() => (set(list.filter((_, k) => k !== i)), setOpen(-1))} />
            </div>
            {open === i && <NotifyForm notify={n} roles={roles} change={(next) => set(list.map((x, k) => (k === i ? next : x)))} />}
          </li>
        ))}
      </ul>
      <div class="rules-add">
        <button class="button button-small" type="button" disabled={roles.length === 0} onClick={() => (set([...list, { roles: roles.slice(0, 1) }]), setOpen(list.length))}>
          <Plus />
          {t("people.what_add")}
        </button>
      </div>
    </>
  );
}

function Remove({ name, drop }: { name: string; drop(): void }) {
  return (
    <span class="rule-tools">
      <button class="toggle toggle-icon" type="button" aria-label={name} title={name} onClick={drop}>
        <Bin />
      </button>
    </span>
  );
}

const where = (s: Recipient | Notify) => [s.types?.map((x) => word("type", x)), s.regions, s.channels, s.store_classes, s.stores, s.cooler_models, s.devices].flatMap((list) => list ?? []).join(", ") || t("people.everywhere");

function summary(n: Notify): string {
  const send = SENDS.find((x) => x === n.send) ?? "each";
  const first = n.escalate?.[0];
  return [(n.severities ?? []).map((s) => word("severity", s)).join(", "), t(`people.send.${send}`), where(n), first && t("people.steps", { after: first.after })].filter(Boolean).join(" · ");
}

export interface Notice {
  id: string;
  alert: string;
  name: string;
  role: string;
  kind: "opened" | "digest" | "escalated" | "over";
  state: "pending" | "sent" | "moot" | "dead";
  planned_at: string;
  due_at: string;
  done_at: string | null;
  reason?: string;
}

function Told() {
  const loaded = useLoad((signal) => api.notices(signal), []);
  const list = loaded.data?.notices ?? [];
  return (
    <section class="card" aria-labelledby="told">
      <header class="card-head">
        <h2 id="told">{t("people.told")}</h2>
      </header>
      {!loaded.data ? (
        <Pending of={loaded} rows={3} />
      ) : list.length === 0 ? (
        <p class="note">{t("people.told_none")}</p>
      ) : (
        <div class="scroll-x" tabIndex={0} role="region" aria-label={t("people.told")}>
          <table class="slots">
            <thead>
              <tr>
                <th scope="col">{t("people.told_when")}</th>
                <th scope="col">{t("people.told_who")}</th>
                <th scope="col">{t("people.told_what")}</th>
                <th scope="col">{t("people.told_state")}</th>
              </tr>
            </thead>
            <tbody>
              {list.map((n) => (
                <tr key={n.id}>
                  <td class="num">{moment(Date.parse(n.done_at ?? n.due_at), lang.value)}</td>
                  <td>{[n.name, n.role].filter(Boolean).join(" · ")}</td>
                  <td>
                    <a class="link-plain" href={to.alert(n.alert)}>
                      {t(`people.kind.${n.kind}`)}
                    </a>
                  </td>
                  <td>{[t(`people.state.${n.state}`), n.reason].filter(Boolean).join(": ")}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
