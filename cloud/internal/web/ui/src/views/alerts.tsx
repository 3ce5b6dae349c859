// The inbox: filter, look at the evidence, take on, give away, mute, write; one by one or many at once.

import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { Bulk, type Picked } from "../alerts/bulk";
import { AlertDetail } from "../alerts/detail";
import { Calm } from "../alerts/calm";
import { matches } from "../alerts/filter";
import { FilterBar } from "../alerts/filterbar";
import { useInboxKeys } from "../alerts/keys";
import { useLinkedFilter } from "../alerts/linked";
import { mayUpdate } from "../me";
import { NotifySwitches } from "../alerts/notify";
import { useResolved } from "../alerts/resolved";
import { t, tn, word } from "../i18n/text";
import { coolerName, ranked, ready, storeName, waiting } from "../store";
import type { Alert } from "../types";
import { AlertRow } from "../ui/alert";
import { Blank, Failed, Skeleton } from "../ui/async";
import { Bell } from "../ui/icons";
import { Unheard } from "../ui/unheard";

const PAGE = 100;

export function AlertsView({ id }: { id: string | undefined }) {
  const filter = useLinkedFilter(id);
  const shown = useSignal(PAGE);
  const f = filter.value;
  const resolved = useResolved(f.state === "resolved");
  const all: readonly Alert[] = f.state === "resolved" ? resolved.alerts : ranked.value;
  const found = all.filter((a) => matches(a, f, (x) => `${coolerName(x.device)} ${storeName(x.store)} ${word("type", x.type)}`));
  const { fresh } = waiting.value;
  const loading = f.state === "resolved" ? resolved.loading && all.length === 0 : !ready.value;
  const more = found.length > shown.value || (f.state === "resolved" && resolved.more);
  const showMore = () => {
    shown.value += PAGE;
    if (f.state === "resolved" && found.length <= shown.value) resolved.next();
  };
  const picked: Picked = useSignal<ReadonlySet<string>>(new Set());
  const last = useRef("");
  const pick = (which: string, on = !picked.value.has(which), range = false) => {
    const next = new Set(picked.value);
    const [i, j] = [found.findIndex((a) => a.id === last.current), found.findIndex((a) => a.id === which)];
    const ids = range && i >= 0 ? found.slice(Math.min(i, j), Math.max(i, j) + 1).map((a) => a.id) : [which];
    for (const x of ids) on ? next.add(x) : next.delete(x);
    last.current = which;
    picked.value = next;
  };
  useInboxKeys(found, id, pick);
  return (
    <div class={`page inbox${id ? " has-detail" : ""}`}>
      <div class="inbox-list">
        <div class="inbox-title">
          <h1 class="headline">{t("alerts.title")}</h1>
          <span class="muted num" role="status">
            {!loading && tn("alerts.count", found.length)}
          </span>
        </div>
        <FilterBar filter={filter} alerts={all} />
        <div class="inbox-bar">
          {found.length > 0 && mayUpdate() && <Bulk alerts={found} picked={picked} />}
          <span class="keys-hint">{t(mayUpdate() ? "keys.hint" : "looker.alert")}</span>
          <NotifySwitches />
        </div>
        <section class="card panel" aria-label={t("alerts.title")}>
          {loading ? (
            f.state === "resolved" ? (
              <Skeleton rows={6} height={52} />
            ) : (
              <Unheard rows={6} height={52} />
            )
          ) : f.state === "resolved" && resolved.error && all.length === 0 ? (
            <Failed error={resolved.error} retry={resolved.again} />
          ) : found.length === 0 ? (
            all.length === 0 && f.state === "open" ? (
              <Calm />
            ) : (
              <Blank title={t("alerts.none_match")}>{t("alerts.none_match_text")}</Blank>
            )
          ) : (
            <ol class="alerts">
              {found.slice(0, shown.value).map((a) => (
                <AlertRow key={a.id} alert={a} fresh={fresh.has(a.id)} selected={a.id === id} {...(mayUpdate() && { pick: { on: picked.value.has(a.id), change: (on: boolean, range: boolean) => pick(a.id, on, range) } })} />
              ))}
            </ol>
          )}
          {f.state === "resolved" && resolved.error && all.length > 0 && <Failed error={resolved.error} retry={resolved.again} />}
          {more && (
            <button class="card-foot" type="button" onClick={showMore}>
              {t("alerts.more")}
            </button>
          )}
        </section>
      </div>
      <aside class="inbox-detail">
        {id ? (
          <AlertDetail key={id} id={id} />
        ) : (
          <div class="card inbox-empty">
            <Blank icon={<Bell />} title={t("alerts.pick")} />
          </div>
        )}
      </aside>
    </div>
  );
}
