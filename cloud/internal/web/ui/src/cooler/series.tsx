// The plots of a cooler: how warm it was, when the door stood open, how full it was.

import { useMemo, useState } from "preact/hooks";
import { api } from "../api";
import { duration, percent, temperature } from "../format";
import { lang, t } from "../i18n/text";
import { useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { Chart } from "./chart";
import { openings } from "./points";

const HOURS = [3, 24, 168] as const;
const HOUR_MS = 3_600_000;

export function Plots({ device, at }: { device: string; at: number }) {
  const [hours, setHours] = useState<(typeof HOURS)[number]>(24);
  const to = at;
  const from = to - hours * HOUR_MS;
  const loaded = useLoad(
    async (signal) => {
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const [temp, door, osa] = await Promise.all(["temperature", "door", "osa"].map((kind) => api.series(device, { kind, ...range }, signal)));
      const celsius = temp!.points.map(([x, mc]): [number, number] => [x, mc / 1000]);
      // A cooler that is younger than the range is drawn from its first reading.
      const first = Math.min(...[celsius, osa!.points].map((points) => points[0]?.[0] ?? to), to - 300_000);
      return { celsius, grain: temp!.grain, door: door!, osa: osa!, from: Math.max(from, first), to };
    },
    [device, from, to],
  );
  const bands = useMemo(() => (loaded.data ? openings(loaded.data.door, loaded.data.to) : []), [loaded.data]);
  const d = loaded.data;
  return (
    <section class="card later" aria-labelledby="plots">
      <header class="card-head">
        <h2 id="plots">{t("cooler.temperature")}</h2>
        <Help name={t("cooler.temperature")}>{t("cooler.temperature_help")}</Help>
        <div class="switch card-switch" role="group" aria-label={t("cooler.range")}>
          {HOURS.map((h) => (
            <button key={h} type="button" aria-pressed={h === hours} onClick={() => setHours(h)}>
              {duration(h * 3600, lang.value)}
            </button>
          ))}
        </div>
      </header>
      {d && d.celsius.length > 0 ? (
        <Chart label={t("cooler.temperature")} points={d.celsius} grain={d.grain} bands={bands} from={d.from} to={d.to} show={(v) => temperature(v * 1000, lang.value)} />
      ) : (
        <p class="chart-none">{loaded.error ? loaded.error.message : d ? t("cooler.series_none") : t("load.loading")}</p>
      )}
      {d && d.osa.points.length > 0 && (
        <>
          <h3 class="chart-title">{t("cooler.osa_series")}</h3>
          <Chart label={t("cooler.osa_series")} points={d.osa.points} grain={d.osa.grain} from={d.from} to={d.to} show={(v) => percent(v, lang.value)} min={0} max={1} />
        </>
      )}
    </section>
  );
}
