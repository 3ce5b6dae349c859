// Draws a component again only when one of its props is another value (or a signal that it reads
// changes): a batch that changes three of a thousand rows draws three.

import { type ComponentChildren, type FunctionComponent, h, Component } from "preact";

export function memo<P extends object>(inner: (props: P) => ComponentChildren): FunctionComponent<P> {
  const Inner = inner as FunctionComponent<P>;
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: Readonly<P>): boolean {
      const a = this.props as Record<string, unknown>;
      const b = next as Record<string, unknown>;
      return Object.keys(b).some((k) => a[k] !== b[k]);
    }
    render() {
      return h(Inner, this.props as never);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
