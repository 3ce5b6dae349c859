package embedded

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

type devDay struct{ dev, day int64 }

// rollUpDays totals up to a batch of days that have ended, and returns how many it found to do. A day whose
// hours were forgotten keeps the totals that it has.
func (s *Store) rollUpDays(ctx context.Context, now, hoursKept time.Time) (n int, err error) {
	today, kept := floor(now.UnixMicro(), series.Day.Microseconds()), floor(hoursKept.UnixMicro(), series.Day.Microseconds())
	err = s.db.Write(ctx, func(tx *state.Tx) error {
		stale, err := dirtyDays(ctx, tx, today)
		if err != nil {
			return err
		}
		n = len(stale)
		for _, key := range stale {
			if err := makeDay(ctx, tx, key, key.day >= kept); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "DELETE FROM dirtydays WHERE dev = ? AND day = ?", key.dev, key.day); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

func dirtyDays(ctx context.Context, tx *state.Tx, before int64) ([]devDay, error) {
	rows, err := tx.Query(ctx, "SELECT dev, day FROM dirtydays WHERE day < ? LIMIT ?", before, maintainBatch)
	if err != nil {
		return nil, err
	}
	var list []devDay
	err = each(rows, func() error {
		var k devDay
		err := rows.Scan(&k.dev, &k.day)
		list = append(list, k)
		return err
	})
	return list, err
}

// makeDay totals one device's day from its hours; again says that an existing day is computed anew.
func makeDay(ctx context.Context, tx *state.Tx, key devDay, again bool) error {
	rows, err := tx.Query(ctx, "SELECT body FROM hours WHERE dev = ? AND hour >= ? AND hour < ?", key.dev, key.day, key.day+series.Day.Microseconds())
	if err != nil {
		return err
	}
	var day series.Rollup
	hours := 0
	err = each(rows, func() error {
		hours++
		var h series.Rollup
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return err
		}
		if err := unpackHour(&h, body); err != nil {
			return err
		}
		day.Plus(&h)
		return nil
	})
	if err != nil || hours == 0 {
		return err
	}
	onConflict := "NOTHING"
	if again {
		onConflict = "UPDATE SET body = excluded.body"
	}
	_, err = tx.Exec(ctx, "INSERT INTO days (dev, day, body) VALUES (?, ?, ?) ON CONFLICT (dev, day) DO "+onConflict, key.dev, key.day, packHour(&day))
	return err
}

// Days returns a device's daily totals, in order, for the days that the range touches. A day that is not
// totalled yet, or has changed since, is computed from its hours on the fly.
func (s *Store) Days(ctx context.Context, r series.Range) ([]series.Rollup, error) {
	r = r.WholeDays()
	from, to := r.From.UnixMicro(), r.To.UnixMicro()
	fail := func(err error) ([]series.Rollup, error) { return nil, fmt.Errorf("read days of %s: %w", r.Device, err) }
	stale, err := s.staleDays(ctx, r)
	if err != nil {
		return fail(err)
	}
	found := map[int64]*series.Rollup{}
	rows, err := s.db.Query(ctx, `SELECT y.day, y.body FROM devs d CROSS JOIN days y ON y.dev = d.id
		WHERE d.tenant = ? AND d.device = ? AND y.day >= ? AND y.day < ?`, r.Tenant, r.Device, from, to)
	if err != nil {
		return fail(err)
	}
	err = each(rows, func() error {
		var start int64
		var body []byte
		if err := rows.Scan(&start, &body); err != nil || stale[start] {
			return err
		}
		var day series.Rollup
		if err := unpackHour(&day, body); err != nil {
			return err
		}
		hourAt(found, start).Plus(&day)
		return nil
	})
	if err != nil {
		return fail(err)
	}
	for start := range stale {
		at := time.UnixMicro(start).UTC()
		hours, err := s.Hours(ctx, series.Range{Tenant: r.Tenant, Device: r.Device, From: at, To: at.Add(series.Day)})
		if err != nil {
			return nil, err
		}
		for i := range hours {
			hourAt(found, start).Plus(&hours[i])
		}
	}
	out := make([]series.Rollup, 0, len(found))
	for _, day := range found {
		out = append(out, *day)
	}
	slices.SortFunc(out, func(a, b series.Rollup) int { return a.Start.Compare(b.Start) })
	return out, nil
}

// staleDays returns the days of a device, in microseconds since 1970, whose totals do not match its hours and
// points.
func (s *Store) staleDays(ctx context.Context, r series.Range) (map[int64]bool, error) {
	from, to := r.From.UnixMicro(), r.To.UnixMicro()
	rows, err := s.db.Query(ctx, `SELECT y.day FROM devs d CROSS JOIN dirtydays y ON y.dev = d.id
			WHERE d.tenant = ? AND d.device = ? AND y.day >= ? AND y.day < ?
		UNION SELECT x.hour - x.hour % ? FROM devs d CROSS JOIN dirty x ON x.dev = d.id
			WHERE d.tenant = ? AND d.device = ? AND x.hour >= ? AND x.hour < ?`,
		r.Tenant, r.Device, from, to, series.Day.Microseconds(), r.Tenant, r.Device, from, to)
	if err != nil {
		return nil, err
	}
	stale := map[int64]bool{}
	err = each(rows, func() error {
		var day int64
		err := rows.Scan(&day)
		stale[day] = true
		return err
	})
	return stale, err
}
