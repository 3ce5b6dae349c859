import { useSignalEffect } from "@preact/signals";
import { t, type Key } from "./i18n/text";
import { route, type Route } from "./router";
import { figures } from "./store";
import { Announcer } from "./ui/announcer";
import { NotFound } from "./ui/async";
import { Shell } from "./ui/shell";
import { AlertsView } from "./views/alerts";
import { lazy } from "./ui/lazy";
import { NowView } from "./views/now";

const CoolerView = lazy(() => import("./views/cooler").then((m) => m.CoolerView));
const KpisView = lazy(() => import("./views/kpis").then((m) => m.KpisView));
const TradeView = lazy(() => import("./views/trade").then((m) => m.TradeView));
const SetupView = lazy(() => import("./views/setup").then((m) => m.SetupView));

/** The frame around every view, and the view that the address names. */
export function App() {
  useSignalEffect(() => {
    const open = figures.value.alerts.open;
    document.title = `${open > 0 ? `(${open}) ` : ""}${title(route.value)} · ${t("app.name")}`;
  });
  return (
    <Shell>
      <View route={route.value} />
      <Announcer />
    </Shell>
  );
}

function View({ route }: { route: Route }) {
  switch (route.view) {
    case "now":
      return <NowView />;
    case "alerts":
      return <AlertsView id={route.id} />;
    case "cooler":
      return <CoolerView key={route.device} device={route.device} />;
    case "kpis":
      return <KpisView />;
    case "trade":
      return <TradeView tab={route.tab} />;
    case "setup":
      return <SetupView tab={route.tab} id={route.id} />;
    default:
      return <NotFound text={t("load.notfound")} />;
  }
}

const TITLES: Partial<Record<Route["view"], Key>> = { now: "nav.now", alerts: "nav.alerts", kpis: "nav.kpis", trade: "nav.trade", setup: "nav.setup" };

function title(r: Route): string {
  if (r.view === "cooler") return r.device;
  const key = TITLES[r.view];
  return key ? t(key) : t("load.notfound");
}
