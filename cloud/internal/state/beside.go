package state

import "context"

type besideKey struct{}

// beside is what a request's first transaction writes in addition.
type beside struct {
	fn   func(tx *Tx) error
	done bool
}

// Beside makes the first DB.Write under the returned context run fn at its end, in the same transaction, so
// that the record of a change exists if, and only if, the change does. The context must be used by one
// goroutine. done reports whether that transaction was committed.
func Beside(ctx context.Context, fn func(tx *Tx) error) (_ context.Context, done func() bool) {
	b := &beside{fn: fn}
	return context.WithValue(ctx, besideKey{}, b), func() bool { return b.done }
}

// writeBeside returns fn combined with what ctx has it write in addition.
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
