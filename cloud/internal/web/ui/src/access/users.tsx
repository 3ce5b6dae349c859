// People: who they are, what they may do, and the link by which one chooses a password.

import { useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t } from "../i18n/text";
import { session } from "../session";
import { Field } from "../setup/parts";
import { useSave } from "../setup/save";
import { useLoad } from "../ui/async";
import { Bin } from "../ui/icons";
import { AccessList, type Once, RoleForm } from "./parts";
import type { User } from "./types";

const ROLES = ["viewer", "manager", "admin"] as const;

export function Users() {
  const loaded = useLoad((signal) => api.users(signal), []);
  const [once, setOnce] = useState<Once | null>(null);
  const [saving, save] = useSave();
  const change = async (work: () => Promise<unknown>) => {
    if (await save(work)) loaded.reload();
  };
  const invite = (u: User) =>
    save(async () => {
      const { link } = await api.inviteUser(u.id);
      setOnce(invitation(u.name, link));
    });
  return (
    <AccessList
      id="users"
      title={t("access.users")}
      add={t("access.add_user")}
      loaded={loaded}
      of={(d) => d.users ?? []}
      saving={saving}
      once={once}
      made={setOnce}
      form={(done) => <UserForm done={done} />}
      row={(u) => <Row key={u.id} user={u} busy={saving.kind === "busy"} change={change} invite={() => void invite(u)} />}
    />
  );
}

function Row({ user: u, busy, change, invite }: { user: User; busy: boolean; change(work: () => Promise<unknown>): Promise<void>; invite(): void }) {
  const [sure, setSure] = useState(false);
  const self = u.email === session.value?.email;
  const put = (part: Partial<{ role: string; disabled: boolean }>) => change(() => api.putUser(u.id, { name: u.name, role: u.role, disabled: Boolean(u.disabled_at), ...part }));
  return (
    <li class="setup-row access-row">
      <span class="setup-main">
        <span>
          {u.name}
          {self && <small class="muted"> ({t("access.you")})</small>}
          <small class="muted access-mail">{u.email}</small>
        </span>
      </span>
      {(u.disabled_at || !u.active) && <span class={u.disabled_at ? "tag tag-off" : "tag tag-wait"}>{u.disabled_at ? t("access.disabled", { time: moment(Date.parse(u.disabled_at), lang.value) }) : t("access.invited")}</span>}
      <span class="access-tools">
        <select class="select" aria-label={`${t("access.role")}: ${u.name}`} value={u.role} disabled={busy} onChange={(e) => void put({ role: e.currentTarget.value })}>
          {ROLES.map((r) => (
            <option key={r} value={r}>
              {t(`access.role_short.${r}`)}
            </option>
          ))}
        </select>
        <button class="button button-small" type="button" onClick={invite}>
          {t("access.new_link")}
        </button>
        <button class="button button-small" type="button" disabled={self || busy} onClick={() => void put({ disabled: !u.disabled_at })}>
          {t(u.disabled_at ? "access.enable" : "access.disable")}
        </button>
        {sure ? (
          <button class="button button-small button-primary" type="button" onClick={() => (setSure(false), void change(() => api.removeUser(u.id)))}>
            {t("access.sure", { name: u.name })}
          </button>
        ) : (
          <button class="toggle toggle-icon" type="button" disabled={self || busy} aria-label={`${t("access.remove")}: ${u.name}`} title={t("access.remove")} onClick={() => setSure(true)}>
            <Bin />
          </button>
        )}
      </span>
    </li>
  );
}

const invitation = (name: string, link: string): Once => ({ text: t("access.link", { name }), value: whole(link) });

/** A link as it can be sent on: the service knows the path, the browser knows the host. */
const whole = (link: string) => new URL(link, location.origin).href;

function UserForm({ done }: { done(once: Once): void }) {
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const make = async (role: string) => {
    const { user, link } = await api.addUser({ name, email, role });
    done(invitation(user.name, link));
  };
  return (
    <RoleForm roles={ROLES} label={t("access.add_user")} make={make}>
      <Field label={t("setup.name")} value={name} onValue={setName} required />
      <Field label={t("access.email")} type="email" value={email} onValue={setEmail} required />
    </RoleForm>
  );
}
