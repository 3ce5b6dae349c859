// What runs on every board and how it is: versions, what waits to be sent, and what a board can be asked.

import { useState } from "preact/hooks";
import { api, ApiError } from "../api";
import { ago, clock, count, duration, moment, temperature } from "../format";
import { lang, t, type Key } from "../i18n/text";
import { to } from "../router";
import { now, storeName } from "../store";
import { Pending, useLoad } from "../ui/async";
import { StatusChip } from "../ui/state";
import { mayUpdate } from "../me";
import { PlansFromHere, Updates } from "./updates";
import { Wishes } from "./wishes";
import { type Board, bytes, compareVersions, versions } from "./fleet";

export function Boards() {
  const loaded = useLoad((signal) => api.fleet(signal), []);
  if (!loaded.data) return <Pending of={loaded} card rows={4} />;
  const list = loaded.data.boards ?? [];
  const kinds = versions(list);
  const newest = kinds.find(([v]) => v !== "")?.[0] ?? "";
  return (
    <div class="stack boards">
      <section class="card" aria-labelledby="versions">
        <header class="card-head">
          <h2 id="versions">{t("boards.versions")}</h2>
          <span class="count num">{list.length}</span>
        </header>
        {list.length === 0 ? (
          <p class="note">{t("boards.none")}</p>
        ) : (
          <ul class="versions">
            {kinds.map(([v, n]) => (
              <li key={v}>
                <b class="num">{v || t("boards.version_unknown")}</b>
                <span class="version-bar" aria-hidden="true">
                  <span class={v === newest ? "is-newest" : ""} style={{ width: `${(100 * n) / list.length}%` }} />
                </span>
                <span class="num">{count(n, lang.value)}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <Updates boards={list} />
      <Wishes boards={list} changed={loaded.reload} />
      {list.length > 0 && (
        <section class="card" aria-label={t("setup.boards")}>
          <PlansFromHere />
          <div class="scroll-x" tabIndex={0} role="region" aria-label={t("setup.boards")}>
            <table class="slots boards-table">
              <thead>
                <tr>
                  {(["boards.cooler", "col.status", "boards.runs", "up.wanted", "boards.health", "boards.waiting", "boards.clock", ...(mayUpdate() ? (["boards.actions"] as const) : [])] as const).map((k) => (
                    <th key={k} scope="col">
                      {t(k)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {list.map((b) => (
                  <BoardRow key={b.device} board={b} newest={newest} />
                ))}
              </tbody>
            </table>
          </div>
        </section>
      )}
    </div>
  );
}

function BoardRow({ board: b, newest }: { board: Board; newest: string }) {
  const l = lang.value;
  const h = b.health;
  const old = b.agent_version !== undefined && newest !== "" && compareVersions(b.agent_version, newest) < 0;
  return (
    <tr>
      <td>
        <a class="link-plain" href={to.cooler(b.device)}>
          <b>{b.name || b.device}</b>
        </a>
        <small class="muted">{[b.device, storeName(b.store)].join(" · ")}</small>
      </td>
      <td>
        <StatusChip status={b.status} />
        <small class="muted num">{b.last_seen ? ago(Date.parse(b.last_seen), now.value, l) : t("col.never")}</small>
        {b.reasons && b.reasons.length > 0 && <small class="tag-degraded">{b.reasons.join(", ")}</small>}
      </td>
      <td class="num">
        {b.agent_version ? t("boards.agent_n", { version: b.agent_version }) : "–"}
        {old && <small class="tag-degraded">{t("boards.old", { newest })}</small>}
        <small class="muted">{b.model}</small>
        <small class="muted">{b.board}</small>
      </td>
      <td class="boards-wanted">
        <Wanted board={b} />
      </td>
      <td class="num" title={b.started_at && moment(Date.parse(b.started_at), l)}>
        {h ? duration(h.uptime_s, l) : b.started_at ? duration((now.value - Date.parse(b.started_at)) / 1000, l) : "–"}
        {h && <small class="muted">{[t("boards.free", { size: bytes(h.disk_free_bytes) }), h.board_temp_mc == null ? "" : temperature(h.board_temp_mc, l)].filter(Boolean).join(" · ")}</small>}
      </td>
      <td class="num">{!h ? "–" : h.outbox_messages === 0 || !h.outbox_oldest ? count(h.outbox_messages, l) : t("boards.waiting_since", { n: count(h.outbox_messages, l), time: clock(Date.parse(h.outbox_oldest), now.value, l) })}</td>
      <td>{b.clock ? t(`boards.clock.${b.clock}` as Key) : "–"}</td>
      {mayUpdate() && (
        <td>
          <Ask board={b} />
        </td>
      )}
    </tr>
  );
}

/** How the board stands to what is wanted of it, in its own words where it refused. */
function Wanted({ board: b }: { board: Board }) {
  const [asked, setAsked] = useState<string | null>(null);
  const d = b.desired;
  if (!d) return <>–</>;
  const refused = d.state === "rejected" || d.state === "rolled_back";
  const retry = async () => {
    try {
      await api.retryDesired(b.device);
      setAsked(t("boards.asked"));
    } catch (e) {
      setAsked(t("boards.failed", { error: e instanceof ApiError ? e.message : String(e) }));
    }
  };
  return (
    <>
      <span class={refused ? "tag-offline" : d.state === "pending" ? "tag-degraded" : d.state === "none" ? "muted" : ""}>{t(`up.state.${d.state}`)}</span>
      {d.differences.map((x) => (
        <small key={x.part} class="muted">
          {x.has ? t("up.differs", { part: t(`up.part.${x.part}`), wanted: x.wanted, has: x.has }) : t("up.differs_own", { part: t(`up.part.${x.part}`), wanted: x.wanted })}
        </small>
      ))}
      {refused && <small class="tag-offline">{d.detail}</small>}
      {(d.wanted.missing ?? []).map((m) => (
        <small key={m} class="tag-degraded">
          {m}
        </small>
      ))}
      {refused && mayUpdate() && (
        <button class="button button-small" type="button" onClick={() => void retry()}>
          {t("up.retry")}
        </button>
      )}
      {asked && <small role="status">{asked}</small>}
    </>
  );
}

function Ask({ board: b }: { board: Board }) {
  const [sure, setSure] = useState(false);
  const [said, setSaid] = useState<{ text: string; bad: boolean } | null>(null);
  const off = b.status === "offline" || b.status === "never_seen";
  const ask = async (name: "selftest" | "restart") => {
    setSure(false);
    try {
      await api.command(b.device, name);
      setSaid({ text: t("boards.asked"), bad: false });
    } catch (e) {
      setSaid({ text: t("boards.failed", { error: e instanceof ApiError ? e.message : String(e) }), bad: true });
    }
  };
  return (
    <span class="boards-ask">
      <button class="button button-small" type="button" disabled={off} onClick={() => void ask("selftest")}>
        {t("boards.selftest")}
      </button>
      {sure ? (
        <button class="button button-small button-primary" type="button" onClick={() => void ask("restart")}>
          {t("boards.sure", { name: b.name || b.device })}
        </button>
      ) : (
        <button class="button button-small" type="button" disabled={off} onClick={() => setSure(true)}>
          {t("boards.restart")}
        </button>
      )}
      {said && (
        <small role={said.bad ? "alert" : "status"} class={said.bad ? "tag-offline" : "muted"}>
          {said.text}
        </small>
      )}
    </span>
  );
}
