// The page's language and its words. A person's choice is kept; without one the browser decides.

import { computed, signal } from "@preact/signals";
import type { Lang } from "../format";
import { recall, remember } from "../storage";
import { en, type Key } from "./en";
import { inLanguage } from "./parts/faults";
import { zh } from "./zh";

export type { Key } from "./en";

const dictionaries: Record<Lang, Record<Key, string>> = { en, zh };

/** The first language of the list that the page speaks. */
export function preferred(languages: readonly string[]): Lang {
  for (const l of languages) {
    if (/^zh\b/i.test(l)) return "zh";
    if (/^en\b/i.test(l)) return "en";
  }
  return "en";
}

const kept = recall("lang");
export const lang = signal<Lang>(kept === "en" || kept === "zh" ? kept : preferred(navigator.languages ?? []));

export function chooseLang(l: Lang): void {
  lang.value = l;
  remember("lang", l);
}

/** As the html element wants it, so that fonts and screen readers follow. */
export const langTag = computed(() => (lang.value === "zh" ? "zh-Hans" : "en"));

/** What the service says is wrong, in the page's language where its code is known. */
export function refusal(f: { code?: string | undefined; error?: string | undefined; hint?: string | undefined }): { error: string; hint: string } {
  return inLanguage(lang.value, f.code ?? "", f.error ?? "", f.hint ?? "");
}

export type Params = Record<string, string | number>;

/** Fills "{name}" from params; a name that is not given stays, so that a fault is seen. */
export function fill(template: string, params: Params): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}

/** A word or sentence in the page's language. Reads the language signal: who calls it follows it. */
export function t(key: Key, params: Params = {}): string {
  return fill(dictionaries[lang.value][key], params);
}

type Counted<K> = K extends `${infer Base}.other` ? Base : never;

/** The form for a number, which it fills in as {n}. */
export function tn(base: Counted<Key>, n: number, params: Params = {}): string {
  return t(`${base}.${n === 1 ? "one" : "other"}` as Key, { n, ...params });
}

/** A word for a value that a newer server may have and this page does not know: then the value itself. */
export function word(group: "type" | "resolution" | "shelf" | "verdict" | "cause" | "reason" | "severity" | "state" | "status" | "door" | "alertstate", value: string): string {
  const text = (dictionaries[lang.value] as Record<string, string>)[`${group}.${value}`];
  return text ?? value.replaceAll("_", " ");
}
