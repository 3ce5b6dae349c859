// What the board beside a cooler says of itself: whether it is heard, sees, keeps the time, and has
// something to send; and what runs on it.

import type { ComponentChildren } from "preact";
import { ago, clock, count, duration, moment, temperature } from "../format";
import { lang, t, word, type Key } from "../i18n/text";
import { type Board, bytes } from "../setup/fleet";
import { now } from "../store";
import type { Cooler, Observation } from "../types";
import { Blank } from "../ui/async";
import { Help } from "../ui/help";
import { Pulse } from "../ui/icons";

type Tone = "good" | "warn" | "bad";

interface Props {
  board: Board;
  cooler: Pick<Cooler, "status" | "reasons" | "last_seen" | "temp_mc" | "door">;
  observation: Observation | null;
}

export function Health({ board: b, cooler: c, observation: o }: Props) {
  const l = lang.value;
  if (c.status === "never_seen") {
    return (
      <Card>
        <Blank icon={<Pulse />} title={t("health.never")}>
          {t("health.never_text")}
        </Blank>
      </Card>
    );
  }
  const h = b.health;
  const seen = c.last_seen ? Date.parse(c.last_seen) : null;
  const camera = cameraOf(c.reasons ?? [], o);
  return (
    <Card>
      <dl class="health">
        <Item name="health.heard" tone={c.status === "offline" ? "bad" : "good"}>
          <span title={seen ? moment(seen, l) : undefined}>{seen ? ago(seen, now.value, l) : t("col.never")}</span>
        </Item>
        <Item name="health.camera" tone={camera.tone}>
          {camera.text}
        </Item>
        <Item name="health.clock" help="health.clock_help" tone={b.clock === "ntp" ? "good" : b.clock === "rtc" ? "warn" : b.clock ? "bad" : undefined}>
          {b.clock ? t(`boards.clock.${b.clock}` as Key) : "–"}
        </Item>
        <Item name="health.outbox" help="health.outbox_help" tone={!h ? undefined : h.outbox_messages < 50 ? "good" : "warn"}>
          {!h ? "–" : h.outbox_messages === 0 ? t("health.outbox_none") : h.outbox_oldest ? t("boards.waiting_since", { n: count(h.outbox_messages, l), time: clock(Date.parse(h.outbox_oldest), now.value, l) }) : count(h.outbox_messages, l)}
        </Item>
        {b.agent_version && <Item name="health.agent">{b.agent_version}</Item>}
        {b.model && (
          <Item name="health.networks" wide>
            {[b.model, b.runtime].filter(Boolean).join(" · ")}
          </Item>
        )}
        {b.gallery && <Item name="health.gallery">{b.gallery}</Item>}
        {b.board && <Item name="health.board">{b.board}</Item>}
        {h && (
          <>
            <Item name="health.up">{duration(h.uptime_s, l)}</Item>
            <Item name="health.disk">{bytes(h.disk_free_bytes)}</Item>
            <Item name="health.memory">{bytes(h.memory_bytes)}</Item>
            {h.board_temp_mc !== undefined && <Item name="health.warm" tone={h.board_temp_mc > 80_000 ? "bad" : undefined}>{temperature(h.board_temp_mc, l)}</Item>}
          </>
        )}
      </dl>
      <Sensors board={b} cooler={c} />
      <Troubles board={b} reasons={c.reasons ?? []} />
    </Card>
  );
}

function Card({ children }: { children: ComponentChildren }) {
  return (
    <section class="card later" aria-labelledby="health">
      <header class="card-head">
        <h2 id="health">{t("health.title")}</h2>
        <Help name={t("health.title")}>{t("health.help")}</Help>
      </header>
      {children}
    </section>
  );
}

function Item({ name, help, tone, wide = false, children }: { name: Key; help?: Key; tone?: Tone | undefined; wide?: boolean; children: ComponentChildren }) {
  return (
    <div class={wide ? "health-item health-wide" : "health-item"}>
      <dt>
        {t(name)}
        {help && <Help name={t(name)}>{t(help)}</Help>}
      </dt>
      <dd class="num">
        {tone && <span class={`dot dot-${tone}`} aria-hidden="true" />}
        <span>{children}</span>
      </dd>
    </div>
  );
}

/** Each fitted sensor, and which quantities nobody has read although the board is heard. */
function Sensors({ board: b, cooler: c }: Pick<Props, "board" | "cooler">) {
  const missing = [
    ...(c.door === "unknown" ? [t("health.kind.door")] : []),
    ...(c.temp_mc === null ? [t("health.kind.temperature")] : []),
  ];
  return (
    <div class="health-sensors">
      <h3>{t("health.sensors")}</h3>
      {b.sensors && b.sensors.length > 0 ? (
        <ul>
          {b.sensors.map((s) => (
            <li key={s.name}>
              <span class={`dot dot-${s.fault ? "bad" : "good"}`} aria-hidden="true" />
              <span>{s.name}</span>
              <span class={s.fault ? "tag-offline" : "muted"}>{s.fault ?? t("health.sensor_ok")}</span>
            </li>
          ))}
        </ul>
      ) : (
        <p class="muted">{t("health.sensors_none")}</p>
      )}
      {missing.length > 0 && <p class="muted">{t("health.sensor_missing", { names: missing.join(lang.value === "zh" ? "、" : ", ") })}</p>}
    </div>
  );
}

/** What else the board or an open alert says is wrong with it. */
function Troubles({ board: b, reasons }: { board: Board; reasons: readonly string[] }) {
  const sensors = (b.sensors ?? []).map((s) => `${s.name}: `);
  const rest = reasons.filter((r) => !sensors.some((s) => r.startsWith(s)));
  if (rest.length === 0) return null;
  return (
    <div class="health-sensors">
      <h3>{t("health.troubles")}</h3>
      <ul>
        {rest.map((r) => (
          <li key={r}>
            <span class="dot dot-warn" aria-hidden="true" />
            <span class="tag-degraded">{word("type", r)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What the camera is worth now: a fault that was told, else what the last picture was like. */
export function cameraOf(reasons: readonly string[], o: Observation | null): { tone: Tone; text: string } {
  const told = reasons.find((r) => /^camera\b|^camera_/.test(r));
  if (told) return { tone: "bad", text: word("type", told) };
  if (!o) return { tone: "warn", text: t("health.camera_never") };
  const slots = o.slots ?? [];
  const reason = o.quality.reason ?? (slots.length > 0 && slots.every((s) => s.state === "unknown") ? slots[0]!.reason : undefined);
  return reason ? { tone: "warn", text: t("health.camera_impaired", { reason: word("reason", reason) }) } : { tone: "good", text: t("health.camera_sees") };
}
