// What a view's table leaves by: a file of it as CSV or for a spreadsheet, and paper.

import { t } from "../i18n/text";
import { Download, Printer } from "./icons";

// Exports are links to the table in each format, and a button that prints the page.
export function Exports({ address }: { address: (format: "csv" | "xlsx") => string }) {
  return (
    <span class="push kpi-exports">
      {(["csv", "xlsx"] as const).map((f) => (
        <a key={f} class="button button-small" href={address(f)} download>
          <Download />
          {t(`kpis.${f}`)}
        </a>
      ))}
      <button class="button button-small" type="button" onClick={() => print()}>
        <Printer />
        {t("kpis.print")}
      </button>
    </span>
  );
}
