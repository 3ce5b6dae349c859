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

const TABS: Record<TradeTab, () => preact.JSX.Element> = { sales: SalesPage, stock: StockBook, orders: SuggestedOrders, online: OnlineOrders, promotions: Promotions };

export function TradeView({ tab }: { tab: TradeTab }) {
  const Tab = TABS[tab];
  // Tills may tell of stores that have no cooler.
  useEffect(() => void readStores(), []);
  return (
    <div class="page trade">
      <h1 class="headline">{t("nav.trade")}</h1>
      <nav class="tabs" aria-label={t("trade.sections")}>
        {TRADE_TABS.map((x) => (
          <a key={x} href={to.trade(x)} aria-current={x === tab ? "page" : undefined}>
            {t(`trade.${x}`)}
          </a>
        ))}
      </nav>
      <Tab key={tab} />
    </div>
  );
}
