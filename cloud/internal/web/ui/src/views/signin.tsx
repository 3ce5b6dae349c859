// The way in: by address and password, or by a link that is good once. Two links lead here with their
// code behind the #, where it is sent to nobody: #setup= for the first admin, #password= for whoever
// is to choose a password.

import { useEffect, useState } from "preact/hooks";
import { api } from "../api";
import { t, type Key } from "../i18n/text";
import { useSave } from "../setup/save";
import { Mark } from "../ui/icons";
import { LangSwitch, ThemeSwitch } from "../ui/switches";

type Way = { kind: "signin" } | { kind: "setup" | "password"; code: string };

const WORDS: Record<Way["kind"], { title: Key; text?: Key; submit: Key }> = {
  signin: { title: "signin.signin.title", submit: "signin.signin.do" },
  setup: { title: "signin.setup.title", text: "signin.setup.text", submit: "signin.setup.do" },
  password: { title: "signin.password.title", text: "signin.password.text", submit: "signin.password.do" },
};

/** Reads the code and takes it out of the address, so that it stays in no history. */
function way(): Way {
  const [kind, code] = location.pathname === "/welcome" ? location.hash.slice(1).split("=") : [];
  if (!code || (kind !== "setup" && kind !== "password")) return { kind: "signin" };
  history.replaceState(null, "", "/welcome");
  return { kind, code };
}

export function SignInView() {
  const [by] = useState(way);
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [saving, save] = useSave();
  const words = WORDS[by.kind];
  const title = t(words.title);
  useEffect(() => {
    document.title = `${title} · ${t("app.name")}`;
  }, [title]);
  const submit = async (e: Event) => {
    e.preventDefault();
    const ok = await save(() => {
      if (by.kind === "setup") return api.setup({ code: by.code, name, email, password });
      if (by.kind === "password") return api.choosePassword({ code: by.code, password });
      return api.signIn({ email, password });
    });
    if (!ok) return;
    // Everything starts anew with the session's cookie.
    if (location.pathname === "/welcome") location.assign("/");
    else location.reload();
  };
  return (
    <main class="signin" id="main">
      <form class="card signin-card" onSubmit={submit}>
        <div class="brand">
          <Mark />
          <span>{t("app.name")}</span>
        </div>
        <h1 class="signin-title">{title}</h1>
        {words.text && <p class="muted">{t(words.text)}</p>}
        {by.kind === "setup" && <Box label={t("signin.name")} name="name" complete="name" value={name} onValue={setName} first />}
        {by.kind !== "password" && <Box label={t("signin.email")} name="email" type="email" complete="username" value={email} onValue={setEmail} first={by.kind === "signin"} />}
        <Box
          label={t("signin.password")}
          name="password"
          type="password"
          complete={by.kind === "signin" ? "current-password" : "new-password"}
          value={password}
          onValue={setPassword}
          first={by.kind === "password"}
          {...(by.kind === "signin" ? {} : { min: 10, hint: t("signin.password_hint") })}
        />
        <div role="alert" class={saving.kind === "failed" ? "save-error" : ""}>
          {saving.kind === "failed" && saving.error}
        </div>
        <button class="button button-primary" type="submit" disabled={saving.kind === "busy"}>
          {t(words.submit)}
        </button>
        <p class="muted">{by.kind === "signin" ? t("signin.forgot") : <a href="/">{t("signin.already")}</a>}</p>
      </form>
      <div class="signin-foot">
        <LangSwitch />
        <ThemeSwitch />
      </div>
    </main>
  );
}

interface BoxProps {
  label: string;
  name: string;
  value: string;
  onValue(value: string): void;
  complete: string;
  type?: "text" | "email" | "password";
  first?: boolean;
  min?: number;
  hint?: string;
}

function Box({ label, name, value, onValue, complete, type = "text", first = false, min, hint }: BoxProps) {
  const kind: object = { type }; // Preact types an input by the literal that its type is
  return (
    <label class="field">
      <span>{label}</span>
      <input class="input" name={name} {...kind} value={value} autocomplete={complete} autoFocus={first} minLength={min} required onInput={(e) => onValue(e.currentTarget.value)} />
      {hint && <small>{hint}</small>}
    </label>
  );
}
