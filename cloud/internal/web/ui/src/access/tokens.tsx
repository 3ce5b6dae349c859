// Tokens of programs.

import { useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { Field } from "../setup/parts";
import { useSave } from "../setup/save";
import { useLoad } from "../ui/async";
import { AccessList, type Once, RoleForm } from "./parts";
import type { Token } from "./types";

const ROLES = ["viewer", "integration", "manager", "admin"] as const;

export function Tokens() {
  const loaded = useLoad((signal) => api.tokens(signal), []);
  const [once, setOnce] = useState<Once | null>(null);
  const [saving, save] = useSave();
  const revoke = async (id: number) => {
    if (await save(() => api.revokeToken(id))) loaded.reload();
  };
  return (
    <AccessList
      id="tokens"
      title={t("access.tokens")}
      add={t("access.add_token")}
      none={t("access.no_tokens")}
      loaded={loaded}
      of={(d) => (d.tokens ?? []).filter((x) => !x.device)}
      saving={saving}
      once={once}
      made={setOnce}
      form={(done) => <TokenForm done={done} />}
      row={(x) => <Row key={x.id} token={x} revoke={() => void revoke(x.id)} />}
    />
  );
}

function Row({ token: x, revoke }: { token: Token; revoke(): void }) {
  const time = (iso: string) => moment(Date.parse(iso), lang.value);
  return (
    <li class="setup-row access-row">
      <span class={x.revoked_at ? "setup-main is-over" : "setup-main"}>{x.name}</span>
      <span class="muted">{[t(`access.role_short.${x.role}` as Key), x.revoked_at ? t("access.revoked", { time: time(x.revoked_at) }) : t("access.made", { time: time(x.created_at) })].join(" · ")}</span>
      {!x.revoked_at && (
        <button class="button button-small" type="button" onClick={revoke}>
          {t("access.revoke")}
        </button>
      )}
    </li>
  );
}

function TokenForm({ done }: { done(once: Once): void }) {
  const [name, setName] = useState("");
  const make = async (role: string) => {
    const { token } = await api.addToken({ name, role });
    done({ text: t("access.token", { name }), value: token });
  };
  return (
    <RoleForm roles={ROLES} label={t("access.add_token")} make={make}>
      <Field label={t("access.token_name")} value={name} onValue={setName} required />
    </RoleForm>
  );
}
