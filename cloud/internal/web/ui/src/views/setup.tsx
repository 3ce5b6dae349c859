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
import { RefusedList } from "../setup/refused";
import { StoreSetup } from "../setup/stores";
import { Webhooks } from "../setup/webhooks";

export function SetupView({ tab, id }: { tab: SetupTab; id: string | undefined }) {
  return (
    <div class="page setup">
      <h1 class="headline">{t("nav.setup")}</h1>
      <nav class="tabs" aria-label={t("setup.sections")}>
        {SETUP_TABS.map((x) => (
          <a key={x} href={to.setup(x)} aria-current={x === tab ? "page" : undefined}>
            {t(`setup.${x}`)}
          </a>
        ))}
      </nav>
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
