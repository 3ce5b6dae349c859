// One cooler: what it saw last, what should be there, and what is wrong with it.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { api } from "../api";
import { CaptureNow } from "../cooler/capture";
import { allLooks } from "../cooler/day";
import { Health } from "../cooler/health";
import { History } from "../cooler/history";
import { useNames } from "../cooler/names";
import { Unnamed } from "../cooler/naming";
import { NoPicture, Picture } from "../cooler/picture";
import { Plan, planogramName } from "../cooler/plan";
import { buildScene } from "../cooler/scene";
import { Plots } from "../cooler/series";
import { SlotList } from "../cooler/slots";
import { Wanted } from "../cooler/wanted";
import { asObservation } from "../cooler/strips";
import { ago, clock, moment, percent, temperature } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { osaNow, slotsNow } from "../live/rank";
import { to } from "../router";
import { fleet, now, ranked, storeName, waiting } from "../store";
import type { Cooler, CoolerDetail } from "../types";
import { AlertRow } from "../ui/alert";
import { Failed, Skeleton, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Back } from "../ui/icons";
import { SlotBar, StatusChip } from "../ui/state";

export function CoolerView({ device }: { device: string }) {
  // A new picture, observation or planogram shows in the row that the stream brings: then look again.
  const version = useComputed(() => {
    const row = fleet.value.coolers.get(device);
    return row ? `${row.picture_boot} ${row.picture_seq} ${row.planogram?.version} ${row.observed_at} ${row.open_alerts}` : "";
  });
  const loaded = useLoad((signal) => api.cooler(device, signal), [device, version.value]);
  return (
    <div class="page">
      <a class="back" href={to.now()}>
        <Back />
        {t("nav.now")}
      </a>
      {loaded.data ? <Body cooler={loaded.data} version={version.value} /> : loaded.error ? <Failed error={loaded.error} retry={loaded.reload} notFound={t("load.notfound_cooler", { device })} /> : <Loading device={device} />}
    </div>
  );
}

function Loading({ device }: { device: string }) {
  return (
    <>
      <h1 class="headline">{device}</h1>
      <div class="cooler-grid">
        <Skeleton rows={1} height={420} />
        <Skeleton rows={1} height={420} />
      </div>
    </>
  );
}

function Body({ cooler: c, version }: { cooler: CoolerDetail; version: string }) {
  const picked = useSignal("");
  const shown = useSignal(-1);
  const naming = useSignal(-1);
  const newest = c.observation ? Date.parse(c.observation.captured_at) : null;
  const end = plotsEnd(newest, c.last_seen);
  const day = useDay(c.device, newest);
  const past = shown.value >= 0 ? day.observations[shown.value] : undefined;
  const o = useMemo(() => (past && c.observation ? asObservation(past, c.observation) : c.observation), [past, c.observation]);
  const names = useNames();
  const scene = useMemo(() => buildScene(o, c.planogram, names), [c, o, names]);
  const captured = o ? Date.parse(o.captured_at) : null;
  const src = past ? api.picture(c.device, past) : c.picture_seq != null ? api.picture(c.device, { boot: c.picture_boot, seq: c.picture_seq }) : null;
  return (
    <>
      <Head cooler={c} />
      <div class="cooler-grid">
        <div class="stack">
          <section class="card" aria-labelledby="picture">
            <header class="card-head">
              <h2 id="picture">{past ? t("history.past", { time: clock(Date.parse(past.captured_at), now.value, lang.value) }) : t("cooler.picture")}</h2>
              {captured !== null && (
                <span class="muted num" title={moment(captured, lang.value)}>
                  {clock(captured, now.value, lang.value)}
                  {!past && ` · ${tn("cooler.facings", scene.facings.length)}`}
                </span>
              )}
              {!past && <CaptureNow cooler={fleet.value.coolers.get(c.device) ?? (c as unknown as Cooler)} />}
            </header>
            {o ? <Picture src={src} observation={o} scene={scene} picked={picked} slotsOnly={past !== undefined} naming={naming} /> : <NoPicture />}
            {!past && o && <Unnamed device={c.device} observation={o} facings={scene.facings} open={naming} />}
          </section>
          {newest !== null && (
            <section class="card" aria-labelledby="day">
              <header class="card-head">
                <h2 id="day">{t("history.title")}</h2>
                {captured !== null && <span class="muted num">{clock(captured, now.value, lang.value)}</span>}
                <Help name={t("history.title")}>{t("history.help")}</Help>
              </header>
              {day.observations.length > 0 ? (
                <History observations={day.observations} from={day.from} to={day.to} scene={scene} picked={picked} shown={shown} />
              ) : (
                <p class="note">{day.loading ? t("load.loading") : t("history.none")}</p>
              )}
            </section>
          )}
          <section class="card later" aria-labelledby="slots">
            <header class="card-head">
              <h2 id="slots">{t("cooler.slots")}</h2>
            </header>
            {scene.slots.length > 0 ? <SlotList scene={scene} picked={picked} /> : <p class="note">{t("cooler.no_planogram_text")}</p>}
          </section>
        </div>
        <div class="stack">
          <section class="card" aria-labelledby="plan">
            <header class="card-head">
              <h2 id="plan">{t("cooler.planogram")}</h2>
              {c.planogram && (
                <span class="muted">
                  {planogramName(c.planogram)} · {t("cooler.planogram_version", { n: c.planogram.version })}
                </span>
              )}
            </header>
            {o?.planogram_version !== undefined && c.planogram && o.planogram_version !== c.planogram.version && <p class="note">{t("cooler.older_planogram", { n: o.planogram_version })}</p>}
            <Plan scene={scene} picked={picked} />
          </section>
          <Alerts device={c.device} />
          {end !== null && <Plots device={c.device} at={end} />}
          {c.board && <Health board={c.board} cooler={fleet.value.coolers.get(c.device) ?? c} observation={c.observation} />}
          {c.board && <Wanted device={c.device} version={version} />}
        </div>
      </div>
      {o && (
        <p class="fine">
          {t("cooler.model")}: {o.model}
        </p>
      )}
    </>
  );
}

/** Plots end with what was heard last; on the board's clock where it differs from ours by more than an hour. */
function plotsEnd(observed: number | null, heard: string | null): number | null {
  const at = heard === null ? null : Date.parse(heard);
  if (observed === null || at === null) return observed ?? at;
  return Math.abs(at - observed) < 3_600_000 ? Math.max(at, observed) : observed;
}

const DAY_MS = 24 * 3_600_000;

/** The last day's observations, by time; a day that has just begun is drawn from its beginning. */
function useDay(device: string, newest: number | null) {
  const loaded = useLoad(
    async (signal) => {
      if (newest === null) return [];
      return allLooks((q) => api.observations(device, q, signal), newest - DAY_MS, newest + 1000);
    },
    [device, newest],
  );
  const observations = loaded.data ?? [];
  const first = observations[0];
  const to = newest ?? 0;
  return { observations, to, from: Math.min(first ? Date.parse(first.captured_at) : to, to - 120_000), loading: loaded.loading };
}

function Head({ cooler }: { cooler: CoolerDetail }) {
  // What the stream says is newer than what was loaded.
  const c = fleet.value.coolers.get(cooler.device) ?? (cooler as unknown as Cooler);
  const osa = osaNow(c);
  const l = lang.value;
  const seen = c.last_seen ? Date.parse(c.last_seen) : null;
  return (
    <header class="cooler-title">
      <div>
        <h1 class="headline">{c.name || c.device}</h1>
        <p class="muted">
          {storeName(c.store)} · {c.device}
        </p>
      </div>
      <dl class="facts">
        <Fact name={t("col.status")}>
          <StatusChip status={c.status} />
        </Fact>
        <Fact name={t("col.seen")}>
          <span title={seen ? moment(seen, l) : undefined}>{seen ? ago(seen, now.value, l) : t("col.never")}</span>
        </Fact>
        <Fact name={t("col.osa")}>
          {percent(osa.value, l)}
          {osa.value !== null && <span class="fact-sub">{t("kpi.coverage", { share: percent(osa.coverage, l) })}</span>}
        </Fact>
        {c.temp_mc !== null && <Fact name={t("col.temp")}>{temperature(c.temp_mc, l)}</Fact>}
        {c.door !== "unknown" && <Fact name={t("col.door")}>{word("door", c.door)}</Fact>}
        <Fact name={t("col.slots")} wide>
          <SlotBar slots={slotsNow(c)} />
        </Fact>
      </dl>
    </header>
  );
}

function Fact({ name, wide = false, children }: { name: string; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "fact fact-wide" : "fact"}>
      <dt>{name}</dt>
      <dd class="num">{children}</dd>
    </div>
  );
}

function Alerts({ device }: { device: string }) {
  const mine = ranked.value.filter((a) => a.device === device);
  const { fresh } = waiting.value;
  return (
    <section class="card" aria-labelledby="cooler-alerts">
      <header class="card-head">
        <h2 id="cooler-alerts">{t("cooler.alerts")}</h2>
        <span class="count num">{mine.length}</span>
      </header>
      {mine.length === 0 ? (
        <p class="note">{t("cooler.alerts_none")}</p>
      ) : (
        <ol class="alerts">
          {mine.map((a) => (
            <AlertRow key={a.id} alert={a} fresh={fresh.has(a.id)} />
          ))}
        </ol>
      )}
    </section>
  );
}
