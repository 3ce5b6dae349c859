// Numbers and times as people read them, in the page's language. Pure: the language and the present
// come from the caller.

export type Lang = "en" | "zh";

const LOCALE: Record<Lang, string> = { en: "en-GB", zh: "zh-CN" };

// Formatters are dear to make and used in every row, so each is made once.
const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>();

function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(key: string, make: () => T): T {
  const known = cache.get(key) as T | undefined;
  if (known) return known;
  const made = make();
  cache.set(key, made);
  return made;
}

/** What stands where there is no value. */
export const NONE = "–";

export function count(n: number, lang: Lang): string {
  return cached(`n${lang}`, () => new Intl.NumberFormat(LOCALE[lang])).format(n);
}

/** A share from 0 to 1 in per cent; never 100 % for less than all, never 0 % for more than none. */
export function percent(share: number | null, lang: Lang): string {
  if (share === null || Number.isNaN(share)) return NONE;
  let whole = Math.round(share * 100);
  if (whole === 100 && share < 1) whole = 99;
  if (whole === 0 && share > 0) whole = 1;
  return cached(`p${lang}`, () => new Intl.NumberFormat(LOCALE[lang], { style: "percent" })).format(whole / 100);
}

const inCurrency = (currency: string, lang: Lang) => cached(`€${lang}${currency}`, () => new Intl.NumberFormat(LOCALE[lang], { style: "currency", currency }));

/** An amount in the minor unit of its currency. */
export function money(minor: number, currency: string, lang: Lang): string {
  return inCurrency(currency, lang).format(minor / 10 ** digits(currency));
}

/** Decimal places of a currency; two where it is not known yet. */
export function digits(currency: string | undefined): number {
  return currency ? (inCurrency(currency, "en").resolvedOptions().maximumFractionDigits ?? 2) : 2;
}

/** Milli-degrees Celsius. */
export function temperature(mc: number | null, lang: Lang): string {
  if (mc === null) return NONE;
  const n = cached(`t${lang}`, () => new Intl.NumberFormat(LOCALE[lang], { minimumFractionDigits: 1, maximumFractionDigits: 1, signDisplay: "negative" }));
  return `${n.format(mc / 1000)} °C`;
}

/** Milliwatts, as watts. */
export function watts(mw: number, lang: Lang): string {
  const n = cached(`w${lang}`, () => new Intl.NumberFormat(LOCALE[lang], { maximumFractionDigits: 1, minimumFractionDigits: 1 }));
  return `${n.format(mw / 1000)} W`;
}

/** Time of day; with the date where it is not today. */
export function clock(ms: number, now: number, lang: Lang, seconds = false): string {
  const sameDay = new Date(ms).toDateString() === new Date(now).toDateString();
  const key = `c${lang}${sameDay}${seconds}`;
  return cached(key, () =>
    new Intl.DateTimeFormat(LOCALE[lang], {
      ...(sameDay ? {} : { month: "short", day: "numeric" }),
      hour: "2-digit",
      minute: "2-digit",
      ...(seconds ? { second: "2-digit" } : {}),
      hourCycle: "h23",
    }),
  ).format(ms);
}

/** Day of the year, short, for axes. */
export function day(ms: number, lang: Lang): string {
  return cached(`d${lang}`, () => new Intl.DateTimeFormat(LOCALE[lang], { month: "short", day: "numeric" })).format(ms);
}

/** Date and time in full, for titles. */
export function moment(ms: number, lang: Lang): string {
  return cached(`m${lang}`, () => new Intl.DateTimeFormat(LOCALE[lang], { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" })).format(ms);
}

/** Date and time to the minute, for spans. */
export function minute(ms: number, lang: Lang): string {
  return cached(`mm${lang}`, () => new Intl.DateTimeFormat(LOCALE[lang], { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" })).format(ms);
}

/** How long ago, coarse. A time ahead of this clock is "now": clocks of boards and browsers differ. */
export function ago(ms: number, now: number, lang: Lang): string {
  const s = Math.max(0, (now - ms) / 1000);
  const r = cached(`r${lang}`, () => new Intl.RelativeTimeFormat(LOCALE[lang], { numeric: "auto", style: "short" }));
  if (s < 10) return r.format(0, "second");
  if (s < 60) return r.format(-Math.floor(s / 10) * 10, "second");
  if (s < 3600) return r.format(-Math.floor(s / 60), "minute");
  if (s < 86_400) return r.format(-Math.floor(s / 3600), "hour");
  return r.format(-Math.floor(s / 86_400), "day");
}

const UNITS: Record<Lang, { s: string; min: string; h: string; d: string }> = {
  en: { s: " s", min: " min", h: " h", d: " d" },
  zh: { s: " 秒", min: " 分钟", h: " 小时", d: " 天" },
};

/** A length of time in its one or two largest units. */
export function duration(seconds: number, lang: Lang): string {
  const u = UNITS[lang];
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s}${u.s}`;
  const min = Math.floor(s / 60);
  if (min < 60) return `${min}${u.min}`;
  const h = Math.floor(min / 60);
  if (h < 24) return min % 60 ? `${h}${u.h} ${min % 60}${u.min}` : `${h}${u.h}`;
  const d = Math.floor(h / 24);
  return h % 24 ? `${d}${u.d} ${h % 24}${u.h}` : `${d}${u.d}`;
}

/** An interval that is known by its bounds: "12–18 min", or one value where both read the same. */
export function interval(minSeconds: number, maxSeconds: number, lang: Lang): string {
  const lo = duration(minSeconds, lang);
  const hi = duration(maxSeconds, lang);
  if (lo === hi) return lo;
  // The unit is said once where both bounds are one number of the same unit.
  const [n, unit, more] = lo.split(" ");
  const [, hiUnit, hiMore] = hi.split(" ");
  return unit === hiUnit && more === undefined && hiMore === undefined ? `${n}–${hi}` : `${lo} – ${hi}`;
}
