// How the address of a webhook is shown. Pure.

import type { Webhook } from "../types";

/** A robot's address is its key: whoever reads it over a shoulder could write to the group. Its host and last four letters tell it apart. */
export function shownUrl({ url, format }: Pick<Webhook, "url" | "format">): string {
  if (format === "email") return url.replace(/^mailto:/, "");
  if (format === "events") return url;
  try {
    return `${new URL(url).host}/…${url.slice(-4)}`;
  } catch {
    return `…${url.slice(-4)}`;
  }
}
