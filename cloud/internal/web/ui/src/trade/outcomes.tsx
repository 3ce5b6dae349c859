// How suggested orders did, over the quarter, by what became of them.

import { count, percent } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { useLoad } from "../ui/async";
import { Exports } from "../ui/exports";
import { useTradeFresh } from "../ui/fresh";
import { Th } from "./parts";
import { type Outcomes, tradeApi } from "./trade";

/** Nothing stands here until a cycle has ended that was watched. */
export function OutcomeTable({ store }: { store: string }) {
  const loaded = useLoad((signal) => tradeApi.outcomes(store || undefined, signal), [store], useTradeFresh());
  const list = loaded.data?.outcomes ?? [];
  if (list.length === 0) return null;
  const file = (format: string) => `/v1/suggestions/outcomes?${new URLSearchParams({ ...(store ? { stores: store } : {}), format })}`;
  return (
    <section class="card kpi-rows" aria-labelledby="outcomes">
      <header class="card-head">
        <h2 id="outcomes">{t("outcome.title")}</h2>
        <Exports address={file} />
      </header>
      <div class="scroll-x" tabIndex={0} role="region" aria-label={t("outcome.title")}>
        <table class="kpi-table outcomes-table">
          <thead>
            <tr>
              <Th name="outcome.became" help />
              <Th name="outcome.count" end />
              <Th name="outcome.in_range" end help />
              <Th name="outcome.error" end help />
              <Th name="outcome.sold" end />
              <Th name="outcome.lost" end help />
              <Th name="outcome.watched" end help />
            </tr>
          </thead>
          <tbody>
            {list.map((o) => (
              <Row key={became(o)} o={o} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

const became = (o: Outcomes): Key => (o.status === "sent" ? (o.followed ? "outcome.followed" : "outcome.changed") : `order.status.${o.status}`);

function Row({ o }: { o: Outcomes }) {
  const l = lang.value;
  const signed = `${o.error > 0 ? "+" : o.error < 0 ? "−" : ""}${Math.abs(o.error).toFixed(1)}`;
  return (
    <tr>
      <th scope="row">{t(became(o))}</th>
      <td class="end num">{count(o.count, l)}</td>
      <td class="end num">{percent(o.in_range, l)}</td>
      <td class="end num">
        {signed}
        <small class="muted">± {o.abs_error.toFixed(1)}</small>
      </td>
      <td class="end num">{count(o.sold, l)}</td>
      <td class="end num">
        {count(Math.round(o.lost_units), l)}
        <small class="muted">{count(Math.round(o.out_hours), l)} h</small>
      </td>
      <td class="end num">{percent(o.watched, l)}</td>
    </tr>
  );
}
