// The stores by where they are, without a map from elsewhere: points in proportion over lines of
// latitude and longitude, gathered where they would touch.

import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { count } from "../format";
import { lang, t, tn } from "../i18n/text";
import { fleet, stores } from "../store";
import type { Cooler } from "../types";
import { Help } from "../ui/help";
import { cluster, type Frame, frameOf, lines, type Place, projector } from "./geo";

const HEIGHT = 230;
const RADIUS = 30;

interface Shop extends Place {
  name: string;
  coolers: number;
  empty: number;
  alerts: number;
  away: number;
}

/** Picking a store looks for its name in the list of coolers. */
export function StoreMap({ find }: { find: Signal<string> }) {
  const shops = useComputed(() => shopsOf(fleet.value.coolers.values()));
  const zoom = useSignal<Frame | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return;
    const size = new ResizeObserver(([e]) => setWidth(e!.contentRect.width));
    size.observe(box.current);
    return () => size.disconnect();
  }, [shops.value.length > 1]);
  const all = shops.value;
  if (all.length < 2) return null;

  const frame = zoom.value ?? frameOf(all);
  const project = projector(frame, width, HEIGHT);
  const points = all.map((shop) => {
    const [x, y] = project(shop.lat, shop.lon);
    return { x, y, item: shop };
  });
  const inside = points.filter((p) => p.x > -20 && p.x < width + 20 && p.y > -20 && p.y < HEIGHT + 20);
  const pick = (members: Shop[]) => {
    const [first] = members;
    if (members.length > 1 && spread(members)) zoom.value = frameOf(members);
    else if (first) find.value = find.value === first.name ? "" : first.name;
  };
  return (
    <section class="card" aria-labelledby="stores">
      <header class="card-head">
        <h2 id="stores">{t("map.title")}</h2>
        <span class="count num">{count(all.length, lang.value)}</span>
        <Help name={t("map.title")}>{t("map.help")}</Help>
        {zoom.value && (
          <button class="button button-small map-out" type="button" onClick={() => (zoom.value = null)}>
            {t("map.all")}
          </button>
        )}
      </header>
      <div class="map" ref={box} style={{ height: `${HEIGHT}px` }}>
        {width > 0 && (
          <>
            <Grid project={project} frame={frame} width={width} />
            {cluster(inside, RADIUS).map((c) => (
              <Bubble key={c.members[0]!.id} x={c.x} y={c.y} members={c.members} chosen={c.members.length === 1 && c.members[0]!.name === find.value} onPick={pick} />
            ))}
          </>
        )}
      </div>
    </section>
  );
}

const spread = (shops: Shop[]) => shops.some((s) => Math.abs(s.lat - shops[0]!.lat) + Math.abs(s.lon - shops[0]!.lon) > 1e-4);

function Bubble({ x, y, members, chosen, onPick }: { x: number; y: number; members: Shop[]; chosen: boolean; onPick(m: Shop[]): void }) {
  const sum = (of: (s: Shop) => number) => members.reduce((n, s) => n + of(s), 0);
  const coolers = sum((s) => s.coolers);
  const empty = sum((s) => s.empty);
  const alerts = sum((s) => s.alerts);
  const away = sum((s) => s.away);
  const tone = alerts > 0 || empty > 0 ? "bad" : away > 0 ? "warn" : "good";
  const size = Math.min(46, 20 + 5 * Math.sqrt(coolers));
  const one = members.length === 1;
  const name = one ? members[0]!.name : tn("map.stores", members.length);
  const label = `${name}: ${tn("coolers.count", coolers)}, ${tn("alerts.count", alerts)}`;
  return (
    <button type="button" class={`bubble bubble-${tone}${chosen ? " is-chosen" : ""}`} style={{ left: `${x}px`, top: `${y}px`, width: `${size}px`, height: `${size}px` }} aria-label={label} aria-pressed={one ? chosen : undefined} title={label} onClick={() => onPick(members)}>
      <span class="num">{alerts > 0 ? alerts : one ? "" : members.length}</span>
      {one && <span class="bubble-name">{name}</span>}
    </button>
  );
}

function Grid({ project, frame, width }: { project: (lat: number, lon: number) => [number, number]; frame: Frame; width: number }) {
  // The frame is shown in proportion, so there is more in view than it names on one axis.
  const wide = frame.east - frame.west;
  const high = frame.north - frame.south;
  const lons = lines(frame.west - 4 * wide, frame.east + 4 * wide, 30).map((v) => ({ v, x: project(0, v)[0] }));
  const lats = lines(Math.max(-85, frame.south - 4 * high), Math.min(85, frame.north + 4 * high), 22).map((v) => ({ v, y: project(v, 0)[1] }));
  return (
    <svg class="map-grid" width={width} height={HEIGHT} aria-hidden="true">
      {lons
        .filter(({ x }) => x > 0 && x < width)
        .map(({ v, x }) => (
          <g key={v}>
            <path d={`M${x} 0V${HEIGHT}`} />
            <text x={x + 3} y={12}>{`${Math.abs(v)}°${v < 0 ? "W" : "E"}`}</text>
          </g>
        ))}
      {lats
        .filter(({ y }) => y > 0 && y < HEIGHT)
        .map(({ v, y }) => (
          <g key={v}>
            <path d={`M0 ${y}H${width}`} />
            <text x={4} y={y - 3}>{`${Math.abs(v)}°${v < 0 ? "S" : "N"}`}</text>
          </g>
        ))}
    </svg>
  );
}

function shopsOf(coolers: Iterable<Cooler>): Shop[] {
  const shops = new Map<string, Shop>();
  for (const s of stores.value.values()) {
    if (s.lat == null || s.lon == null) continue;
    shops.set(s.store, { id: s.store, name: s.name || s.store, lat: s.lat, lon: s.lon, coolers: 0, empty: 0, alerts: 0, away: 0 });
  }
  for (const c of coolers) {
    const shop = shops.get(c.store);
    if (!shop) continue;
    shop.coolers++;
    shop.empty += c.slots.empty;
    shop.alerts += c.open_alerts;
    if (c.status === "offline" || c.status === "degraded") shop.away++;
  }
  return [...shops.values()];
}
