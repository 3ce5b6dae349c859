// Which rows of a long list are on the screen. Pure.

const MARGIN_ROWS = 8;

/** The first and one past the last row to draw. */
export function visible(top: number, viewport: number, rowHeight: number, n: number): [number, number] {
  const first = Math.max(0, Math.floor(-top / rowHeight) - MARGIN_ROWS);
  const last = Math.min(n, Math.ceil((viewport - top) / rowHeight) + MARGIN_ROWS);
  return [Math.min(first, n), Math.max(last, 0)];
}
