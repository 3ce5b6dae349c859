// People: who they are, what they may do, and the link by which one chooses a password.

import { useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { session } from "../session";
import { Field, SaveButton, SaveError, Select } from "../setup/parts";
import { useSave } from "../setup/save";
import { Failed, Skeleton, useLoad } from "../ui/async";
import { Bin, Plus } from "../ui/icons";
import { Secret } from "./secret";
import type { User } from "./types";

const ROLES = ["viewer", "manager", "admin"] as const;

export function Users() {
  const loaded = useLoad((signal) => api.users(signal), []);
  const [adding, setAdding] = useState(false);
  const [invited, setInvited] = useState<{ name: string; link: string } | null>(null);
  const [sure, setSure] = useState(0);
  const [saving, save] = useSave();
  if (!loaded.data) return <section class="card">{loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Skeleton rows={3} height={50} />}</section>;
  const list = loaded.data.users ?? [];
  const change = async (work: () => Promise<unknown>) => {
    if (await save(work)) loaded.reload();
  };
  const put = (u: User, part: Partial<{ role: string; disabled: boolean }>) => change(() => api.putUser(u.id, { name: u.name, role: u.role, disabled: Boolean(u.disabled_at), ...part }));
  const invite = (u: User) =>
    save(async () => {
      const { link } = await api.inviteUser(u.id);
      setInvited({ name: u.name, link: whole(link) });
    });
  return (
    <section class="card" aria-labelledby="users">
      <header class="card-head">
        <h2 id="users">{t("access.users")}</h2>
        <span class="count num">{list.length}</span>
        <button class="button button-small push" type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Plus />
          {t("access.add_user")}
        </button>
      </header>
      {adding && (
        <UserForm
          done={(name, link) => {
            setAdding(false);
            setInvited({ name, link: whole(link) });
            loaded.reload();
          }}
        />
      )}
      {invited && <Secret text={t("access.link", { name: invited.name })} value={invited.link} />}
      <SaveError saving={saving} />
      <ul class="setup-list">
        {list.map((u) => (
          <li key={u.id} class="setup-row access-row">
            <span class="setup-main">
              <span>
                {u.name}
                {u.email === session.value?.email && <small class="muted"> ({t("access.you")})</small>}
                <small class="muted access-mail">{u.email}</small>
              </span>
            </span>
            {(u.disabled_at || !u.active) && <span class="tag-offline">{u.disabled_at ? t("access.disabled", { time: moment(Date.parse(u.disabled_at), lang.value) }) : t("access.invited")}</span>}
            <span class="access-tools">
              <select class="select" aria-label={`${t("access.role")}: ${u.name}`} value={u.role} disabled={saving.kind === "busy"} onChange={(e) => void put(u, { role: e.currentTarget.value })}>
                {ROLES.map((r) => (
                  <option key={r} value={r}>
                    {t(`access.role_short.${r}`)}
                  </option>
                ))}
              </select>
              <button class="button button-small" type="button" onClick={() => void invite(u)}>
                {t("access.new_link")}
              </button>
              <button class="button button-small" type="button" onClick={() => void put(u, { disabled: !u.disabled_at })}>
                {t(u.disabled_at ? "access.enable" : "access.disable")}
              </button>
              {sure === u.id ? (
                <button class="button button-small button-primary" type="button" onClick={() => (setSure(0), void change(() => api.removeUser(u.id)))}>
                  {t("access.sure", { name: u.name })}
                </button>
              ) : (
                <button class="toggle toggle-icon" type="button" aria-label={`${t("access.remove")}: ${u.name}`} title={t("access.remove")} onClick={() => setSure(u.id)}>
                  <Bin />
                </button>
              )}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** A link as it can be sent on: the service knows the path, the browser knows the host. */
const whole = (link: string) => new URL(link, location.origin).href;

function UserForm({ done }: { done(name: string, link: string): void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<string>("viewer");
  const [saving, save] = useSave();
  const submit = async (e: Event) => {
    e.preventDefault();
    await save(async () => {
      const { user, link } = await api.addUser({ name, email, role });
      done(user.name, link);
    });
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label={t("setup.name")} value={name} onValue={setName} required />
      <Field label={t("access.email")} type="email" value={email} onValue={setEmail} required />
      <Select label={t("access.role")} value={role} onValue={setRole}>
        {ROLES.map((r) => (
          <option key={r} value={r}>
            {t(`access.role.${r}` as Key)}
          </option>
        ))}
      </Select>
      <div class="form-foot">
        <SaveButton saving={saving} label={t("access.add_user")} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
