// What people say of coolers, stores and planograms, and what the service could not take.

import { t } from "../i18n/text";
import { Access } from "../access/access";
import { mayAdmit, mayUpdate } from "../me";
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
import { Blank } from "../ui/async";
import { Tabs } from "../ui/tabs";

export function SetupView({ tab, id }: { tab: SetupTab; id: string | undefined }) {
  return (
    <div class="page setup">
      <h1 class="headline">{t("nav.setup")}</h1>
      <Tabs label={t("setup.sections")} of={SETUP_TABS.filter((x) => x === tab || mayOpen(x))} now={tab} href={to.setup} name={(x) => t(`setup.${x}`)} />
      {!mayOpen(tab) ? (
        <section class="card">
          <Blank title={t("load.forbidden")}>{t(tab === "access" ? "access.admins_only" : "looker.closed")}</Blank>
        </section>
      ) : (
        <>
          {!mayUpdate() && FORMS.includes(tab) && <p class="note">{t("looker.setup")}</p>}
          <Tab tab={tab} id={id} />
        </>
      )}
    </div>
  );
}

/** Tabs that are all forms: who only looks is told so, and shown what they hold. */
const FORMS: readonly SetupTab[] = ["coolers", "stores", "planograms"];

/** Tabs that hold addresses of people or secrets: the service shows them to who may change them. */
const CLOSED: readonly SetupTab[] = ["rules", "people", "integrations"];

const mayOpen = (tab: SetupTab) => (tab === "access" ? mayAdmit() : mayUpdate() || !CLOSED.includes(tab));

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
