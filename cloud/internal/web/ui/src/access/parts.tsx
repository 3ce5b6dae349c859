// What the lists of users and of tokens share: a card that counts and adds, what is shown once, and the
// form that a new one comes from.

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t, type Key } from "../i18n/text";
import { SaveButton, SaveError, Select } from "../setup/parts";
import { useSave, type Saving } from "../setup/save";
import { type Loaded, Pending } from "../ui/async";
import { Plus } from "../ui/icons";
import { Secret } from "./secret";

/** What is told once: a link or a token. */
export interface Once {
  text: string;
  value: string;
}

interface ListProps<T, R> {
  id: string;
  title: string;
  add: string;
  none?: string;
  loaded: Loaded<T>;
  of(data: T): readonly R[];
  saving: Saving;
  once: Once | null;
  /** The form; it calls `done` with what has to be told once. */
  form(done: (once: Once) => void): ComponentChildren;
  made(once: Once): void;
  row(item: R): ComponentChildren;
}

export function AccessList<T, R>({ id, title, add, none, loaded, of, saving, once, form, made, row }: ListProps<T, R>) {
  const [adding, setAdding] = useState(false);
  if (!loaded.data) return <Pending of={loaded} card rows={3} height={50} />;
  const list = of(loaded.data);
  const done = (o: Once) => {
    setAdding(false);
    made(o);
    loaded.reload();
  };
  return (
    <section class="card" aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{title}</h2>
        <span class="count num">{list.length}</span>
        <button class="button button-small push" type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Plus />
          {add}
        </button>
      </header>
      {adding && form(done)}
      {once && <Secret text={once.text} value={once.value} />}
      <SaveError saving={saving} />
      {list.length === 0 && !adding && none && <p class="note">{none}</p>}
      <ul class="setup-list">{list.map(row)}</ul>
    </section>
  );
}

/** A form for somebody or something with a role. */
export function RoleForm({ roles, label, make, children }: { roles: readonly string[]; label: string; make(role: string): Promise<unknown>; children: ComponentChildren }) {
  const [role, setRole] = useState("viewer");
  const [saving, save] = useSave();
  const submit = (e: Event) => {
    e.preventDefault();
    void save(() => make(role));
  };
  return (
    <form class="form" onSubmit={submit}>
      {children}
      <Select label={t("access.role")} value={role} onValue={setRole}>
        {roles.map((r) => (
          <option key={r} value={r}>
            {t(`access.role.${r}` as Key)}
          </option>
        ))}
      </Select>
      <div class="form-foot">
        <SaveButton saving={saving} label={label} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
