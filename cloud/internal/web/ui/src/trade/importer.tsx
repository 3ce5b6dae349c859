// A file of sales: a dry run says what would become of each line, and only then it is taken.

import { useState } from "preact/hooks";
import { ApiError } from "../api";
import { count } from "../format";
import { lang, t, refusal } from "../i18n/text";
import { Select } from "../setup/parts";
import { useLoad } from "../ui/async";
import { saveCsv, saveText } from "../ui/csv";
import { Help } from "../ui/help";
import { Download, Plus } from "../ui/icons";
import { mayChange } from "./parts";
import { type Problem, type Report, tradeApi, typeOf } from "./trade";

const COUNTS = ["lines", "stored", "corrected", "duplicate", "late", "parked", "rejected", "skipped"] as const;

interface Picked {
  name: string;
  /** As it is: the service knows encodings that a page does not. */
  bytes: Blob;
  type: string;
}

export function Importer() {
  const [open, setOpen] = useState(false);
  if (!mayChange()) return null;
  return (
    <section class="card" aria-labelledby="import">
      <header class="card-head">
        <h2 id="import">{t("sales.from_file")}</h2>
        <Help name={t("sales.from_file")}>{t("sales.import_help")}</Help>
        <button class="button button-small push" type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
          <Plus />
          {t("sales.import")}
        </button>
      </header>
      {open && <Body />}
    </section>
  );
}

function Body() {
  const channels = useLoad((signal) => tradeApi.channels(signal), []);
  const files = (channels.data?.channels ?? []).filter((c) => c.kind === "file" || c.kind === "poslog");
  const [channel, setChannel] = useState("");
  const [file, setFile] = useState<Picked | null>(null);
  const [report, setReport] = useState<Report | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const named = channel || files[0]?.channel || "";
  const needs = file !== null && (file.type === "text/csv" || file.type === "application/xml");
  const pick = (f: File | undefined) => {
    setReport(null);
    setError("");
    setFile(f ? { name: f.name, bytes: f, type: typeOf(f.name) } : null);
  };
  const send = async (dry: boolean) => {
    setBusy(true);
    setError("");
    try {
      setReport(await tradeApi.send(file!.bytes, file!.type, { ...(needs ? { channel: named } : {}), mend: "true", ...(dry ? { dry_run: "true" } : {}) }));
    } catch (e) {
      setReport(null);
      setError(e instanceof ApiError ? [e.message, e.hint].filter(Boolean).join(" · ") : String(e));
    } finally {
      setBusy(false);
    }
  };
  const good = report ? report.stored + report.corrected + report.parked : 0;
  return (
    <>
      <form
        class="form"
        onSubmit={(e) => {
          e.preventDefault();
          void send(true);
        }}
      >
        <label class="field">
          <span>{t("sales.file")}</span>
          <input class="input file-input" type="file" accept=".csv,.ndjson,.json,.xml,.gz" required onChange={(e) => pick(e.currentTarget.files?.[0])} />
        </label>
        {files.length > 0 ? (
          <Select label={t("sales.channel")} value={named} onValue={setChannel} hint={t("sales.channel_hint")}>
            {files.map((c) => (
              <option key={c.channel} value={c.channel}>
                {c.channel}
              </option>
            ))}
          </Select>
        ) : (
          channels.data && <p class="muted import-note">{t("sales.no_channels")}</p>
        )}
        <div class="form-foot">
          <button class="button button-primary" type="submit" disabled={busy || !file || file.type === "" || (needs && !named)}>
            {t(busy ? "sales.reading" : "sales.dry")}
          </button>
          {report?.dry_run && good > 0 && (
            <button class="button" type="button" disabled={busy} onClick={() => void send(false)}>
              {t("sales.take", { n: count(good, lang.value) })}
            </button>
          )}
          {error && (
            <div class="save-error" role="alert">
              {error}
            </div>
          )}
        </div>
      </form>
      {report && <Outcome report={report} file={file?.name ?? "sales"} />}
    </>
  );
}

function Outcome({ report: r, file }: { report: Report; file: string }) {
  const l = lang.value;
  const problems = r.problems ?? [];
  const mend = () => {
    const name = file.replace(/\.gz$/i, "");
    saveText(name.replace(/(\.\w+)?$/, ".rejected$1"), r.mend!, typeOf(name));
  };
  const save = () => saveCsv(file.replace(/\.\w+$/, ""), [[t("sales.line"), "status", "code", t("sales.problems"), t("sales.input")], ...problems.map((p) => [p.line, p.status, p.code, p.error, p.input])]);
  return (
    <div class="outcome">
      <p role="status" class={r.dry_run ? "muted" : "ink-ok"}>
        {r.dry_run ? t("sales.would") : t("sales.taken", { n: count(r.stored + r.corrected, l) })}
      </p>
      <dl class="outcome-counts num">
        {COUNTS.filter((k) => r[k] > 0 || k === "lines" || k === "stored").map((k) => (
          <div key={k} class={k === "rejected" ? "ink-empty" : k === "parked" ? "ink-low" : ""}>
            <dt>{t(`sales.report.${k}`)}</dt>
            <dd>{count(r[k], l)}</dd>
          </div>
        ))}
      </dl>
      {r.stopped_at !== undefined && <p class="save-error">{t("sales.stopped", { n: r.stopped_at })}</p>}
      {problems.length > 0 && (
        <>
          <h3 class="form-title">
            {t("sales.problems")}
            <span class="outcome-tools push">
              <button class="button button-small" type="button" onClick={save}>
                <Download />
                {t("sales.save_problems")}
              </button>
              {r.mend && !r.dry_run && (
                <button class="button button-small" type="button" onClick={mend}>
                  <Download />
                  {t("sales.save_mend")}
                </button>
              )}
            </span>
          </h3>
          <Problems list={problems} />
        </>
      )}
    </div>
  );
}

function Problems({ list }: { list: readonly Problem[] }) {
  return (
    <div class="scroll-x" tabIndex={0} role="region" aria-label={t("sales.problems")}>
      <table class="kpi-table plain-table">
        <thead>
          <tr>
            <th scope="col">{t("sales.line")}</th>
            <th scope="col">{t("sales.problems")}</th>
            <th scope="col">{t("sales.input")}</th>
          </tr>
        </thead>
        <tbody>
          {list.slice(0, 100).map((p, i) => (
            <tr key={i}>
              <td class="num">{p.line}</td>
              <td class="wrap">
                <span class={p.status === "rejected" ? "ink-empty" : "ink-low"}>{refusal(p).error}</span>
                {refusal(p).hint && <small class="muted">{refusal(p).hint}</small>}
              </td>
              <td>
                <code class="input-line" title={p.input}>
                  {p.input}
                </code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
