// Rows whose figures change by themselves do not change places under somebody's hand.

import type { RefObject } from "preact";
import { useRef } from "preact/hooks";
import { inPlaces } from "./places";

/** The rows in their order; while somebody points into the box, or has its focus, in that in which they are there. */
export function useHeld<T extends { key: Record<string, string> } | { id: string }>(box: RefObject<HTMLElement | null>, rows: readonly T[], order: string): readonly T[] {
  const was = useRef<{ order: string; keys: string[] }>({ order, keys: [] });
  const held = was.current.order === order && box.current?.matches(":hover, :focus-within");
  const list = held ? inPlaces(rows, was.current.keys, keyOf) : rows;
  was.current = { order, keys: list.map(keyOf) };
  return list;
}

const keyOf = (r: { key: Record<string, string> } | { id: string }) => ("id" in r ? r.id : JSON.stringify(r.key));
