// The plots of a cooler, under each other with one cursor: how warm it was, when the door stood open,
// what it drew, how full it was.

import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { api, type Series } from "../api";
import { count, duration, percent, temperature, watts } from "../format";
import { lang, t, word } from "../i18n/text";
import { useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Chart } from "./chart";
import { doorLine, openings } from "./points";

const HOURS = [3, 24, 168] as const;
const HOUR_MS = 3_600_000;
const KINDS = ["temperature", "door", "power", "osa"] as const;

interface Readings {
  celsius: Series;
  door: Series;
  power: Series;
  osa: Series;
  from: number;
  to: number;
}

export function Plots({ device, at }: { device: string; at: number }) {
  const [hours, setHours] = useState<(typeof HOURS)[number]>(24);
  const to = at;
  const from = to - hours * HOUR_MS;
  const loaded = useLoad((signal) => read(device, from, to, signal), [device, from, to]);
  return (
    <section class="card later" aria-labelledby="plots">
      <header class="card-head">
        <h2 id="plots">{t("plots.title")}</h2>
        <Help name={t("plots.title")}>{t("plots.help")}</Help>
        <div class="switch card-switch" role="group" aria-label={t("cooler.range")}>
          {HOURS.map((h) => (
            <button key={h} type="button" aria-pressed={h === hours} onClick={() => setHours(h)}>
              {duration(h * 3600, lang.value)}
            </button>
          ))}
        </div>
      </header>
      {loaded.data ? <Body readings={loaded.data} /> : <p class="chart-none">{loaded.error ? loaded.error.message : t("load.loading")}</p>}
    </section>
  );
}

async function read(device: string, from: number, to: number, signal: AbortSignal): Promise<Readings> {
  const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
  const [temp, door, power, osa] = await Promise.all(KINDS.map((kind) => api.series(device, { kind, ...range }, signal)));
  const celsius: Series = { ...temp!, points: temp!.points.map(([x, mc]) => [x, mc / 1000]) };
  // A cooler that is younger than the range is drawn from its first reading.
  const first = Math.min(...[celsius, power!, osa!].map((s) => s.points[0]?.[0] ?? to), to - 300_000);
  return { celsius, door: door!, power: power!, osa: osa!, from: Math.max(from, first), to };
}

function Body({ readings: d }: { readings: Readings }) {
  const l = lang.value;
  const bands = useMemo(() => openings(d.door, d.to), [d]);
  const door = useMemo(() => doorLine(d.door, d.to), [d]);
  const span = { from: d.from, to: d.to };
  const hourly = d.door.grain === "hour";
  if ([d.celsius, d.door, d.power, d.osa].every((s) => s.points.length === 0)) return <p class="chart-none">{t("cooler.series_none")}</p>;
  return (
    <>
      {d.celsius.points.length > 0 && (
        <Plot title={t("cooler.temperature")}>
          <Chart label={t("cooler.temperature")} points={d.celsius.points} grain={d.celsius.grain} bands={bands} {...span} show={(v) => temperature(v * 1000, l)} />
        </Plot>
      )}
      {door.length > 0 && (
        <Plot title={t(hourly ? "plots.door_hours" : "plots.door")}>
          {hourly ? (
            <Chart label={t("plots.door_hours")} points={door} grain="hour" {...span} height={92} min={0} show={(v) => count(Math.round(v), l)} />
          ) : (
            <Chart label={t("plots.door")} points={door} grain="reading" {...span} height={72} min={0} max={1} steps ticks={[0, 1]} show={(v) => word("door", v > 0.5 ? "open" : "closed")} />
          )}
        </Plot>
      )}
      {d.power.points.length > 0 && (
        <Plot title={t("plots.power")} help={t("plots.power_help")}>
          <Chart label={t("plots.power")} points={d.power.points} grain={d.power.grain} {...span} height={112} pad={500} show={(v) => watts(v, l)} />
        </Plot>
      )}
      {d.osa.points.length > 0 && (
        <Plot title={t("cooler.osa_series")} help={t("kpi.osa.help")}>
          <Chart label={t("cooler.osa_series")} points={d.osa.points} grain={d.osa.grain} {...span} height={112} show={(v) => percent(v, l)} min={0} max={1} />
        </Plot>
      )}
    </>
  );
}

function Plot({ title, help, children }: { title: string; help?: string; children: ComponentChildren }) {
  return (
    <div class="plot">
      <h3 class="chart-title">
        {title}
        {help && <Help name={title}>{help}</Help>}
      </h3>
      {children}
    </div>
  );
}
