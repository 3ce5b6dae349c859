// A view that is loaded when it is first shown, so that the first load stays small.

import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api";
import { Failed, Skeleton } from "./async";

/** The component that `load` brings; a failed load says so and can be tried again. */
export function lazy<P extends object>(load: () => Promise<FunctionComponent<P>>): FunctionComponent<P> {
  let known: FunctionComponent<P> | undefined;
  return function Lazy(props: P) {
    const [, draw] = useState(0);
    const [error, setError] = useState<ApiError | undefined>();
    const [again, setAgain] = useState(0);
    useEffect(() => {
      if (known) return;
      setError(undefined);
      load().then(
        (view) => {
          known = view;
          draw((n) => n + 1);
        },
        // A new version of the page was put up: the old one's parts are gone, and loading anew helps.
        (e: unknown) => setError(new ApiError(0, String(e))),
      );
    }, [again]);
    if (known) {
      const View = known;
      return <View {...props} />;
    }
    return <div class="page">{error ? <Failed error={error} retry={() => setAgain((n) => n + 1)} /> : <Skeleton rows={4} height={56} />}</div>;
  };
}
