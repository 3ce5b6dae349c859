// How right the forecast was over the last cycle, beside ways to forecast that anybody could do by hand.

import { count, minute, percent } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { Pending, useLoad } from "../ui/async";
import { useFiguresFresh } from "../ui/fresh";
import { Th } from "./parts";
import { type Method, type Score, tradeApi } from "./trade";

export function ForecastCard() {
  const loaded = useLoad((signal) => tradeApi.model(signal), [], useFiguresFresh());
  const l = lang.value;
  const m = loaded.data?.model;
  const shelf = m?.forecast ?? [];
  const ours = shelf.find((s) => s.method === "demand_rate");
  const naive = shelf.find((s) => s.method === "naive_seasonal");
  return (
    <details class="card folded forecast-card" open={!loaded.data && loaded.error !== undefined}>
      <summary>
        <h2>{t("forecast.title")}</h2>
        {ours && naive && <span class="muted num">{t("forecast.short", { ours: units(ours.mae), naive: units(naive.mae) })}</span>}
      </summary>
      {!loaded.data ? (
        <Pending of={loaded} rows={3} />
      ) : shelf.length === 0 && !m?.online?.length ? (
        <p class="note">{t("forecast.none")}</p>
      ) : (
        <>
          <p class="note">{t("forecast.help", { time: minute(Date.parse(m!.fitted_at), l) })}</p>
          <Scores title="forecast.shelf" of={shelf} />
          <Scores title="forecast.online" of={m!.online ?? []} />
        </>
      )}
    </details>
  );
}

function Scores({ title, of }: { title: Key; of: readonly Score[] }) {
  const l = lang.value;
  if (of.length === 0) return null;
  const best = Math.min(...of.map((s) => s.pinball));
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={t(title)}>
      <table class="kpi-table forecast-table">
        <thead>
          <tr>
            <th scope="col">{t(title)}</th>
            <Th name="forecast.mae" end help />
            <Th name="forecast.pinball" end help />
            <Th name="forecast.covered" end help />
            <Th name="forecast.cases" end help />
          </tr>
        </thead>
        <tbody>
          {of.map((s) => (
            <tr key={s.method}>
              <th scope="row">
                {t(`forecast.method.${s.method}`)}
                {OURS.includes(s.method) && <small class="muted">{t("forecast.ours")}</small>}
              </th>
              <td class="end num">± {units(s.mae)}</td>
              <td class="end num">{s.pinball === best ? <b>{s.pinball.toFixed(2)}</b> : s.pinball.toFixed(2)}</td>
              <td class="end num">{percent(s.covered, l)}</td>
              <td class="end num">{count(s.cases, l)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const OURS: readonly Method[] = ["demand_rate", "average_of_picks"];

const units = (v: number) => v.toFixed(1);
