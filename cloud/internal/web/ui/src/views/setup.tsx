// What people say of coolers, stores and planograms, and what the service could not take.

import { t } from "../i18n/text";
import { Access } from "../access/access";
import { RulesEditor } from "../rules/editor";
import { People } from "../rules/people";
import { SETUP_TABS, type SetupTab } from "../routes";
import { to } from "../router";
import { Boards } from "../setup/boards";
import { CoolerSetup } from "../setup/coolers";
import { PlanEditor } from "../setup/editor";
import { PlanogramList } from "../setup/planograms";
import { Products } from "../setup/products";
import { RefusedList } from "../setup/refused";
import { StoreSetup } from "../setup/stores";
import { Webhooks } from "../setup/webhooks";
import { Tabs } from "../ui/tabs";

export function SetupView({ tab, id }: { tab: SetupTab; id: string | undefined }) {
  return (
    <div class="page setup">
      <h1 class="headline">{t("nav.setup")}</h1>
      <Tabs label={t("setup.sections")} of={SETUP_TABS} now={tab} href={to.setup} name={(x) => t(`setup.${x}`)} />
      <Tab tab={tab} id={id} />
    </div>
  );
}

function Tab({ tab, id }: { tab: SetupTab; id: string | undefined }) {
  switch (tab) {
    case "coolers":
      return <CoolerSetup />;
    case "boards":
      return <Boards />;
    case "stores":
      return <StoreSetup />;
    case "planograms":
      return id === undefined ? <PlanogramList /> : <PlanEditor key={id} id={id} />;
    case "products":
      return <Products />;
    case "rules":
      return <RulesEditor />;
    case "people":
      return <People />;
    case "integrations":
      return <Webhooks />;
    case "access":
      return <Access />;
    case "refused":
      return <RefusedList />;
  }
}
