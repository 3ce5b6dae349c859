package alert

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// tickBatch bounds how many devices share a transaction, so that ingest does not wait for long.
const tickBatch = 100

// Tick judges what depends on time alone: doors that stay open, power that stays away, devices that stay
// silent. It reads only the devices for which something is due, and returns how many those were.
func (e *Engine) Tick(ctx context.Context, db *state.DB) (int, error) {
	now := e.now().UTC()
	var after wire.Identity
	total := 0
	for {
		ids, err := due(ctx, db, now, after, tickBatch)
		if err != nil || len(ids) == 0 {
			return total, err
		}
		err = db.Write(ctx, func(tx *state.Tx) error {
			for _, id := range ids {
				d, err := e.open(ctx, tx, id, now)
				if err != nil {
					return err
				}
				d.id.Store = d.saved.store
				err = errors.Join(d.step(ctx, Input{At: now, Fact: Tick{Since: e.listening}}), d.save(ctx))
				if err != nil {
					return fmt.Errorf("device %s: %w", id.Device, err)
				}
			}
			return nil
		})
		if err != nil {
			return total, fmt.Errorf("judge what is due: %w", err)
		}
		total += len(ids)
		after = ids[len(ids)-1]
	}
}

// Run ticks at intervals of every until ctx ends, and calls committed after a tick that may have written to the
// log. A tick that fails is logged, and tried again at the next.
func (e *Engine) Run(ctx context.Context, db *state.DB, every time.Duration, committed func()) error {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		n, err := e.Tick(ctx, db)
		if err != nil && ctx.Err() == nil {
			e.log.ErrorContext(ctx, "judging what is due failed", "error", err)
		}
		if n > 0 {
			committed()
		}
	}
}
