package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// epoch keeps a row's time in six bytes until 2028, and in eight from then on.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Write stores messages in one transaction.
func (s *Store) Write(ctx context.Context, messages []series.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fleet := map[fleetKey]*series.Totals{}
	err := s.db.Write(ctx, func(tx *state.Tx) error {
		for i := range messages {
			if err := s.insert(ctx, tx, &messages[i], fleet); err != nil {
				return err
			}
		}
		return addFleet(ctx, tx, fleet)
	})
	if err != nil {
		s.forget()
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

func (s *Store) insert(ctx context.Context, tx *state.Tx, m *series.Message, fleet map[fleetKey]*series.Totals) error {
	dev, err := s.dev(ctx, tx, m)
	if err != nil {
		return err
	}
	shape, err := s.shape(ctx, tx, m.Slots)
	if err != nil {
		return err
	}
	if m.AtDoubtful {
		// Its time is when it came, so the key does not recognise one that comes again.
		var n int
		err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM points WHERE dev = ? AND boot = ? AND seq = ?", dev, int64(m.Boot), int64(m.Seq)).Scan(&n)
		if err != nil || n > 0 {
			return err
		}
	}
	at := m.At.UnixMicro()
	r, err := tx.Exec(ctx, "INSERT INTO points (dev, at, boot, seq, shape, body) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		dev, at-epoch, int64(m.Boot), int64(m.Seq), shape, packBody(m))
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return err
	}
	bucket := floor(at, series.FleetBucket.Microseconds())
	for _, p := range m.Slots {
		key := fleetKey{m.Tenant, bucket, p.GTIN}
		t, ok := fleet[key]
		if !ok {
			t = &series.Totals{GTIN: p.GTIN}
			fleet[key] = t
		}
		t.Add(p)
	}
	return s.markDirty(ctx, tx, dev, at)
}

// floor gives the start of the step that v lies in, also before 1970.
func floor(v, step int64) int64 {
	r := v % step
	if r < 0 {
		r += step
	}
	return v - r
}

func (s *Store) markDirty(ctx context.Context, tx *state.Tx, dev, at int64) error {
	key := devHour{dev, floor(at, time.Hour.Microseconds())}
	if _, ok := s.dirty[key]; ok {
		return nil
	}
	_, err := tx.Exec(ctx, "INSERT INTO dirty (dev, hour) VALUES (?, ?) ON CONFLICT DO NOTHING", key.dev, key.hour)
	if err == nil {
		s.dirty[key] = struct{}{}
	}
	return err
}

type fleetKey struct {
	tenant string
	bucket int64
	gtin   shelf.GTIN
}

func addFleet(ctx context.Context, tx *state.Tx, fleet map[fleetKey]*series.Totals) error {
	for key, t := range fleet {
		_, err := tx.Exec(ctx, `INSERT INTO fleet (tenant, bucket, gtin, ok, low, empty, misplaced, foreign_, unknown, present, due)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET ok = ok + excluded.ok, low = low + excluded.low, empty = empty + excluded.empty,
				misplaced = misplaced + excluded.misplaced, foreign_ = foreign_ + excluded.foreign_,
				unknown = unknown + excluded.unknown, present = present + excluded.present, due = due + excluded.due`,
			key.tenant, key.bucket, string(key.gtin), t.OK, t.Low, t.Empty, t.Misplaced, t.Foreign, t.Unknown, t.Present, t.Due)
		if err != nil {
			return err
		}
	}
	return nil
}
