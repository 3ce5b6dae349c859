// The inbox's filter, held in its address: a filtered inbox can be linked, kept and sent on.

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { ask, search } from "../router";
import { type Filter, fromQuery, toQuery } from "./filter";

/** Typing writes the address once it pauses: browsers refuse who writes it with every key. */
const PAUSE_MS = 300;

/** The filter; `id` is the alert that is open, for its address has the filter too. */
export function useLinkedFilter(id: string | undefined): Signal<Filter> {
  const filter = useSignal<Filter>(fromQuery(search.value));
  const written = useRef(search.value);
  const query = toQuery(filter.value);
  const asked = search.value;
  useEffect(() => {
    // Another filter by a link or the way back; an address without one (an alert's) keeps what is set.
    if (asked === "" || asked === written.current) return;
    written.current = asked;
    filter.value = fromQuery(asked);
  }, [asked]);
  useEffect(() => {
    const write = setTimeout(() => {
      written.current = query;
      ask(query);
    }, PAUSE_MS);
    return () => clearTimeout(write);
  }, [query, id]);
  return filter;
}
