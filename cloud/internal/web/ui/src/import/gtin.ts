// Product numbers as files bring them: with spaces, without leading noughts, without check digit. Pure.

/** The check digit of the digits before it (GS1 General Specifications, section 7.9). */
export function checkDigit(body: string): number {
  let sum = 0;
  for (let i = 0; i < body.length; i++) sum += Number(body[body.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  return (10 - (sum % 10)) % 10;
}

export const isGtin = (s: string) => /^(\d{8}|\d{12,14})$/.test(s) && checkDigit(s.slice(0, -1)) === Number(s.at(-1));

export interface Read {
  gtin: string;
  /** The file left it out, and it was worked out. */
  added: boolean;
}

/** A GTIN from a file's cell; null where it is none. Space planning leaves the check digit out, and with it leading noughts. */
export function readGtin(cell: string): Read | null {
  const digits = cell.replace(/[\s-]/g, "").replace(/^(\d+)\.0+$/, "$1");
  if (!/^\d{6,14}$/.test(digits)) return null;
  if (isGtin(digits)) return { gtin: digits, added: false };
  for (const n of [12, 13, 14]) {
    const padded = digits.padStart(n, "0");
    if (digits.length <= n && padded.length === n && isGtin(padded)) return { gtin: padded, added: false };
  }
  if (digits.length <= 11) {
    const body = digits.padStart(11, "0");
    return { gtin: `${body}${checkDigit(body)}`, added: true };
  }
  if (digits.length === 12) return { gtin: `${digits}${checkDigit(digits)}`, added: true };
  return null;
}
