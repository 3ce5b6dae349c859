// Sound and browser notifications for critical alerts, where somebody wishes them.

import { effect, signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { t } from "../i18n/text";
import { isMuted } from "../live/rank";
import { go, to } from "../router";
import { recall, remember } from "../storage";
import { coolerName, opened, storeName } from "../store";
import { alertSubject } from "../ui/alert";

const sound = signal(recall("sound") === "on");
const desktop = signal(recall("desktop") === "on");

/** Begins to watch for critical alerts; called once. */
export function watchAlerts(): void {
  // A browser lets a page that was loaded again sound only after somebody has touched it.
  for (const touched of ["pointerdown", "keydown"]) addEventListener(touched, () => sound.peek() && void speaker(), { once: true });
  effect(() => {
    const critical = opened.value.filter((a) => a.severity === "critical" && !isMuted(a, Date.now()));
    const first = critical[0];
    if (!first) return;
    if (sound.peek()) void chime();
    if (desktop.peek() && document.hidden && "Notification" in window && Notification.permission === "granted") {
      const more = critical.length > 1 ? ` +${critical.length - 1}` : "";
      const note = notice(`${alertSubject(first)}${more}`, `${coolerName(first.device)} · ${storeName(first.store)}`);
      if (!note) return;
      note.onclick = () => {
        window.focus();
        go(to.alert(first.id));
        note.close();
      };
    }
  });
}

/** Null in a browser that shows a page's notifications only through a service worker, as Chrome on Android. */
function notice(title: string, body: string): Notification | null {
  try {
    return new Notification(title, { body, tag: "coldshelf", icon: "/favicon.svg" });
  } catch {
    return null;
  }
}

let audio: AudioContext | undefined;

/** What sounds; it begins suspended where nobody has touched the page yet. */
async function speaker(): Promise<AudioContext> {
  audio ??= new AudioContext();
  if (audio.state === "suspended") await audio.resume();
  return audio;
}

/** Two soft notes, made here: no file is loaded. */
async function chime(): Promise<void> {
  const out = await speaker();
  const start = out.currentTime;
  [659, 880].forEach((hz, i) => {
    const tone = out.createOscillator();
    const gain = out.createGain();
    const at = start + i * 0.16;
    tone.frequency.value = hz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(0.12, at + 0.02);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
    tone.connect(gain).connect(out.destination);
    tone.start(at);
    tone.stop(at + 0.55);
  });
}

export function NotifySwitches() {
  const [denied, setDenied] = useState(false);
  const toggleSound = () => {
    sound.value = !sound.value;
    remember("sound", sound.value ? "on" : "off");
    if (sound.value) void chime();
  };
  const toggleDesktop = async () => {
    if (!desktop.value && (!("Notification" in window) || (await Notification.requestPermission()) !== "granted")) {
      setDenied(true);
      return;
    }
    desktop.value = !desktop.value;
    remember("desktop", desktop.value ? "on" : "off");
  };
  return (
    <span class="notify" role="group" aria-label={t("notify.label")} title={t("notify.label")}>
      <button class="toggle" type="button" aria-pressed={sound.value} onClick={toggleSound}>
        {t("notify.sound")}
      </button>
      <button class="toggle" type="button" aria-pressed={desktop.value} onClick={toggleDesktop}>
        {t("notify.desktop")}
      </button>
      {denied && <span role="alert">{t("notify.denied")}</span>}
    </span>
  );
}
