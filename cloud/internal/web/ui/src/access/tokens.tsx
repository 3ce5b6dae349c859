// Tokens of programs.

import { useState } from "preact/hooks";
import { api } from "../api";
import { moment } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { Field, SaveButton, SaveError, Select } from "../setup/parts";
import { useSave } from "../setup/save";
import { Failed, Skeleton, useLoad } from "../ui/async";
import { Plus } from "../ui/icons";
import { Secret } from "./secret";

const ROLES = ["viewer", "integration", "manager", "admin"] as const;

export function Tokens() {
  const loaded = useLoad((signal) => api.tokens(signal), []);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<{ name: string; token: string } | null>(null);
  const [saving, save] = useSave();
  if (!loaded.data) return <section class="card">{loaded.error ? <Failed error={loaded.error} retry={loaded.reload} /> : <Skeleton rows={2} height={50} />}</section>;
  const list = (loaded.data.tokens ?? []).filter((x) => !x.device);
  const revoke = async (id: number) => {
    if (await save(() => api.revokeToken(id))) loaded.reload();
  };
  const time = (iso: string) => moment(Date.parse(iso), lang.value);
  return (
    <section class="card" aria-labelledby="tokens">
      <header class="card-head">
        <h2 id="tokens">{t("access.tokens")}</h2>
        <span class="count num">{list.length}</span>
        <button class="button button-small push" type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
          <Plus />
          {t("access.add_token")}
        </button>
      </header>
      {adding && (
        <TokenForm
          done={(name, token) => {
            setAdding(false);
            setMade({ name, token });
            loaded.reload();
          }}
        />
      )}
      {made && <Secret text={t("access.token", { name: made.name })} value={made.token} />}
      <SaveError saving={saving} />
      {list.length === 0 && !adding && <p class="note">{t("access.no_tokens")}</p>}
      <ul class="setup-list">
        {list.map((x) => (
          <li key={x.id} class="setup-row access-row">
            <span class="setup-main">{x.name}</span>
            <span class={x.revoked_at ? "tag-offline" : "muted"}>{[t(`access.role_short.${x.role}` as Key), x.revoked_at ? t("access.revoked", { time: time(x.revoked_at) }) : t("access.made", { time: time(x.created_at) })].join(" · ")}</span>
            {!x.revoked_at && (
              <button class="button button-small" type="button" onClick={() => void revoke(x.id)}>
                {t("access.revoke")}
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

function TokenForm({ done }: { done(name: string, token: string): void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<string>("viewer");
  const [saving, save] = useSave();
  const submit = async (e: Event) => {
    e.preventDefault();
    await save(async () => {
      const { token } = await api.addToken({ name, role });
      done(name, token);
    });
  };
  return (
    <form class="form" onSubmit={submit}>
      <Field label={t("access.token_name")} value={name} onValue={setName} required />
      <Select label={t("access.role")} value={role} onValue={setRole}>
        {ROLES.map((r) => (
          <option key={r} value={r}>
            {t(`access.role.${r}` as Key)}
          </option>
        ))}
      </Select>
      <div class="form-foot">
        <SaveButton saving={saving} label={t("access.add_token")} />
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
