package ingest

import (
	"context"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// The bounds of the quarantine, so that a faulty or hostile board cannot fill the disk.
const (
	keptOfLarge     = 64 << 10  // bytes of a message that is larger than any that could be stored
	quarantineBytes = 256 << 20 // of all messages; beyond it the oldest are deleted
	pruneEvery      = 32 << 20  // bytes added between two prunings, where each message counts
	pruneShare      = 32 << 10  // as so many more
)

// quarantine stores a message that cannot be processed, with its bytes. One whose base is missing is not
// stored, because its board sends the same observation again, complete.
func (g *Ingester) quarantine(ctx context.Context, tx *state.Tx, it *item) error {
	if it.reason == reasonBase {
		return nil
	}
	q := state.Quarantined{ReceivedAt: it.Received, Tenant: it.id.Tenant, Topic: it.Topic, Reason: it.reason,
		Detail: it.detail.Error(), Size: int64(len(it.Payload)), Bytes: it.Payload}
	if it.reason == ReasonTooLarge && len(q.Bytes) > keptOfLarge {
		q.Bytes = q.Bytes[:keptOfLarge]
	}
	if _, err := state.Quarantine(ctx, tx, q); err != nil {
		return err
	}
	if g.quarantined += len(q.Bytes) + pruneShare; g.quarantined < pruneEvery {
		return nil
	}
	g.quarantined = 0
	n, err := state.PruneQuarantine(ctx, tx, g.cfg.Quarantine, quarantineBytes)
	if n > 0 {
		g.log.Warn("quarantine is full, its oldest messages are gone", "messages", n)
	}
	return err
}
