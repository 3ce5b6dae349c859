package embedded

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// epoch makes a row's time fit into six bytes until 2028, and into eight from then on.
var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()

// Write stores messages in one transaction.
func (s *Store) Write(ctx context.Context, messages []series.Message) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fleet := fleetTotals{}
	err := s.db.Write(ctx, func(tx *state.Tx) error {
		if err := s.writeRows(ctx, tx, messages, fleet); err != nil {
			return err
		}
		return addFleet(ctx, tx, fleet)
	})
	if err != nil {
		s.forget()
		return fmt.Errorf("write series: %w", err)
	}
	return nil
}

// row is a message on its way into the table.
type row struct {
	m              *series.Message
	dev, at, shape int64
}

// writeRows stores messages, many at once except for those that are dated by their arrival.
func (s *Store) writeRows(ctx context.Context, tx *state.Tx, messages []series.Message, fleet fleetTotals) error {
	rows := make([]row, 0, len(messages))
	flush := func() error {
		err := state.InStretches(rows, func(part []row) error { return s.insert(ctx, tx, part, fleet) })
		rows = rows[:0]
		return err
	}
	var last row
	for i := range messages {
		r, err := s.row(ctx, tx, &messages[i], last)
		if err != nil {
			return err
		}
		last = r
		if r.m.AtDoubtful {
			// Its key does not identify it, so look for it among everything that came before.
			if err := flush(); err != nil {
				return err
			}
			known, err := doubtful(ctx, tx, r)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		rows = append(rows, r)
	}
	return flush()
}

// row looks up what a message has in common with others. The messages of a device come side by side, and mostly
// have the same shape as the one before.
func (s *Store) row(ctx context.Context, tx *state.Tx, m *series.Message, last row) (r row, err error) {
	r = row{m: m, at: m.At.UnixMicro()}
	if r.dev, err = s.dev(ctx, tx, m); err != nil {
		return r, err
	}
	if last.m != nil && sameShape(last.m.Slots, m.Slots) {
		r.shape = last.shape
		return r, nil
	}
	r.shape, err = s.shape(ctx, tx, m.Slots)
	return r, err
}

func sameShape(a, b []series.SlotPoint) bool {
	return slices.EqualFunc(a, b, func(a, b series.SlotPoint) bool { return a.Slot == b.Slot && a.GTIN == b.GTIN && a.Due == b.Due })
}

// doubtful reports whether a message that is dated by its arrival is stored already.
func doubtful(ctx context.Context, tx *state.Tx, r row) (bool, error) {
	var n int
	err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM points WHERE dev = ? AND boot = ? AND seq = ?", r.dev, int64(r.m.Boot), int64(r.m.Seq)).Scan(&n)
	return n > 0, err
}

var insertPoints = state.NewStatements("INSERT INTO points (dev, at, boot, seq, shape, body) VALUES ", "(?, ?, ?, ?, ?, ?)", " ON CONFLICT DO NOTHING")

// insert stores rows at once. If some of them are stored already, it rolls back and stores them one by one to
// find out which, because a message may be added to the totals only once.
func (s *Store) insert(ctx context.Context, tx *state.Tx, rows []row, fleet fleetTotals) error {
	if len(rows) > 1 {
		if _, err := tx.Exec(ctx, "SAVEPOINT rows_at_once"); err != nil {
			return err
		}
	}
	n, err := s.put(ctx, tx, rows)
	if err != nil {
		return err
	}
	if len(rows) > 1 {
		end := "RELEASE rows_at_once"
		if n < len(rows) {
			end = "ROLLBACK TO rows_at_once"
		}
		if _, err := tx.Exec(ctx, end); err != nil {
			return err
		}
	}
	if n == len(rows) {
		return s.count(ctx, tx, rows, fleet)
	}
	if len(rows) == 1 {
		return nil // it is stored already
	}
	for i := range rows {
		if err := s.insert(ctx, tx, rows[i:i+1], fleet); err != nil {
			return err
		}
	}
	return nil
}

// count adds new rows to the totals, and marks the hours that must be totalled again.
func (s *Store) count(ctx context.Context, tx *state.Tx, rows []row, fleet fleetTotals) error {
	for _, r := range rows {
		fleet.add(r.m, r.at, r.shape)
		if err := s.markDirty(ctx, tx, r.dev, r.at); err != nil {
			return err
		}
	}
	return nil
}

// put returns how many of the rows were new.
func (s *Store) put(ctx context.Context, tx *state.Tx, rows []row) (int, error) {
	args := make([]any, 0, 6*len(rows))
	for _, r := range rows {
		args = append(args, r.dev, r.at-epoch, int64(r.m.Boot), int64(r.m.Seq), r.shape, packBody(r.m))
	}
	res, err := tx.Exec(ctx, insertPoints[len(rows)], args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// floor returns the start of the step in which v lies, even before 1970.
func floor(v, step int64) int64 {
	r := v % step
	if r < 0 {
		r += step
	}
	return v - r
}

func (s *Store) markDirty(ctx context.Context, tx *state.Tx, dev, at int64) error {
	key := devHour{dev, floor(at, time.Hour.Microseconds())}
	if key.hour < s.forgotten {
		return nil
	}
	if _, ok := s.dirty[key]; ok {
		return nil
	}
	_, err := tx.Exec(ctx, "INSERT INTO dirty (dev, hour) VALUES (?, ?) ON CONFLICT DO NOTHING", key.dev, key.hour)
	if err == nil {
		s.dirty[key] = struct{}{}
	}
	return err
}

// fleetTotals is what a write adds to the totals of the fleet. Until they are stored, they are kept by slot,
// because messages of one shape have the same SKU in the same place.
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

// bySKU sums the slots of each SKU.
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
