// Says new alerts to a screen reader, politely and not more often than one can listen to.

import { useSignal, useSignalEffect } from "@preact/signals";
import { useRef } from "preact/hooks";
import { tn } from "../i18n/text";
import { opened } from "../store";
import type { Alert } from "../types";
import { alertSentence } from "./alert";

const EVERY_MS = 3_000;

export function Announcer() {
  const said = useSignal("");
  const waiting = useRef<Alert[]>([]);
  const timer = useRef<number | undefined>(undefined);
  useSignalEffect(() => {
    if (opened.value.length === 0) return;
    waiting.current.push(...opened.value);
    if (timer.current !== undefined) return;
    const say = () => {
      const batch = waiting.current;
      waiting.current = [];
      timer.current = batch.length > 0 ? window.setTimeout(say, EVERY_MS) : undefined;
      const last = batch.at(-1);
      if (last) said.value = tn("alerts.new", batch.length, { what: alertSentence(last) });
    };
    timer.current = window.setTimeout(say, 100);
  });
  return (
    <div class="visually-hidden" role="status" aria-live="polite">
      {said.value}
    </div>
  );
}
