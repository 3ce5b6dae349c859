package ingest

import (
	"context"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// quarantine keeps a message that cannot be stored, with its bytes. One whose base is missing is not
// kept: its board sends the same observation again, complete.
func (g *Ingester) quarantine(ctx context.Context, tx *state.Tx, it *item) error {
	if it.reason == reasonBase {
		return nil
	}
	_, err := state.Quarantine(ctx, tx, state.Quarantined{ReceivedAt: it.Received, Tenant: it.id.Tenant,
		Topic: it.Topic, Reason: it.reason, Detail: it.detail.Error(), Bytes: it.Payload})
	return err
}
