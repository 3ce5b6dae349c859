// What was sold, what should be there, what to order, who serves web orders, and what promotions bring.

import { useEffect } from "preact/hooks";
import { t } from "../i18n/text";
import { to, TRADE_TABS, type TradeTab } from "../routes";
import { readStores } from "../store";
import "../styles/kpi.css";
import "../styles/trade.css";
import { OnlineOrders } from "../trade/online";
import { SuggestedOrders } from "../trade/orders";
import { Promotions } from "../trade/promotions";
import { SalesPage } from "../trade/sales";
import { StockBook } from "../trade/stock";
import { Tabs } from "../ui/tabs";

const TABS: Record<TradeTab, () => preact.JSX.Element> = { sales: SalesPage, stock: StockBook, orders: SuggestedOrders, online: OnlineOrders, promotions: Promotions };

export function TradeView({ tab }: { tab: TradeTab }) {
  const Tab = TABS[tab];
  // Tills may tell of stores that have no cooler.
  useEffect(() => void readStores(), []);
  return (
    <div class="page trade">
      <h1 class="headline">{t("nav.trade")}</h1>
      <Tabs label={t("trade.sections")} of={TRADE_TABS} now={tab} href={to.trade} name={(x) => t(`trade.${x}`)} />
      <Tab key={tab} />
    </div>
  );
}
