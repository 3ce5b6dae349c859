// Lines that are in no figure yet: those that wait for a product or a store, and those that were refused
// and can be mended here.

import { useState } from "preact/hooks";
import { count, minute } from "../format";
import { lang, t, refusal } from "../i18n/text";
import { SaveError } from "../setup/parts";
import { useSave } from "../setup/save";
import { Pending, useLoad } from "../ui/async";
import { Help } from "../ui/help";
import { mayChange } from "./parts";
import { type Cancellation, type Entered, type Parked, type ParkedMovement, type Rejected, type Reread, tradeApi } from "./trade";

export function Waiting() {
  const loaded = useLoad(async (signal) => {
    const [parked, rejected] = await Promise.all([tradeApi.parked(signal), tradeApi.rejected(signal)]);
    return { parked: [...(parked.parked ?? []), ...(parked.movements ?? []), ...(parked.cancellations ?? [])], rejected: rejected.rejected ?? [] };
  }, []);
  if (!loaded.data) return <Pending of={loaded} card rows={2} />;
  return (
    <div class="mend-grid">
      <ParkedCard list={loaded.data.parked} reload={loaded.reload} />
      <RejectedCard list={loaded.data.rejected} reload={loaded.reload} />
    </div>
  );
}

type Waits = Parked | ParkedMovement | Cancellation;

/** What a thing that waits is called: the line of an order, a movement of stock by its cause, store and number, or an order. */
function nameOf(p: Waits): string {
  if ("line" in p) return `${p.line.channel} · ${p.line.order}/${p.line.line}`;
  if ("movement" in p) return `${t(`cause.${p.movement.cause}`)} · ${p.movement.store} · ${p.movement.id}`;
  return `${p.channel} · ${p.order}`;
}

const whyOf = (p: Waits): string => ("code" in p ? refusal(p).error : t("sales.cancelled_first"));

function ParkedCard({ list, reload }: { list: readonly Waits[]; reload(): void }) {
  const [saving, save] = useSave();
  const [taken, setTaken] = useState<number | null>(null);
  const replay = async () => {
    const done = await save(async () => setTaken((await tradeApi.replay()).replayed));
    if (done) reload();
  };
  return (
    <section class="card" aria-labelledby="parked">
      <header class="card-head">
        <h2 id="parked">{t("sales.parked")}</h2>
        <span class="count num">{count(list.length, lang.value)}</span>
        <Help name={t("sales.parked")}>{t("sales.parked_help")}</Help>
        {list.length > 0 && mayChange() && (
          <button class="button button-small push" type="button" disabled={saving.kind === "busy"} onClick={() => void replay()}>
            {t("sales.replay")}
          </button>
        )}
      </header>
      <SaveError saving={saving} />
      {taken !== null && (
        <p class="note" role="status">
          {t("sales.replayed", { n: count(taken, lang.value) })}
        </p>
      )}
      {list.length === 0 ? (
        <p class="note">{t("sales.parked_none")}</p>
      ) : (
        <ul class="mend-list">
          {list.map((p) => (
            <li key={nameOf(p)}>
              <b>{whyOf(p)}</b>
              <small class="muted num">
                {nameOf(p)} · {t("sales.since")} {minute(Date.parse(p.parked_at), lang.value)}
              </small>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function RejectedCard({ list, reload }: { list: readonly Rejected[]; reload(): void }) {
  const [saving, save] = useSave();
  const [done, setDone] = useState<Reread | null>(null);
  const reread = async () => {
    if (await save(async () => setDone(await tradeApi.reread()))) reload();
  };
  return (
    <section class="card" aria-labelledby="rejected">
      <header class="card-head">
        <h2 id="rejected">{t("sales.refused")}</h2>
        <span class="count num">{count(list.length, lang.value)}</span>
        <Help name={t("sales.refused")}>{t("sales.refused_help")}</Help>
        {list.some((r) => r.message) && mayChange() && (
          <button class="button button-small push" type="button" disabled={saving.kind === "busy"} onClick={() => void reread()}>
            {t("sales.reread")}
          </button>
        )}
      </header>
      <SaveError saving={saving} />
      {done && (
        <p class="note" role="status">
          {t("sales.reread_done", { messages: count(done.messages, lang.value), taken: count(done.taken, lang.value), n: count(done.stored + done.corrected, lang.value) })}
        </p>
      )}
      {list.length === 0 ? (
        <p class="note">{t("sales.refused_none")}</p>
      ) : (
        <ul class="mend-list">
          {list.map((r) => (
            <RejectedRow key={r.id} line={r} reload={reload} />
          ))}
        </ul>
      )}
    </section>
  );
}

function RejectedRow({ line: r, reload }: { line: Rejected; reload(): void }) {
  const [text, setText] = useState<string | null>(null);
  const [saving, save] = useSave();
  const forget = async () => {
    if (await save(() => tradeApi.forget(r.id))) reload();
  };
  const send = () =>
    save(async () => {
      const line = asLine(text!);
      const problem = await sendMended(r.source, line);
      if (problem) throw new Error(Object.values(refusal(problem)).filter(Boolean).join(" · "));
      await tradeApi.forget(r.id);
      reload();
    });
  return (
    <li>
      <b class="ink-empty">{refusal(r).error}</b>
      {refusal(r).hint && <small>{refusal(r).hint}</small>}
      <small class="muted num">
        {r.source} · {minute(Date.parse(r.last_at), lang.value)}
        {r.times > 1 && ` · ×${count(r.times, lang.value)}`}
      </small>
      {text === null ? (
        <code class="input-line" title={r.input}>
          {r.input}
        </code>
      ) : (
        <textarea class="input mend-text" rows={8} aria-label={t("sales.mended")} value={text} onInput={(e) => setText(e.currentTarget.value)} />
      )}
      <SaveError saving={saving} />
      {mayChange() && (
        <span class="mend-tools">
          {text === null ? (
            <button class="button button-small" type="button" onClick={() => setText(pretty(r.input))}>
              {t("sales.mend")}
            </button>
          ) : (
            <>
              <button class="button button-small button-primary" type="button" disabled={saving.kind === "busy"} onClick={() => void send()}>
                {t("sales.send")}
              </button>
              <button class="button button-small" type="button" onClick={() => setText(null)}>
                {t("setup.cancel")}
              </button>
            </>
          )}
          <button class="button button-small" type="button" onClick={() => void forget()}>
            {t("sales.forget")}
          </button>
        </span>
      )}
    </li>
  );
}

/** Sends what was mended as what it is, and gives what is still wrong with it. */
async function sendMended(source: string, input: unknown) {
  if (source === "parked/movement") return (await tradeApi.enter(input as Entered)).results.find((p) => p.status === "rejected");
  const report = await tradeApi.send(JSON.stringify({ lines: [input] }), "application/json", {});
  return report.problems?.find((p) => p.status === "rejected");
}

function asLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (e) {
    throw new Error(t("sales.not_json", { error: e instanceof Error ? e.message : String(e) }));
  }
}

function pretty(input: string): string {
  try {
    return JSON.stringify(JSON.parse(input), null, 1);
  } catch {
    return input;
  }
}
