// Teaching a product: by photos here, or by naming a facing on a cooler's picture. The service sees nothing
// itself; whoever holds the gallery and its keys takes what waits, and says what came of it.

import { useEffect, useRef, useState } from "preact/hooks";
import { Secret } from "../access/secret";
import { api } from "../api";
import { ago, count } from "../format";
import { lang, t, tn } from "../i18n/text";
import { isGtin, readGtin } from "../import/gtin";
import { to } from "../router";
import { session } from "../session";
import { fleet, now } from "../store";
import { Pending, useLoad } from "../ui/async";
import { Bin, Plus } from "../ui/icons";
import type { Board } from "./fleet";
import { command, type Lesson, lessonApi, MAX_PHOTOS, prepare, reached } from "./lessons";
import { Field, SaveButton, SaveError } from "./parts";
import { useSave } from "./save";
import { mayUpdate } from "../me";

/** How often what waits is asked for. */
const WATCH_MS = 3000;

export function Products() {
  const loaded = useLoad(async (signal) => {
    const [lessons, boards] = await Promise.all([lessonApi.list(signal), api.fleet(signal)]);
    return { lessons: lessons.lessons, boards: boards.boards ?? [] };
  }, []);
  const [teaching, setTeaching] = useState(false);
  const waiting = loaded.data?.lessons.filter((l) => l.status === "waiting").length ?? 0;
  useEffect(() => {
    if (waiting === 0) return;
    const timer = setInterval(() => loaded.reload(), WATCH_MS);
    return () => clearInterval(timer);
  }, [waiting > 0]);
  if (!loaded.data) return <Pending of={loaded} card rows={4} />;
  const { lessons, boards } = loaded.data;
  return (
    <section class="card lessons" aria-labelledby="lessons">
      <header class="card-head">
        <h2 id="lessons">{t("setup.products")}</h2>
        <span class="count num">{lessons.length}</span>
        {mayUpdate() && (
          <button class="button button-small push" type="button" aria-expanded={teaching} onClick={() => setTeaching(!teaching)}>
            <Plus />
            {t("teach.add")}
          </button>
        )}
      </header>
      {teaching && (
        <Teach
          close={() => setTeaching(false)}
          done={() => {
            setTeaching(false);
            loaded.reload();
          }}
          changed={loaded.reload}
        />
      )}
      <p class="note">{t(mayUpdate() ? "teach.help" : "teach.looker")}</p>
      {waiting > 0 && mayUpdate() && <Secret text={tn("teach.waiting", waiting)} value={command(location.origin, session.value?.kind !== "open")} />}
      {lessons.length === 0 && !teaching && <p class="note">{t("teach.none")}</p>}
      <ul class="setup-list">
        {lessons.map((l) => (
          <One key={l.id} lesson={l} boards={boards} changed={loaded.reload} />
        ))}
      </ul>
    </section>
  );
}

const TAG = { incomplete: "tag-degraded", waiting: "muted", taught: "tag-ok", refused: "tag-offline" } as const;

function One({ lesson: l, boards, changed }: { lesson: Lesson; boards: readonly Board[]; changed(): void }) {
  const [sure, setSure] = useState(false);
  const [saving, save] = useSave();
  const remove = async () => {
    setSure(false);
    if (await save(() => lessonApi.remove(l.id))) changed();
  };
  return (
    <li class="lesson">
      {l.arrived > 0 ? <img src={lessonApi.photo(l.id, 1)} alt={t("teach.photo_of", { name: l.name })} loading="lazy" /> : <span class="lesson-blank" />}
      <div class="lesson-main">
        <p>
          <b>{l.name}</b> <span class="muted num">{l.gtin}</span>
        </p>
        <p>
          <span class={TAG[l.status]}>{l.status === "incomplete" ? t("teach.incomplete", { n: l.arrived, of: l.photos }) : t(`teach.status.${l.status}`)}</span>{" "}
          <small class="muted">
            {l.device ? t("teach.from_cooler", { name: fleet.value.coolers.get(l.device)?.name || l.device }) : tn("teach.from_photos", l.photos)} · {t("up.by", { name: l.created_by, ago: ago(Date.parse(l.created_at), now.value, lang.value) })}
          </small>
        </p>
        {l.result && <Came lesson={l} result={l.result} boards={boards} />}
        <SaveError saving={saving} />
      </div>
      {mayUpdate() &&
        (sure ? (
          <button class="button button-small button-primary" type="button" onClick={() => void remove()}>
            {t("teach.remove_sure", { name: l.name })}
          </button>
        ) : (
          <button class="toggle toggle-icon" type="button" aria-label={t("teach.remove", { name: l.name })} title={t("teach.remove", { name: l.name })} onClick={() => setSure(true)}>
            <Bin />
          </button>
        ))}
    </li>
  );
}

/** What came of a lesson, and how far it is on its way to the boards. */
function Came({ lesson: l, result: r, boards }: { lesson: Lesson; result: NonNullable<Lesson["result"]>; boards: readonly Board[] }) {
  const { have, of } = reached(boards, r.bundle ?? "");
  const n = (v: number) => count(v, lang.value);
  return (
    <>
      {l.status === "taught" && <p class="muted">{tn("teach.in_gallery", r.references, { products: n(r.gallery.products), ago: ago(Date.parse(r.at), now.value, lang.value) })}</p>}
      {l.status === "taught" && (
        <p class="muted">
          {r.bundle ? (of > 0 ? t("teach.on_boards", { bundle: r.bundle, have: n(have), of: n(of) }) : t("teach.on_none", { bundle: r.bundle })) : t(r.gallery.signed_by ? "teach.no_bundle" : "teach.not_signed")}{" "}
          {r.bundle && mayUpdate() && have < Math.max(of, 1) && (
            <a class="card-link" href={to.setup("boards")}>
              {t("up.start")}
            </a>
          )}
        </p>
      )}
      {r.alike.length > 0 && <p class="lesson-alike">{t("teach.alike", { names: r.alike.map((a) => a.name || a.gtin).join(", ") })}</p>}
      {r.faults.map((f) => (
        <p key={f} class="lesson-fault">
          {f}
        </p>
      ))}
    </>
  );
}

interface Shot {
  name: string;
  blob: Blob;
  url: string;
}

function Teach({ done, close, changed }: { done(): void; close(): void; changed(): void }) {
  const products = useLoad((signal) => api.products(signal), []);
  const [gtin, setGtin] = useState("");
  const [name, setName] = useState("");
  const [shots, setShots] = useState<Shot[]>([]);
  const [bad, setBad] = useState<string[]>([]);
  const [sent, setSent] = useState(0);
  const [saving, save] = useSave();
  const latest = useRef(shots);
  latest.current = shots;
  useEffect(() => () => latest.current.forEach((s) => URL.revokeObjectURL(s.url)), []);
  const read = readGtin(gtin);
  const ready = read !== null && isGtin(read.gtin);

  const typed = (value: string) => {
    setGtin(value);
    const known = products.data?.products?.find((p) => p.gtin === readGtin(value)?.gtin);
    if (known?.name && name === "") setName(known.name);
  };
  const take = async (files: readonly File[]) => {
    const room = MAX_PHOTOS - shots.length;
    const made = await Promise.allSettled(files.slice(0, room).map(prepare));
    const good = made.flatMap((m, i) => (m.status === "fulfilled" ? [{ name: files[i]!.name, blob: m.value, url: URL.createObjectURL(m.value) }] : []));
    setShots([...shots, ...good]);
    setBad([...files.slice(0, room).filter((_, i) => made[i]!.status === "rejected"), ...files.slice(room)].map((f) => f.name));
  };
  const drop = (s: Shot) => {
    URL.revokeObjectURL(s.url);
    setShots(shots.filter((x) => x !== s));
  };
  const submit = async (e: Event) => {
    e.preventDefault();
    if (!ready || shots.length === 0) return;
    setSent(0);
    const ok = await save(async () => {
      const lesson = await lessonApi.add({ gtin: read.gtin, name: name.trim(), photos: shots.length });
      try {
        for (const [i, s] of shots.entries()) {
          await lessonApi.putPhoto(lesson.id, i + 1, s.blob);
          setSent(i + 1);
        }
      } catch (e) {
        await lessonApi.remove(lesson.id).catch(() => changed()); // half of it is of no use; where it stays, it is shown
        throw e;
      }
    });
    if (ok) done();
  };
  return (
    <form
      class="form teach"
      aria-label={t("teach.add")}
      onSubmit={submit}
      onDragOver={(e) => e.preventDefault()}
      onDrop={(e) => {
        e.preventDefault();
        void take([...(e.dataTransfer?.files ?? [])]);
      }}
    >
      <Field label={t("name.gtin")} value={gtin} onValue={typed} required pattern="[0-9 ]{8,17}" {...(gtin.length > 7 && !ready ? { hint: t("teach.no_gtin") } : {})} />
      <Field label={t("name.name")} value={name} onValue={setName} required />
      <label class="field">
        <span>{t("teach.photos")}</span>
        <input
          class="input"
          type="file"
          accept="image/*"
          multiple
          disabled={shots.length >= MAX_PHOTOS}
          onChange={(e) => {
            void take([...(e.currentTarget.files ?? [])]);
            e.currentTarget.value = "";
          }}
        />
        <small>{t("teach.photos_hint", { most: MAX_PHOTOS })}</small>
      </label>
      {shots.length > 0 && (
        <ul class="teach-shots">
          {shots.map((s) => (
            <li key={s.url}>
              <img src={s.url} alt={s.name} />
              <button class="toggle toggle-icon" type="button" aria-label={t("teach.drop", { name: s.name })} title={t("teach.drop", { name: s.name })} onClick={() => drop(s)}>
                <Bin />
              </button>
            </li>
          ))}
        </ul>
      )}
      {bad.length > 0 && (
        <p class="save-error" role="alert">
          {t("teach.bad", { names: bad.join(", "), most: MAX_PHOTOS })}
        </p>
      )}
      <div class="form-foot">
        <SaveButton saving={saving} label={t("teach.do")} disabled={!ready || name.trim() === "" || shots.length === 0} />
        <button class="button" type="button" onClick={close}>
          {t("setup.cancel")}
        </button>
        {saving.kind === "busy" && (
          <small role="status" class="muted">
            {t("teach.sending", { n: sent, of: shots.length })}
          </small>
        )}
        <SaveError saving={saving} />
      </div>
    </form>
  );
}
