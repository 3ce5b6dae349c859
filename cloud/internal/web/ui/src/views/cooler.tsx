// One cooler: what it saw last, what should be there, and what is wrong with it.

import { useComputed, useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useMemo } from "preact/hooks";
import { api } from "../api";
import { NoPicture, Picture } from "../cooler/picture";
import { Plan, planogramName } from "../cooler/plan";
import { buildScene } from "../cooler/scene";
import { Plots } from "../cooler/series";
import { SlotList } from "../cooler/slots";
import { ago, clock, moment, percent, temperature } from "../format";
import { lang, t, tn, word } from "../i18n/text";
import { to } from "../router";
import { fleet, now, ranked, storeName } from "../store";
import type { CoolerDetail } from "../types";
import { AlertRow } from "../ui/alert";
import { Failed, Skeleton, useLoad } from "../ui/async";
import { Back } from "../ui/icons";
import { SlotBar, StatusChip } from "../ui/state";

export function CoolerView({ device }: { device: string }) {
  // A new picture, observation or planogram shows in the row that the stream brings: then look again.
  const version = useComputed(() => {
    const row = fleet.value.coolers.get(device);
    return row ? `${row.picture_seq ?? ""} ${row.planogram?.version ?? ""} ${JSON.stringify(row.slots)} ${row.status}` : "";
  });
  const loaded = useLoad((signal) => api.cooler(device, signal), [device, version.value]);
  return (
    <div class="page">
      <a class="back" href={to.now()}>
        <Back />
        {t("nav.now")}
      </a>
      {loaded.data ? <Body cooler={loaded.data} /> : loaded.error ? <Failed error={loaded.error} retry={loaded.reload} notFound={t("load.notfound_cooler", { device })} /> : <Loading device={device} />}
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

function Body({ cooler: c }: { cooler: CoolerDetail }) {
  const picked = useSignal("");
  const o = c.observation;
  const scene = useMemo(() => buildScene(o, c.planogram, new Map()), [c]);
  const captured = o ? Date.parse(o.captured_at) : null;
  const src = c.picture_seq != null ? api.picture(c.device, { seq: c.picture_seq }) : null;
  return (
    <>
      <Head cooler={c} />
      <div class="cooler-grid">
        <div class="stack">
          <section class="card" aria-labelledby="picture">
            <header class="card-head">
              <h2 id="picture">{t("cooler.picture")}</h2>
              {captured !== null && (
                <span class="muted num" title={moment(captured, lang.value)}>
                  {clock(captured, now.value, lang.value)} · {tn("cooler.facings", scene.facings.length)}
                </span>
              )}
            </header>
            {o ? <Picture src={src} observation={o} scene={scene} picked={picked} /> : <NoPicture />}
          </section>
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
          <Plots device={c.device} at={Math.max(captured ?? 0, c.last_seen ? Date.parse(c.last_seen) : 0)} />
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

function Head({ cooler }: { cooler: CoolerDetail }) {
  // What the stream says is newer than what was loaded.
  const c = fleet.value.coolers.get(cooler.device) ?? cooler;
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
          {percent(c.osa.value, l)}
          {c.osa.value !== null && <span class="fact-sub">{t("kpi.coverage", { share: percent(c.osa.coverage, l) })}</span>}
        </Fact>
        {c.temp_mc !== null && <Fact name={t("col.temp")}>{temperature(c.temp_mc, l)}</Fact>}
        {c.door !== "unknown" && <Fact name={t("col.door")}>{word("door", c.door)}</Fact>}
        <Fact name={t("col.slots")} wide>
          <SlotBar slots={c.slots} />
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
  const fresh = new Set(fleet.value.arrived);
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
