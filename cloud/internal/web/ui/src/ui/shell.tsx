// What stands around every view: the bar with the mark, the views, the state of the stream and the
// two switches; and the banner that says when the page is not live.

import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { ago, clock } from "../format";
import { lang, t, type Key, refusal } from "../i18n/text";
import { route, to, type Route } from "../router";
import { figures, heard, link, now, ready, retryNow, stale } from "../store";
import { session, signOut } from "../session";
import { Bars, Bell, Mark, Pulse, Shop, Sliders, Unplugged } from "./icons";
import { LangSwitch, ThemeSwitch } from "./switches";

interface NavItem {
  view: Route["view"];
  href: string;
  name: Key;
  icon: () => ComponentChildren;
}

const NAV: NavItem[] = [
  { view: "now", href: to.now(), name: "nav.now", icon: Pulse },
  { view: "alerts", href: to.alerts(), name: "nav.alerts", icon: Bell },
  { view: "kpis", href: to.kpis(), name: "nav.kpis", icon: Bars },
  { view: "trade", href: to.trade("sales"), name: "nav.trade", icon: Shop },
  { view: "setup", href: to.setup("coolers"), name: "nav.setup", icon: Sliders },
];

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip" href="#main">
        {t("app.skip")}
      </a>
      <header class="topbar">
        <a class="brand" href={to.now()}>
          <Mark />
          <span class="brand-name">{t("app.name")}</span>
        </a>
        <Nav />
        <div class="topbar-end">
          <LinkPill />
          <SignedIn />
          <LangSwitch />
          <ThemeSwitch />
        </div>
      </header>
      <Banner />
      <main id="main" class={stale.value ? "is-stale" : ""} tabIndex={-1}>
        {children}
      </main>
    </>
  );
}

function Nav() {
  const open = figures.value.alerts.open;
  return (
    <nav class="nav" aria-label={t("nav.label")}>
      {NAV.map((n) => (
        <a key={n.view} href={n.href} aria-current={route.value.view === n.view ? "page" : undefined}>
          {n.icon()}
          <span>{t(n.name)}</span>
          {n.view === "alerts" && open > 0 && <span class="badge num">{open > 999 ? "999+" : open}</span>}
        </a>
      ))}
    </nav>
  );
}

function SignedIn() {
  const who = session.value;
  if (who?.kind !== "user") return null;
  return (
    <div class="signed-in">
      <span title={`${who.email} · ${who.role}`}>{who.name}</span>
      <button class="button button-small" type="button" onClick={() => void signOut()}>
        {t("signin.out")}
      </button>
    </div>
  );
}

function LinkPill() {
  const kind = link.value.kind;
  return (
    <span class={`link link-${kind}`} role="status" title={heard.value ? clock(heard.value, now.value, lang.value, true) : undefined}>
      <span class="link-dot" aria-hidden="true" />
      <span class="link-word">{t(`link.${kind}`)}</span>
    </span>
  );
}

function Banner() {
  const seconds = useSignal(0);
  useSignalEffect(() => {
    const l = link.value;
    if (l.kind !== "reconnecting") return;
    const count = () => (seconds.value = Math.max(0, Math.ceil((l.retryAt - Date.now()) / 1000)));
    count();
    const id = setInterval(count, 250);
    return () => clearInterval(id);
  });
  const l = link.value;
  if (l.kind === "refused") {
    return (
      <div class="banner banner-bad" role="alert">
        <Unplugged />
        <span>
          {[t("link.refused_long", { error: refusal(l).error }), refusal(l).hint].filter(Boolean).join(" · ")}
        </span>
      </div>
    );
  }
  if (l.kind !== "reconnecting") return null;
  return (
    <div class="banner">
      <span class="visually-hidden" role="alert">
        {t("link.reconnecting")}
      </span>
      <Unplugged />
      <span>{ready.value ? t("link.stale", { time: clock(heard.value, now.value, lang.value, true), ago: ago(heard.value, now.value, lang.value) }) : t("link.reconnecting")}</span>
      <span class="banner-next num" aria-hidden="true">
        {seconds.value > 0 ? t("link.stale_retry", { s: seconds.value }) : t("link.stale_trying")}
      </span>
      <button class="button button-small" type="button" onClick={retryNow}>
        {t("link.retry")}
      </button>
    </div>
  );
}
