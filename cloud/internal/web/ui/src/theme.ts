// Light or dark: as the system has it, or as the person chose.

import { computed, effect, signal } from "@preact/signals";
import { recall, remember } from "./storage";

export type Choice = "system" | "light" | "dark";

const system = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(system.matches);
system.addEventListener("change", (e) => (systemDark.value = e.matches));

const kept = recall("theme");
export const choice = signal<Choice>(kept === "light" || kept === "dark" ? kept : "system");
export const theme = computed(() => (choice.value === "system" ? (systemDark.value ? "dark" : "light") : choice.value));

export function chooseTheme(c: Choice): void {
  choice.value = c;
  remember("theme", c);
}

/** Keeps the document in step; charts and styles read it from there. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
