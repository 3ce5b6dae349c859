import { useEffect, useState } from "preact/hooks";

/** Whether a media query holds, followed. */
export function useMedia(query: string): boolean {
  const [matches, set] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const m = matchMedia(query);
    const follow = () => set(m.matches);
    follow();
    m.addEventListener("change", follow);
    return () => m.removeEventListener("change", follow);
  }, [query]);
  return matches;
}
