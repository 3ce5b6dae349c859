// The two switches that every page has: language and appearance.

import type { ComponentChildren } from "preact";
import { chooseLang, lang, t, type Key } from "../i18n/text";
import { choice, chooseTheme, type Choice } from "../theme";
import { HalfMoon, Moon, Sun } from "./icons";

export function LangSwitch() {
  return (
    <div class="switch" role="group" aria-label={t("lang.label")}>
      <button type="button" lang="en" aria-pressed={lang.value === "en"} onClick={() => chooseLang("en")}>
        EN
      </button>
      <button type="button" lang="zh-Hans" aria-pressed={lang.value === "zh"} onClick={() => chooseLang("zh")}>
        中文
      </button>
    </div>
  );
}

const THEMES: { choice: Choice; name: Key; icon: () => ComponentChildren }[] = [
  { choice: "light", name: "theme.light", icon: Sun },
  { choice: "system", name: "theme.system", icon: HalfMoon },
  { choice: "dark", name: "theme.dark", icon: Moon },
];

export function ThemeSwitch() {
  return (
    <div class="switch switch-theme" role="group" aria-label={t("theme.label")}>
      {THEMES.map((o) => (
        <button key={o.choice} type="button" aria-pressed={choice.value === o.choice} aria-label={t(o.name)} title={t(o.name)} onClick={() => chooseTheme(o.choice)}>
          {o.icon()}
        </button>
      ))}
    </div>
  );
}
