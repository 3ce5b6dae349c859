// Who sits before this page: the name of whoever signed in, or the one that was typed.

import { computed, signal } from "@preact/signals";
import { session } from "./session";
import { recall, remember } from "./storage";

const typed = signal(recall("me") ?? "");
/** The name of whoever signed in; "" where nobody has to. */
export const signedIn = computed(() => (session.value?.kind === "user" ? (session.value.name ?? "") : ""));

/** The name that goes beside what is said; "" where it is not known. */
export const me = computed(() => signedIn.value || typed.value);

export function callMe(name: string): void {
  typed.value = name.trim();
  remember("me", typed.value);
}

/** Whether whoever looks also says who may: users and tokens. */
export const mayAdmit = () => (session.value?.role ?? "admin") === "admin";

/** Whether whoever looks may also change what boards are sent and taught; where nobody signs in, everybody may. */
export const mayUpdate = () => ["admin", "manager"].includes(session.value?.role ?? "admin");
