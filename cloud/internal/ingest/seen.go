package ingest

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// fresh reports whether a message is new, and marks it as seen. A status has no number: it is new if it changes
// the cooler.
func (g *Ingester) fresh(ctx context.Context, tx *state.Tx, b *board, it *item) (bool, error) {
	if it.env.Body.Kind() == wire.KindStatus {
		return true, nil
	}
	boot, err := b.boot(ctx, tx, it.env.Boot)
	if err != nil {
		return false, err
	}
	r := &boot.Ranges
	if r.Has(it.env.Seq) {
		return false, nil
	}
	if _, follows := r.Through(it.env.Seq - 1); !follows && r.Len() >= g.cfg.Holes {
		it.refuse(ReasonHoles, fmt.Errorf("boot %d already has %d ranges of messages with holes between them", boot.Boot, r.Len()))
		return false, nil
	}
	return r.Add(it.env.Seq), nil
}

// boot returns what was seen of one boot of a device. It is read once per transaction.
func (b *board) boot(ctx context.Context, tx *state.Tx, boot uint32) (*state.Seen, error) {
	if s, ok := b.seen[boot]; ok {
		return s, nil
	}
	s, err := state.BootSeen(ctx, tx, b.id.Tenant, b.id.Device, boot)
	if err != nil {
		return nil, err
	}
	b.seen[boot] = &s
	return &s, nil
}

// closeGap marks as seen what a board says that it had to evict, if that is a whole range. If only a part of
// the range is lost, the rest may still come, and the gaps remain.
func (b *board) closeGap(ctx context.Context, tx *state.Tx, it *item, gap *wire.Gap) error {
	if gap.FromSeq == 0 || gap.ToSeq < gap.FromSeq || gap.Count != gap.ToSeq-gap.FromSeq+1 {
		return nil
	}
	// A board cannot have lost messages that it has not numbered yet. If such a gap were believed, all its
	// later messages would count as seen.
	if gap.Boot > it.env.Boot || gap.Boot == it.env.Boot && gap.ToSeq >= it.env.Seq {
		return nil
	}
	boot, err := b.boot(ctx, tx, gap.Boot)
	if err != nil {
		return err
	}
	boot.Ranges.AddRange(gap.FromSeq, gap.ToSeq)
	return nil
}
