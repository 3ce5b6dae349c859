package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/varint"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// addToHour adds a message to the hour of its own time. Readings in it from a minute before the hour are
// counted with it.
func addToHour(h *series.Rollup, m *series.Message) {
	if len(m.Slots) > 0 {
		h.Observations++
	}
	for _, p := range m.Slots {
		h.Totals.Add(p)
	}
	for _, c := range m.Climate {
		if h.TempCount == 0 {
			h.TempMin, h.TempMax = c.Temp, c.Temp
		}
		h.TempMin, h.TempMax = min(h.TempMin, c.Temp), max(h.TempMax, c.Temp)
		h.TempSum += int64(c.Temp)
		h.TempCount++
	}
	for _, d := range m.Doors {
		if d.Open {
			h.DoorOpenings++
		}
	}
	for _, f := range m.Footfall {
		h.In += f.In
		h.Out += f.Out
		h.Passing += f.Passing
	}
}

// hourNumbers returns an hour's numbers in the order in which they are stored.
func hourNumbers(h *series.Rollup) []int64 {
	t := &h.Totals
	return []int64{int64(h.Observations), t.OK, t.Low, t.Empty, t.Misplaced, t.Foreign, t.Unknown, t.Present, t.Due,
		int64(h.TempMin), int64(h.TempMax), h.TempSum, int64(h.TempCount), int64(h.DoorOpenings), int64(h.In), int64(h.Out), int64(h.Passing)}
}

func packHour(h *series.Rollup) []byte {
	var w writer
	for _, v := range hourNumbers(h) {
		w.Int(v)
	}
	return w.Buf
}

func unpackHour(h *series.Rollup, body []byte) error {
	r := reader{Reader: varint.NewReader(body)}
	v := make([]int64, len(hourNumbers(h)))
	for i := range v {
		v[i] = r.Int()
	}
	if r.Broken() {
		return errBroken
	}
	h.Observations = int(v[0])
	h.Totals = series.Totals{OK: v[1], Low: v[2], Empty: v[3], Misplaced: v[4], Foreign: v[5], Unknown: v[6], Present: v[7], Due: v[8]}
	h.TempMin, h.TempMax, h.TempSum = telemetry.MilliCelsius(v[9]), telemetry.MilliCelsius(v[10]), v[11]
	h.TempCount, h.DoorOpenings = int(v[12]), int(v[13])
	h.In, h.Out, h.Passing = int(v[14]), int(v[15]), int(v[16])
	return nil
}

// Hours returns a device's hourly totals, in order, for the hours that the range touches. An hour that is not
// totalled yet is computed from its points on the fly.
func (s *Store) Hours(ctx context.Context, r series.Range) ([]series.Rollup, error) {
	from, to := floor(r.From.UnixMicro(), time.Hour.Microseconds()), r.To.UnixMicro()
	rows, err := s.db.Query(ctx, `SELECT h.hour, h.body FROM devs d CROSS JOIN hours h ON h.dev = d.id
		WHERE d.tenant = ? AND d.device = ? AND h.hour >= ? AND h.hour < ?
			AND NOT EXISTS (SELECT 1 FROM dirty x WHERE x.dev = h.dev AND x.hour = h.hour)`, r.Tenant, r.Device, from, to)
	if err != nil {
		return nil, fmt.Errorf("read hours of %s: %w", r.Device, err)
	}
	found := map[int64]*series.Rollup{}
	err = each(rows, func() error {
		var start int64
		var body []byte
		if err := rows.Scan(&start, &body); err != nil {
			return err
		}
		var h series.Rollup
		if err := unpackHour(&h, body); err != nil {
			return err
		}
		hourAt(found, start).Plus(&h)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read hours of %s: %w", r.Device, err)
	}
	if err := s.addDirty(ctx, r, from, to, found); err != nil {
		return nil, fmt.Errorf("read hours of %s: %w", r.Device, err)
	}
	out := make([]series.Rollup, 0, len(found))
	for _, h := range found {
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b series.Rollup) int { return a.Start.Compare(b.Start) })
	return out, nil
}

// addDirty totals the points of the hours that have changed since they were totalled.
func (s *Store) addDirty(ctx context.Context, r series.Range, from, to int64, found map[int64]*series.Rollup) error {
	rows, err := s.db.Query(ctx, `SELECT x.hour, p.at, p.body, h.body
		FROM devs d CROSS JOIN dirty x ON x.dev = d.id CROSS JOIN points p ON p.dev = x.dev
			AND p.at >= x.hour - ? AND p.at < x.hour - ? + ? CROSS JOIN shapes h ON h.id = p.shape
		WHERE d.tenant = ? AND d.device = ? AND x.hour >= ? AND x.hour < ?`,
		epoch, epoch, time.Hour.Microseconds(), r.Tenant, r.Device, from, to)
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var m series.Message
		var start, at int64
		var body, shape []byte
		if err := rows.Scan(&start, &at, &body, &shape); err != nil {
			return err
		}
		m.At = time.UnixMicro(at + epoch).UTC()
		var err error
		if m.Slots, err = unpackShape(shape); err == nil {
			err = unpackBody(&m, body)
		}
		if err == nil {
			addToHour(hourAt(found, start), &m)
		}
		return err
	})
}

func hourAt(found map[int64]*series.Rollup, start int64) *series.Rollup {
	h, ok := found[start]
	if !ok {
		h = &series.Rollup{Start: time.UnixMicro(start).UTC()}
		found[start] = h
	}
	return h
}

// each calls fn for every row, closes the rows and returns the first error.
func each(rows *sql.Rows, fn func() error) error {
	var err error
	for err == nil && rows.Next() {
		err = fn()
	}
	return errors.Join(err, rows.Err(), rows.Close())
}
