// Texts with both languages side by side, so that neither is forgotten.

export type Pairs = Record<string, readonly [en: string, zh: string]>;

/** One language of the pairs. */
export function side<P extends Pairs>(pairs: P, i: 0 | 1): { [K in keyof P]: string } {
  return Object.fromEntries(Object.entries(pairs).map(([k, pair]) => [k, pair[i]])) as { [K in keyof P]: string };
}
