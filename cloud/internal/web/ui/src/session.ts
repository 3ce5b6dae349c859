// Who is signed in here. The session itself is a cookie that no script reads; this asks the server
// whose it is.

import { signal } from "@preact/signals";
import { api, ApiError } from "./api";

export interface Session {
  tenant: string;
  name?: string;
  email?: string;
  role: string;
  /** "open": nobody has to prove who he is. */
  kind: "user" | "token" | "open";
}

export const session = signal<Session | null>(null);

/** Asks whose session this is; false where somebody has to sign in. */
export async function known(): Promise<boolean> {
  try {
    session.value = await api.session();
    return true;
  } catch (e) {
    // Any other failure is the views' to tell: they ask the same server.
    return !(e instanceof ApiError && e.status === 401);
  }
}

export async function signOut(): Promise<void> {
  await api.signOut();
  location.assign("/");
}
