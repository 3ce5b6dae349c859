// The part of a picture that shows one slot with what stands around it. Pure.

import type { Box } from "../types";

/** How much of the surroundings is shown on each side, in widths or heights of the slot. */
const AROUND = 0.45;

/**
 * The smallest part of a picture of w by h pixels that holds the box with its surroundings and has the
 * given ratio of width to height; as much of it as there is where the picture ends.
 */
export function cropAround(box: Box, w: number, h: number, ratio: number): Box {
  const [x, y, bw, bh] = box;
  let cw = bw * (1 + 2 * AROUND);
  let ch = bh * (1 + 2 * AROUND);
  if (cw / ch < ratio) cw = ch * ratio;
  else ch = cw / ratio;
  const shrink = Math.min(1, w / cw, h / ch);
  cw *= shrink;
  ch *= shrink;
  const place = (middle: number, size: number, all: number) => Math.max(0, Math.min(middle - size / 2, all - size));
  return [place(x + bw / 2, cw, w), place(y + bh / 2, ch, h), cw, ch];
}

/** Where a box of the picture lies within a part of it, in per cent of the part. */
export function within(box: Box, part: Box): { left: string; top: string; width: string; height: string } {
  const share = (n: number, of: number) => `${(100 * n) / of}%`;
  return { left: share(box[0] - part[0], part[2]), top: share(box[1] - part[1], part[3]), width: share(box[2], part[2]), height: share(box[3], part[3]) };
}
