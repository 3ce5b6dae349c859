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
import type { Line } from "./trend";
import { useLoad } from "../ui/async";
import { Help } from "../ui/help";

export function Kpis() {
  const f = figures.value;
  const l = lang.value;
  const day = useTrends();
  const percents = (v: number) => percent(v, l);
  const counts = (v: number) => count(v, l);
  const blind = ["silent", "unjudged"].includes(sight(f));
  const away = f.coolers.degraded + f.coolers.offline + f.coolers.neverSeen;
  return (
    <section class="kpis card" aria-label={t("kpi.label")}>
      {f.losing.known > 0 && (
        <Kpi name="kpi.losing" tone="bad" value={f.losing.amounts.map((m) => money(m.minor, m.currency, l)).join(" · ")} share={f.losing.known / f.losing.all} line={day?.lost} show={(v) => money(v, f.losing.amounts[0]!.currency, l)}>
          {t("kpi.losing.sub", { known: count(f.losing.known, l), all: count(f.losing.all, l) })}
        </Kpi>
      )}
      <Kpi name="kpi.alerts" tone={f.alerts.critical > 0 ? "bad" : f.alerts.open > 0 ? "warn" : blind ? undefined : "good"} value={count(f.alerts.open, l)} line={day?.alerts} show={counts}>
        {t("kpi.alerts.sub", { critical: count(f.alerts.critical, l), acknowledged: count(f.alerts.acknowledged, l) })}
      </Kpi>
      <Kpi name="kpi.empty" tone={f.slots.empty > 0 ? "bad" : blind ? undefined : "good"} value={blind ? "–" : count(f.slots.empty, l)} share={f.slots.all ? 1 - f.slots.unknown / f.slots.all : 0} line={day?.empty} show={percents}>
        {blind ? t("kpi.empty.blind", { slots: count(f.slots.all, l) }) : tn("kpi.empty.sub", f.emptyIn, { slots: count(f.slots.all, l) })}
      </Kpi>
      <Kpi name="kpi.osa" value={percent(f.osa.value, l)} share={f.osa.coverage} line={day?.osa} show={percents}>
        {t("kpi.coverage", { share: percent(f.osa.coverage, l) })}
      </Kpi>
      <Kpi name="kpi.online" tone={f.coolers.offline > 0 ? "warn" : undefined} value={count(f.coolers.online, l)} of={count(f.coolers.all, l)} line={online.value} show={counts} live>
        {away === 0 ? t("kpi.online.all") : t("kpi.online.sub", { degraded: count(f.coolers.degraded, l), offline: count(f.coolers.offline + f.coolers.neverSeen, l) })}
      </Kpi>
      <Kpi name="kpi.unknown" value={percent(f.slots.all ? f.slots.unknown / f.slots.all : null, l)} line={day?.unseen} show={percents}>
        {tn("kpi.unknown.sub", f.slots.unknown)}
      </Kpi>
      <Footfall />
    </section>
  );
}

const EVERY_MS = 5 * 60_000;

/** Who came in today; nothing where no store counts people. */
function Footfall() {
  const minute = Math.floor(now.value / EVERY_MS);
  const loaded = useLoad(
    async (signal) => {
      const midnight = new Date().setHours(0, 0, 0, 0);
      const q = new URLSearchParams({ from: new Date(midnight).toISOString(), to: new Date(Math.max(Date.now(), midnight + 60_000)).toISOString() });
      const day = 86_400_000;
      const before = new URLSearchParams({ from: new Date(midnight - day).toISOString(), to: new Date(Math.max(Date.now(), midnight + 60_000) - day).toISOString() });
      const [today, yesterday] = await Promise.all([q, before].map((x) => api.kpi<Answer<Traffic>>("conversion", x.toString(), signal)));
      const hours = await api.kpi<Answer<Traffic>>("conversion", `${q}&by=hour`, signal);
      const line = hours.rows.sort((a, b) => Date.parse(a.key["hour"] ?? "") - Date.parse(b.key["hour"] ?? "")).map((r) => (r.figures.conversion.coverage > 0 ? r.figures.people_in : null));
      return { today: today!.rows[0]?.figures, yesterday: yesterday!.rows[0]?.figures, line };
    },
    [minute],
  );
  if (loaded.error) return <Unloaded name="kpi.footfall" retry={loaded.reload} />;
  const people = loaded.data?.today;
  if (!people || people.conversion.coverage === 0) return null;
  const l = lang.value;
  return (
    <Kpi name="kpi.footfall" value={count(people.people_in, lang.value)} share={people.conversion.coverage} line={loaded.data?.line} show={(v) => count(v, l)}>
      {loaded.data?.yesterday && loaded.data.yesterday.conversion.coverage > 0 ? t("kpi.footfall.sub", { n: count(loaded.data.yesterday.people_in, lang.value) }) : t("kpis.coverage_short", { share: percent(people.conversion.coverage, lang.value) })}
    </Kpi>
  );
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
