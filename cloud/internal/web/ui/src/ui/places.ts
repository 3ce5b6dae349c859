// Places in a list. Pure.

/** The rows in the places that their keys have; what has none comes after, in its own order. */
export function inPlaces<T>(rows: readonly T[], keys: readonly string[], keyOf: (row: T) => string): T[] {
  const place = new Map(keys.map((k, i) => [k, i]));
  return rows
    .map((row, i) => ({ row, at: place.get(keyOf(row)) ?? keys.length + i }))
    .sort((a, b) => a.at - b.at)
    .map(({ row }) => row);
}
