package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// patience is how often a batch may fail in the state before its messages are tried one by one, to
// find the one that makes it fail.
const patience = 3

// store takes a batch through both stores and acknowledges it. On an error nothing is acknowledged,
// and the whole batch can be given again: what is stored of it is recognised.
func (g *Ingester) store(ctx context.Context, batch []Delivery, attempt int) error {
	started := time.Now()
	items := make([]*item, len(batch))
	for i, d := range batch {
		it, err := g.decode(ctx, d)
		if err != nil {
			return err
		}
		items[i] = it
	}
	if err := g.writeSeries(ctx, items); err != nil {
		return err
	}
	counts, err := g.commit(ctx, items)
	if err != nil && attempt > patience && ctx.Err() == nil {
		counts, err = g.oneByOne(ctx, items, err)
	}
	if err != nil {
		return err
	}
	g.notify.Committed()
	g.metrics.observe(items, counts, time.Since(started))
	g.acknowledge(ctx, items)
	return nil
}

// writeSeries writes every message's points. A message that the store refuses for good is
// quarantined, and the rest is written.
func (g *Ingester) writeSeries(ctx context.Context, items []*item) error {
	for {
		var messages []series.Message
		var owners []*item
		for _, it := range items {
			if it.reason != "" || it.env.Body.Kind() == wire.KindStatus {
				continue
			}
			if m, ok := points(it.env, it.Received); ok {
				messages, owners = append(messages, m), append(owners, it)
			}
		}
		if len(messages) == 0 {
			return nil
		}
		err := g.series.Write(ctx, messages)
		var refused *series.Refused
		if !errors.As(err, &refused) {
			return err
		}
		i := slices.IndexFunc(owners, func(it *item) bool {
			m := refused.Message
			return it.env.Tenant == m.Tenant && it.key == wire.Key{Device: m.Device, Boot: m.Boot, Seq: m.Seq}
		})
		if i < 0 {
			return err
		}
		owners[i].refuse(ReasonSeries, err)
	}
}

// tally is what came of a batch, for the metrics.
type tally struct{ duplicates int }

// commit does the state's part in one transaction, device by device in the order of their names.
func (g *Ingester) commit(ctx context.Context, items []*item) (tally, error) {
	var counts tally
	err := g.state.Write(ctx, func(tx *state.Tx) error {
		counts = tally{}
		byDevice := slices.Clone(items)
		slices.SortStableFunc(byDevice, func(a, b *item) int {
			return cmp.Or(cmp.Compare(a.id.Tenant, b.id.Tenant), cmp.Compare(a.id.Device, b.id.Device),
				cmp.Compare(a.key.Boot, b.key.Boot), cmp.Compare(a.key.Seq, b.key.Seq))
		})
		if err := g.lock(ctx, tx, byDevice); err != nil {
			return err
		}
		for len(byDevice) > 0 {
			first := byDevice[0].id
			n := slices.IndexFunc(byDevice, func(it *item) bool { return it.id.Tenant != first.Tenant || it.id.Device != first.Device })
			if n < 0 {
				n = len(byDevice)
			}
			duplicates, err := g.commitDevice(ctx, tx, byDevice[:n])
			if err != nil {
				return err
			}
			counts.duplicates += duplicates
			byDevice = byDevice[n:]
		}
		return nil
	})
	return counts, err
}

// lock takes every device of a batch before anything else is locked (the judge has locks of its own),
// so that two ingesters never wait for each other in a circle.
func (g *Ingester) lock(ctx context.Context, tx *state.Tx, byDevice []*item) error {
	var last wire.Identity
	for _, it := range byDevice {
		if it.id.Tenant == last.Tenant && it.id.Device == last.Device { // also those without an identity
			continue
		}
		last = it.id
		if err := tx.Exclusive(ctx, g.cfg.LockName(it.id.Tenant, it.id.Device)); err != nil {
			return err
		}
	}
	return nil
}

// commitDevice stores one device's items, which are in the order of their keys.
func (g *Ingester) commitDevice(ctx context.Context, tx *state.Tx, items []*item) (duplicates int, err error) {
	id, now := items[0].id, g.cfg.Now()
	var cooler *state.Cooler
	seen := map[uint32]*state.Seen{}
	var stored []*wire.Envelope // and not judged yet
	for _, it := range items {
		if it.reason != "" {
			if err := g.quarantine(ctx, tx, it); err != nil {
				return 0, err
			}
			continue
		}
		if cooler == nil {
			if cooler, err = g.cooler(ctx, tx, it.id, now); err != nil {
				return 0, err
			}
		}
		fresh, err := g.fresh(ctx, tx, it, seen)
		if err != nil {
			return 0, err
		}
		if it.reason != "" {
			if err := g.quarantine(ctx, tx, it); err != nil {
				return 0, err
			}
			continue
		}
		if !fresh {
			duplicates++
			cooler.LastSeen = later(cooler.LastSeen, it.Received)
			continue
		}
		kept, err := g.take(ctx, tx, cooler, it, seen)
		if err != nil {
			return 0, err
		}
		if kept {
			stored = append(stored, it.env)
		}
		// A picture is judged at once: more pictures would take its place before it is known for a proof.
		if it.env.Body.Kind() == wire.KindPicture {
			if err := g.judged(ctx, tx, stored); err != nil {
				return 0, err
			}
			stored = stored[:0]
		}
	}
	if err := g.judged(ctx, tx, stored); err != nil {
		return 0, err
	}
	if cooler == nil {
		return 0, nil
	}
	cooler.ChangedAt = now
	for _, s := range seen {
		if err := state.PutSeen(ctx, tx, id.Tenant, id.Device, *s); err != nil {
			return 0, err
		}
	}
	return duplicates, state.PutCooler(ctx, tx, cooler)
}

// judged has stored messages of one device judged.
func (g *Ingester) judged(ctx context.Context, tx *state.Tx, stored []*wire.Envelope) error {
	if len(stored) == 0 {
		return nil
	}
	if err := g.judge.Step(ctx, tx, stored...); err != nil {
		return &judgement{fmt.Errorf("judge %d messages of %s: %w", len(stored), stored[0].Device, err)}
	}
	return nil
}

// take stores one new message; false where it tells nothing that is not known.
func (g *Ingester) take(ctx context.Context, tx *state.Tx, c *state.Cooler, it *item, seen map[uint32]*state.Seen) (bool, error) {
	store := c.Store
	switch b := it.env.Body.(type) {
	case *wire.Status:
		if !learnStatus(c, it) {
			return false, nil
		}
	case *wire.Picture:
		learn(c, it)
		err := state.PutPicture(ctx, tx, state.Picture{Tenant: it.id.Tenant, Device: it.id.Device,
			Order: state.Order{Boot: it.env.Boot, Seq: it.env.Seq}, ObservationSeq: b.ObservationSeq, CapturedAt: it.env.CapturedAt,
			Width: b.Width, Height: b.Height, Purpose: b.Purpose, JPEG: b.JPEG}, g.cfg.Pictures)
		if err != nil {
			return false, err
		}
	case *wire.Observation:
		learn(c, it)
		o := state.Order{Boot: it.env.Boot, Seq: it.env.Seq}
		if err := state.PutObservation(ctx, tx, it.id.Tenant, it.id.Device, o, it.envelope, it.complete); err != nil {
			return false, err
		}
	case *wire.Gap:
		learn(c, it)
		if err := g.closeGap(ctx, tx, it, b, seen); err != nil {
			return false, err
		}
	default:
		learn(c, it)
	}
	if c.Store != store {
		if err := state.EnsureStore(ctx, tx, it.id.Tenant, c.Store, g.cfg.Now()); err != nil {
			return false, err
		}
	}
	return true, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
