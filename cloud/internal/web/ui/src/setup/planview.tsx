// A planogram for who only looks: its shelves as they are published.

import { t, tn } from "../i18n/text";
import type { Planogram } from "../types";
import { productName, shortName } from "../ui/alert";
import { width } from "./plan";

export function PlanView({ planogram: p, missing }: { planogram: Planogram; missing: boolean }) {
  const inner = width(p);
  return (
    <section class="card" aria-labelledby="planview">
      <header class="card-head">
        <h2 id="planview">{p.name || p.id}</h2>
        {!missing && <span class="muted num">{t("cooler.planogram_version", { n: p.version })}</span>}
      </header>
      {missing ? (
        <p class="note">{t("plan.nothing")}</p>
      ) : (
        <div class="plan">
          {p.shelves.map((shelf, i) => (
            <div key={i} class="plan-shelf" role="list" aria-label={t("cooler.shelf", { n: i + 1 })}>
              {shelf.slots.map((s) => {
                const product = p.products?.find((x) => x.gtin === s.gtin);
                const words = `${s.id}: ${productName(product, s.gtin)}, ${tn("stock.facings", s.facings)}`;
                return (
                  <div key={s.id} role="listitem" class="plan-slot plan-ok" style={{ left: `${(100 * s.x_mm) / inner}%`, width: `${(100 * s.width_mm) / inner}%` }} title={words} aria-label={words}>
                    <span class="plan-name">{shortName(product, s.gtin) || "?"}</span>
                    <span class="plan-packs" aria-hidden="true">
                      {Array.from({ length: Math.min(s.facings, 12) }, (_, k) => (
                        <span key={k} class="pack" />
                      ))}
                    </span>
                  </div>
                );
              })}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}
