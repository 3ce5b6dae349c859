// A figure's last day as a line without axes; in words for who cannot see it.

import { t } from "../i18n/text";
import { type Line, strokes } from "./trend";

const [WIDTH, HEIGHT] = [120, 20];

export function Spark({ line, show, live = false }: { line: Line | undefined; show(v: number): string; live?: boolean }) {
  const known = (line ?? []).filter((v) => v !== null);
  // Two points are a change, not a course.
  const runs = line && known.length > 2 ? strokes(line, WIDTH, HEIGHT) : [];
  if (runs.length === 0) return <span class="spark" aria-hidden="true" />;
  const text = t(live ? "trend.live" : "trend.day", { from: show(Math.min(...known)), to: show(Math.max(...known)), last: show(known.at(-1)!) });
  return (
    <svg class="spark" viewBox={`-2 -3 ${WIDTH + 4} ${HEIGHT + 6}`} preserveAspectRatio="none" role="img" aria-label={text}>
      <title>{text}</title>
      {runs.map((points) => (
        <polyline key={points} points={points} />
      ))}
    </svg>
  );
}
