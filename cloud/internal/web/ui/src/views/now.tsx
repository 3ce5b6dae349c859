// Where are we losing sales, and why: the figures, the alerts that wait, the coolers in trouble.

import { useSignal } from "@preact/signals";
import { AlertPanel } from "../now/alertpanel";
import { CoolerTable } from "../now/coolertable";
import { Kpis } from "../now/kpis";
import { StoreMap } from "../now/map";
import { Recent } from "../now/recent";
import { t, tn } from "../i18n/text";
import { figures, ready } from "../store";
import { Blank, Skeleton } from "../ui/async";
import { Camera } from "../ui/icons";

export function NowView() {
  const find = useSignal("");
  if (!ready.value) {
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
        <section class="card">
          <Blank icon={<Camera />} title={t("now.none.title")} action={<code class="command">cooler-cloud simulate</code>}>
            {t("now.none.text")}
          </Blank>
        </section>
      </div>
    );
  }
  return (
    <div class="page">
      <h1 class="headline">{headline()}</h1>
      <Kpis />
      <div class="now-grid">
        <div class="stack">
          <AlertPanel />
          <StoreMap find={find} />
          <Recent />
        </div>
        <CoolerTable find={find} />
      </div>
    </div>
  );
}

/** The page's answer in one sentence. */
function headline(): string {
  const f = figures.value;
  if (f.emptyIn > 0) return tn("now.headline.empty", f.emptyIn);
  if (f.alerts.open > 0) return tn("now.headline.alerts", f.alerts.open);
  return t("now.headline.calm");
}
