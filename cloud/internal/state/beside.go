package state

import "context"

type besideKey struct{}

// beside is what a request's first transaction writes besides.
type beside struct {
	fn   func(tx *Tx) error
	done bool
}

// Beside has the first DB.Write under the context that it gives run fn at its end, in the same transaction:
// the record of a change is there if, and only if, the change is. It belongs to one goroutine. done tells
// whether that has been committed.
func Beside(ctx context.Context, fn func(tx *Tx) error) (_ context.Context, done func() bool) {
	b := &beside{fn: fn}
	return context.WithValue(ctx, besideKey{}, b), func() bool { return b.done }
}

// writeBeside is Write with what ctx has it write besides.
func writeBeside(ctx context.Context, fn func(tx *Tx) error) (both func(tx *Tx) error, committed func()) {
	b, ok := ctx.Value(besideKey{}).(*beside)
	if !ok || b.done {
		return fn, func() {}
	}
	return func(tx *Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		return b.fn(tx)
	}, func() { b.done = true }
}
