// Where are we losing sales, and why: the figures, the alerts that wait, the coolers in trouble.

import { useSignal } from "@preact/signals";
import { AlertPanel } from "../now/alertpanel";
import { CoolerTable } from "../now/coolertable";
import { Kpis } from "../now/kpis";
import { StoreMap } from "../now/map";
import { Recent } from "../now/recent";
import { count, money, percent } from "../format";
import { lang, t, tn, type Key } from "../i18n/text";
import { sight } from "../live/rank";
import { mayUpdate } from "../me";
import { to } from "../router";
import { figures, link, ready } from "../store";
import { Blank, Skeleton } from "../ui/async";
import { Camera } from "../ui/icons";
import { Unheard } from "../ui/unheard";

export function NowView() {
  const find = useSignal("");
  if (!ready.value) {
    if (link.value.kind !== "connecting") {
      return (
        <div class="page">
          <h1 class="headline">{t("nav.now")}</h1>
          <section class="card">
            <Unheard />
          </section>
        </div>
      );
    }
    return (
      <div class="page">
        <h1 class="headline">{t("now.headline.loading")}</h1>
        <Skeleton rows={1} height={96} />
        <div class="now-grid">
          <Skeleton rows={5} height={56} />
          <Skeleton rows={7} height={48} />
        </div>
      </div>
    );
  }
  if (figures.value.coolers.all === 0) {
    return (
      <div class="page">
        <h1 class="headline">{t("now.headline.none")}</h1>
        <section class="card first">
          <Blank icon={<Camera />} title={t("now.none.title")}>
            {t("now.none.text")}
          </Blank>
          {mayUpdate() && <FirstSteps />}
          <p class="first-try">
            {t("now.none.try")} <code class="command">cooler-cloud simulate</code>
          </p>
        </section>
      </div>
    );
  }
  const few = figures.value.coolers.all <= FEW;
  return (
    <div class="page">
      <h1 class="headline">{headline()}</h1>
      <Kpis />
      <div class="now-grid">
        <div class="stack">
          <AlertPanel />
          {!few && <StoreMap find={find} />}
          <Recent />
        </div>
        {few ? (
          <div class="stack">
            <CoolerTable find={find} />
            <StoreMap find={find} />
          </div>
        ) : (
          <CoolerTable find={find} />
        )}
      </div>
    </div>
  );
}

/** So many coolers leave room for the map below them. */
const FEW = 8;

/** The way to the first cooler, in the order in which it is gone. */
function FirstSteps() {
  return (
    <ol class="first-steps">
      {FIRST.map(([step, href]) => (
        <li key={step}>
          <a href={href}>{t(`first.${step}` as Key)}</a>
          <span>{t(`first.${step}_text` as Key)}</span>
        </li>
      ))}
    </ol>
  );
}

const FIRST = [
  ["store", to.setup("stores")],
  ["cooler", to.setup("coolers")],
  ["board", to.setup("boards")],
  ["planogram", to.setup("planograms")],
] as const;

/** The page's answer in one sentence. */
function headline(): string {
  const f = figures.value;
  const seen = sight(f);
  if (seen === "silent") return tn("now.headline.silent", f.coolers.all, { all: count(f.coolers.all, lang.value) });
  const losing = f.losing.known > 0 ? t("now.headline.losing", { amount: f.losing.amounts.map((m) => money(m.minor, m.currency, lang.value)).join(" + ") }) : "";
  if (f.emptyIn > 0) return tn("now.headline.empty", f.emptyIn) + losing;
  if (f.alerts.open > 0) return tn("now.headline.alerts", f.alerts.open);
  if (seen === "unjudged") return t("now.headline.unjudged");
  const share = f.slots.all ? 1 - f.slots.unknown / f.slots.all : 0;
  return t("now.headline.calm") + (seen === "part" && share < 0.995 ? t("now.headline.part", { share: percent(share, lang.value) }) : "");
}
