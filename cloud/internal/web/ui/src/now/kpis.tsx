// The figures over the fleet. Each explains itself, and says on how much it is measured.

import type { ComponentChildren } from "preact";
import { api } from "../api";
import { count, money, percent } from "../format";
import { lang, t, tn, type Key } from "../i18n/text";
import type { Answer, Traffic } from "../kpi/answers";
import { sight } from "../live/rank";
import { figures, now } from "../store";
import { online, useTrends } from "./days";
import { Spark } from "./spark";
import { HOUR_MS, type Line, upTo } from "./trend";
import { useLoad } from "../ui/async";
import { useFresh } from "../ui/fresh";
import { Help } from "../ui/help";

export function Kpis() {
  const f = figures.value;
  const l = lang.value;
  const day = useTrends();
  const percents = (v: number) => percent(v, l);
  const counts = (v: number) => count(v, l);
  const blind = ["silent", "unjudged"].includes(sight(f));
  const judged = f.slots.all - f.slots.unknown;
  const away = f.coolers.degraded + f.coolers.offline + f.coolers.neverSeen;
  return (
    <section class="kpis card" aria-label={t("kpi.label")}>
      {f.losing.known > 0 && (
        <Kpi name="kpi.losing" tone="bad" value={f.losing.amounts.map((m) => money(m.minor, m.currency, l)).join(" · ")} share={f.losing.known / f.losing.all} line={upTo(day?.lost, f.losing.amounts.length === 1 ? f.losing.amounts[0]!.minor : null)} show={(v) => money(v, f.losing.amounts[0]!.currency, l)}>
          {t("kpi.losing.sub", { known: count(f.losing.known, l), all: count(f.losing.all, l) })}
        </Kpi>
      )}
      <Kpi name="kpi.alerts" tone={f.alerts.critical > 0 ? "bad" : f.alerts.open > 0 ? "warn" : blind ? undefined : "good"} value={count(f.alerts.open, l)} line={upTo(day?.alerts, f.alerts.open)} show={counts}>
        {t("kpi.alerts.sub", { critical: count(f.alerts.critical, l), acknowledged: count(f.alerts.acknowledged, l) })}
      </Kpi>
      <Kpi name="kpi.empty" tone={f.slots.empty > 0 ? "bad" : blind ? undefined : "good"} value={blind ? "–" : count(f.slots.empty, l)} share={f.slots.all ? 1 - f.slots.unknown / f.slots.all : 0} line={upTo(day?.empty, judged > 0 ? f.slots.empty / judged : null)} show={percents}>
        {blind ? t("kpi.empty.blind", { slots: count(f.slots.all, l) }) : tn("kpi.empty.sub", f.emptyIn, { slots: count(f.slots.all, l) })}
      </Kpi>
      <Kpi name="kpi.osa" value={percent(f.osa.value, l)} share={f.osa.coverage} line={upTo(day?.osa, f.osa.value)} show={percents}>
        {t("kpi.coverage", { share: percent(f.osa.coverage, l) })}
      </Kpi>
      <Kpi name="kpi.online" tone={f.coolers.online + f.coolers.degraded === 0 ? "bad" : f.coolers.offline > 0 ? "warn" : undefined} value={count(f.coolers.online, l)} of={count(f.coolers.all, l)} line={online.value} show={counts} live>
        {away === 0 ? t("kpi.online.all") : t("kpi.online.sub", { degraded: count(f.coolers.degraded, l), offline: count(f.coolers.offline + f.coolers.neverSeen, l) })}
      </Kpi>
      <Kpi name="kpi.unknown" value={percent(f.slots.all ? f.slots.unknown / f.slots.all : null, l)} line={upTo(day?.unseen, f.slots.all ? f.slots.unknown / f.slots.all : null)} show={percents}>
        {tn("kpi.unknown.sub", f.slots.unknown)}
      </Kpi>
      <Footfall />
    </section>
  );
}

/** The least time between two questions for it. */
const FOOTFALL_GAP_MS = 10_000;
const DAY_MS = 24 * HOUR_MS;

/** Who came in today; nothing where no store counts people. */
function Footfall() {
  const midnight = new Date(now.value).setHours(0, 0, 0, 0);
  const fresh = useFresh(FOOTFALL_GAP_MS);
  const loaded = useLoad((signal) => footfall(midnight, Math.max(Date.now(), midnight + 60_000), signal), [midnight, fresh]);
  const minutes = Math.floor((now.value - midnight) / 300_000);
  const yesterday = useLoad(async (signal) => (await traffic(midnight - DAY_MS, midnight - DAY_MS + Math.max(1, minutes) * 300_000, "", signal)).rows[0]?.figures, [midnight, minutes]).data;
  if (loaded.error) return <Unloaded name="kpi.footfall" retry={loaded.reload} />;
  const people = loaded.data?.today;
  if (!people || people.conversion.coverage === 0) return null;
  const l = lang.value;
  return (
    <Kpi name="kpi.footfall" value={count(people.people_in, l)} share={people.conversion.coverage} line={loaded.data?.line} show={(v) => count(v, l)}>
      {yesterday && yesterday.conversion.coverage > 0 ? t("kpi.footfall.sub", { n: count(yesterday.people_in, l) }) : t("kpis.coverage_short", { share: percent(people.conversion.coverage, lang.value) })}
    </Kpi>
  );
}

const traffic = (from: number, to: number, by: string, signal: AbortSignal) =>
  api.kpi<Answer<Traffic>>("conversion", new URLSearchParams({ from: new Date(from).toISOString(), to: new Date(to).toISOString(), ...(by && { by }) }).toString(), signal);

async function footfall(from: number, to: number, signal: AbortSignal) {
  const [total, hours] = await Promise.all([traffic(from, to, "", signal), traffic(from, to, "hour", signal)]);
  const line = hours.rows.sort((a, b) => Date.parse(a.key["hour"] ?? "") - Date.parse(b.key["hour"] ?? "")).map((r) => (r.figures.conversion.coverage > 0 ? r.figures.people_in : null));
  return { today: total.rows[0]?.figures, line };
}

/** A figure that could not be had: that it is missing must not look as if there were nothing to tell. */
function Unloaded({ name, retry }: { name: Named; retry(): void }) {
  return (
    <div class="kpi" role="alert">
      <div class="kpi-name">{t(name)}</div>
      <div class="kpi-value num">–</div>
      <div class="kpi-sub">
        {t("load.error")}{" "}
        <button class="button button-small" type="button" onClick={retry}>
          {t("load.retry")}
        </button>
      </div>
    </div>
  );
}

type Named = "kpi.losing" | "kpi.footfall" | "kpi.alerts" | "kpi.empty" | "kpi.osa" | "kpi.online" | "kpi.unknown";

interface KpiProps {
  name: Named;
  value: string;
  of?: string;
  tone?: "good" | "warn" | "bad" | undefined;
  /** Coverage from 0 to 1, drawn as a line under the figure. */
  share?: number;
  /** How it became so, and how a value of that is written. */
  line?: Line | undefined;
  show(v: number): string;
  /** The line is of this page's own time. */
  live?: boolean;
  children: ComponentChildren;
}

function Kpi({ name, value, of, tone, share, line, show, live = false, children }: KpiProps) {
  return (
    <div class={`kpi${tone ? ` kpi-${tone}` : ""}`}>
      <div class="kpi-name">
        {t(name)}
        <Help name={t(name)}>{t(`${name}.help` as Key)}</Help>
      </div>
      <div class="kpi-value num">
        {value}
        {of !== undefined && <span class="kpi-of"> / {of}</span>}
      </div>
      <div class="kpi-sub num">{children}</div>
      <Spark line={line} show={show} live={live} />
      {share !== undefined && (
        <div class="kpi-share" aria-hidden="true">
          <span style={{ width: `${share * 100}%` }} />
        </div>
      )}
    </div>
  );
}
