// How a cooler's board shall be, part by part: what is wanted, where the wish comes from, and what the board
// says that it has.

import { api } from "../api";
import { ago } from "../format";
import { lang, t } from "../i18n/text";
import { mayUpdate } from "../me";
import { to } from "../router";
import type { Part, Standing } from "../setup/fleet";
import { scheduleWords } from "../setup/wishes";
import { now } from "../store";
import { Pending, useLoad } from "../ui/async";

const PARTS = ["planogram", "schedule", "thresholds", "gallery", "model", "agent"] as const;

export function Wanted({ device, version }: { device: string; version: string }) {
  const loaded = useLoad((signal) => api.desired(device, signal), [device, version]);
  const d = loaded.data;
  return (
    <section class="card later" aria-labelledby="wanted">
      <header class="card-head">
        <h2 id="wanted">{t("wish.board")}</h2>
        {d && <span class={d.state === "in_force" ? "tag-ok" : d.state === "pending" ? "tag-degraded" : d.state === "none" ? "muted" : "tag-offline"}>{t(`up.state.${d.state}`)}</span>}
        {d?.reported_at && <span class="muted">{t("wish.told", { ago: ago(Date.parse(d.reported_at), now.value, lang.value) })}</span>}
        {mayUpdate() && (
          <a class="card-link push" href={to.setup("boards")}>
            {t("wish.change")}
          </a>
        )}
      </header>
      {!d ? <Pending of={loaded} rows={2} height={28} /> : <Table d={d} />}
    </section>
  );
}

function Table({ d }: { d: Standing }) {
  const parts = PARTS.filter((p) => d.wanted[p]);
  return (
    <>
      {parts.length === 0 && (d.wanted.missing ?? []).length === 0 && <p class="note">{t("wish.nothing")}</p>}
      {parts.length > 0 && (
        <div class="scroll-x wanted-table" tabIndex={0} role="region" aria-label={t("wish.board")}>
          <table class="slots">
            <thead>
              <tr>
                {(["wish.part", "wish.wanted", "wish.from", "wish.has"] as const).map((k) => (
                  <th key={k} scope="col">
                    {t(k)}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {parts.map((p) => {
                const differs = d.differences.find((x) => x.part === p);
                return (
                  <tr key={p}>
                    <th scope="row">{t(`up.part.${p}`)}</th>
                    <td class="break">{wordsOf(p, d)}</td>
                    <td class="muted">{t(`wish.from.${d.wanted[p]!.from}`)}</td>
                    <td class="break">{differs ? <span class="tag-degraded">{differs.has || t("wish.own")}</span> : <span class="tag-ok">{t("wish.same")}</span>}</td>
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
      {(d.state === "rejected" || d.state === "rolled_back") && d.detail && <p class="note lesson-fault">{d.detail}</p>}
      {(d.wanted.missing ?? []).map((m) => (
        <p key={m} class="note lesson-alike">
          {m}
        </p>
      ))}
    </>
  );
}

function wordsOf(part: Part, d: Standing): string {
  const w = d.wanted;
  switch (part) {
    case "planogram":
      return `${w.planogram!.id} · ${t("cooler.planogram_version", { n: w.planogram!.version })}`;
    case "schedule":
      return scheduleWords(w.schedule!);
    case "thresholds":
      return Object.entries(w.thresholds!.values)
        .map(([k, v]) => `${k} ${v}`)
        .join(", ");
    default:
      return w[part]!.version;
  }
}
