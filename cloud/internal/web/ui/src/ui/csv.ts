// Tables for spreadsheets.

/** RFC 4180. A cell that a spreadsheet would take for a formula is kept as text. */
export function toCsv(rows: readonly (readonly (string | number | null)[])[]): string {
  const cell = (v: string | number | null) => {
    if (v === null) return "";
    if (typeof v === "number") return String(v);
    const safe = /^[=+\-@\t\r]/.test(v) ? `'${v}` : v;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return `${rows.map((r) => r.map(cell).join(",")).join("\r\n")}\r\n`;
}

/** Offers the table as a file, with a mark at its head by which Excel knows UTF-8. */
export function saveCsv(name: string, rows: readonly (readonly (string | number | null)[])[]): void {
  saveText(`${name}-${new Date().toISOString().slice(0, 16).replace(/[:T]/g, "-")}.csv`, `\uFEFF${toCsv(rows)}`, "text/csv;charset=utf-8");
}

/** Saves a text as a file of that name. */
export function saveText(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
