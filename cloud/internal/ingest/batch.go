package ingest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// patience is how often a batch may fail to be committed before its messages are tried one by one, to find the
// one at fault.
const patience = 3

// decodeAll decodes a batch on all cores, in parts that are each worth a goroutine. If what is decoded takes too much
// memory, the batch ends there and the rest becomes the next batch.
func (g *Ingester) decodeAll(ctx context.Context, b *batch) error {
	const part = 250
	cores := runtime.GOMAXPROCS(0)
	b.started, b.items = time.Now(), make([]*item, 0, len(b.deliveries))
	for held := 0; len(b.items) < len(b.deliveries) && held < decodedBytes; {
		from := len(b.items)
		b.items = b.items[:min(from+part*cores, len(b.deliveries))]
		work, ctx := errgroup.WithContext(ctx)
		for from := from; from < len(b.items); from += part {
			work.Go(func() (err error) {
				for i := from; i < min(from+part, len(b.items)) && err == nil; i++ {
					b.items[i], err = g.decode(ctx, b.deliveries[i])
				}
				return err
			})
		}
		if err := work.Wait(); err != nil {
			return err
		}
		for _, it := range b.items[from:] {
			held += it.weight()
		}
	}
	if n := len(b.items); n < len(b.deliveries) {
		b.rest = &batch{deliveries: b.deliveries[n:]}
		b.deliveries = b.deliveries[:n:n]
	}
	slices.SortStableFunc(b.items, byDevice)
	return nil
}

// writeSeries writes the points of every message. A message that the store refuses for good is quarantined, and
// the rest is written. It may be called again with the same batch.
func (g *Ingester) writeSeries(ctx context.Context, b *batch) error {
	s := &g.sheet
	defer s.forget()
	for {
		s.of(b.items)
		if len(s.messages) == 0 {
			return nil
		}
		err := g.write(ctx, s)
		var refused *series.Refused
		if !errors.As(err, &refused) {
			return err
		}
		i := slices.IndexFunc(s.owners, func(it *item) bool {
			m := refused.Message
			return it.env.Tenant == m.Tenant && it.key == wire.Key{Device: m.Device, Boot: m.Boot, Seq: m.Seq}
		})
		if i < 0 {
			return err
		}
		s.owners[i].refuse(ReasonSeries, errors.New(err.Error())) // err refers to a message that the sheet will forget
	}
}

// write makes the series store a sheet. A message that is dated by its arrival has another time each time it
// comes, so the series recognises it only once it is stored. If several ingesters have such a message at once,
// one writes and the others wait.
func (g *Ingester) write(ctx context.Context, s *sheet) error {
	names := s.doubtful()
	if len(names) == 0 || !g.state.Postgres() { // in that case there is no other ingester
		return g.series.Write(ctx, s.messages)
	}
	return g.state.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, names...); err != nil {
			return err
		}
		return g.series.Write(ctx, s.messages)
	})
}

// settle commits a batch whose points are written, and acknowledges it. On an error nothing is acknowledged,
// and settle may be called again with the whole batch: what is stored already is recognised.
func (g *Ingester) settle(ctx context.Context, b *batch) error {
	b.attempts++
	counts, err := g.commit(ctx, b.items)
	if err != nil && b.attempts > patience && ctx.Err() == nil {
		counts, err = g.oneByOne(ctx, b.items, err)
	}
	if err != nil {
		return err
	}
	g.notify.Committed()
	g.metrics.observe(b.items, counts, time.Since(b.started))
	g.acknowledge(ctx, b.items)
	// Acknowledge in the order of arrival, because a broker searches for each from the oldest that it waits
	// for.
	for _, d := range b.deliveries {
		d.Done()
	}
	for _, it := range b.items {
		it.release()
	}
	return nil
}

// tally counts the outcome of a batch, for the metrics.
type tally struct{ duplicates int }

// commit does the state's part in one transaction, device by device in the order of their names. It reads and
// writes the rows of many devices at once, which costs a fraction of doing so one by one.
func (g *Ingester) commit(ctx context.Context, items []*item) (tally, error) {
	var counts tally
	boards := boardsOf(items)
	err := g.state.Write(ctx, func(tx *state.Tx) error {
		counts = tally{}
		if err := g.lock(ctx, tx, boards); err != nil {
			return err
		}
		if err := g.load(ctx, tx, boards); err != nil {
			return err
		}
		for _, b := range boards {
			if err := g.commitBoard(ctx, tx, b); err != nil {
				return err
			}
			counts.duplicates += b.duplicates
		}
		return save(ctx, tx, boards)
	})
	return counts, err
}

// commitBoard stores one device's items, which are in the order of their keys.
func (g *Ingester) commitBoard(ctx context.Context, tx *state.Tx, b *board) error {
	now := g.cfg.Now()
	var stored []*wire.Envelope // and not judged yet
	for _, it := range b.items {
		if it.reason != "" {
			if err := g.quarantine(ctx, tx, it); err != nil {
				return err
			}
			continue
		}
		if b.cooler == nil {
			if err := b.enter(ctx, tx, now); err != nil {
				return err
			}
		}
		fresh, err := g.fresh(ctx, tx, b, it)
		if err != nil {
			return err
		}
		if it.reason != "" {
			if err := g.quarantine(ctx, tx, it); err != nil {
				return err
			}
			continue
		}
		if !fresh {
			b.duplicates++
			b.cooler.LastSeen = later(b.cooler.LastSeen, it.Received)
			continue
		}
		kept, err := g.take(ctx, tx, b, it)
		if err != nil {
			return err
		}
		if kept {
			stored = append(stored, it.env)
		}
		// A picture is judged at once: otherwise later pictures could replace it before it is kept as proof.
		if it.env.Body.Kind() == wire.KindPicture {
			if err := g.judged(ctx, tx, stored); err != nil {
				return err
			}
			stored = stored[:0]
		}
	}
	if b.cooler != nil {
		b.learnShelf()
		b.cooler.ChangedAt = now
	}
	return g.judged(ctx, tx, stored)
}

// judged passes stored messages of one device to the judge.
func (g *Ingester) judged(ctx context.Context, tx *state.Tx, stored []*wire.Envelope) error {
	if len(stored) == 0 {
		return nil
	}
	if err := g.judge.Step(ctx, tx, stored...); err != nil {
		return &judgement{fmt.Errorf("judge %d messages of %s: %w", len(stored), stored[0].Device, err)}
	}
	return nil
}

// take stores one new message, or leaves it to be stored with the others of the batch. It returns false if the
// message says nothing new.
func (g *Ingester) take(ctx context.Context, tx *state.Tx, b *board, it *item) (bool, error) {
	c := b.cooler
	store := c.Store
	order := state.Order{Boot: it.env.Boot, Seq: it.env.Seq}
	switch body := it.env.Body.(type) {
	case *wire.Status:
		if !learnStatus(c, it) {
			return false, nil
		}
	case *wire.Picture:
		learn(c, it)
		err := state.PutPicture(ctx, tx, state.Picture{Tenant: it.id.Tenant, Device: it.id.Device,
			Order: order, ObservationSeq: body.ObservationSeq, CapturedAt: it.env.CapturedAt,
			Width: body.Width, Height: body.Height, Purpose: body.Purpose, JPEG: body.JPEG}, g.cfg.Pictures)
		if err != nil {
			return false, err
		}
	case *wire.Observation:
		learn(c, it)
		b.shelf = it.env // of the highest key so far
		b.observations = append(b.observations, state.KeptObservation{Tenant: it.id.Tenant, Device: it.id.Device,
			Order: order, Envelope: it.envelope, Complete: it.complete})
	case *wire.Gap:
		learn(c, it)
		if err := b.closeGap(ctx, tx, it, body); err != nil {
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
