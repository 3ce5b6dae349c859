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
	fleet := fleetTotals{}
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

func (s *Store) insert(ctx context.Context, tx *state.Tx, m *series.Message, fleet fleetTotals) error {
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
	fleet.add(m, at, shape)
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

// fleetTotals are what a write adds to the totals of the fleet, by slot until they are stored: messages
// of one shape have the same SKU in the same place.
type fleetTotals map[fleetKey][]series.Totals

type fleetKey struct {
	tenant string
	bucket int64
	shape  int64
}

func (f fleetTotals) add(m *series.Message, at, shape int64) {
	if len(m.Slots) == 0 {
		return
	}
	key := fleetKey{m.Tenant, floor(at, series.FleetBucket.Microseconds()), shape}
	totals := f[key]
	if totals == nil {
		totals = make([]series.Totals, len(m.Slots))
		f[key] = totals
	}
	for i, p := range m.Slots {
		totals[i].GTIN = p.GTIN
		totals[i].Add(p)
	}
}

type skuKey struct {
	tenant string
	bucket int64
	gtin   shelf.GTIN
}

// bySKU adds up the slots of each SKU.
func (f fleetTotals) bySKU() map[skuKey]*series.Totals {
	sum := map[skuKey]*series.Totals{}
	for at, totals := range f {
		for _, t := range totals {
			key := skuKey{at.tenant, at.bucket, t.GTIN}
			if sum[key] == nil {
				sum[key] = &series.Totals{GTIN: t.GTIN}
			}
			sum[key].Plus(t)
		}
	}
	return sum
}

func addFleet(ctx context.Context, tx *state.Tx, fleet fleetTotals) error {
	for key, t := range fleet.bySKU() {
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
