package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// maintainBatch bounds how many hours share a transaction, so that writers do not wait for long.
const maintainBatch = 200

// Maintain brings the hourly and daily totals up to date, for all hours and days that have ended by now, and
// then forgets what is older than keep says. An hour's totals are always computed anew from its points, and a
// day's from its hours, so Maintain may be called, and interrupted, at any time.
func (s *Store) Maintain(ctx context.Context, now time.Time, keep series.Retention) error {
	ended := floor(now.UnixMicro(), time.Hour.Microseconds())
	for _, step := range []struct {
		what string
		do   func() (int, error)
	}{
		{"roll up hours", func() (int, error) { return s.rollUp(ctx, ended, keep.Points) }},
		{"roll up days", func() (int, error) { return s.rollUpDays(ctx, now, keep.Hours) }},
		{"forget old points", func() (int, error) { return s.forgetPoints(ctx, keep.Points.UnixMicro()-epoch) }},
	} {
		for {
			n, err := step.do()
			if err != nil {
				return fmt.Errorf("%s of the series: %w", step.what, err)
			}
			if n < maintainBatch {
				break
			}
		}
	}
	s.mu.Lock()
	s.forgotten = max(s.forgotten, floor(keep.Points.UnixMicro(), time.Hour.Microseconds()))
	s.mu.Unlock()
	return s.db.Write(ctx, func(tx *state.Tx) error {
		// A day keeps all of its hours or none, so that it is never computed from only a part of them.
		hours := keep.Hours.UTC().Truncate(series.Day).UnixMicro()
		_, err := tx.Exec(ctx, "DELETE FROM hours WHERE hour < ?", hours)
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM fleet WHERE bucket < ?", hours)
		}
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM days WHERE day < ?", keep.Days.UnixMicro())
		}
		return err
	})
}

// rollUp totals up to a batch of hours and returns how many it found to do.
func (s *Store) rollUp(ctx context.Context, ended int64, pointsKept time.Time) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.Write(ctx, func(tx *state.Tx) error {
		stale, err := dirtyHours(ctx, tx, ended)
		if err != nil {
			return err
		}
		n = len(stale)
		for _, key := range stale {
			if err := makeHour(ctx, tx, key, pointsKept); err != nil {
				return err
			}
			delete(s.dirty, key)
		}
		return nil
	})
	if err != nil {
		s.forget()
	}
	return n, err
}

func dirtyHours(ctx context.Context, tx *state.Tx, ended int64) ([]devHour, error) {
	rows, err := tx.Query(ctx, "SELECT dev, hour FROM dirty WHERE hour < ? LIMIT ?", ended, maintainBatch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []devHour
	for rows.Next() {
		var k devHour
		if err := rows.Scan(&k.dev, &k.hour); err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	return list, rows.Err()
}

// makeHour totals one device's hour. An hour whose points were forgotten keeps the totals that it has, even if
// another point comes late.
func makeHour(ctx context.Context, tx *state.Tx, key devHour, pointsKept time.Time) error {
	from, to := key.hour-epoch, key.hour-epoch+time.Hour.Microseconds()
	messages, err := readHour(ctx, tx, key.dev, from, to)
	if err != nil {
		return err
	}
	if len(messages) > 0 {
		h := series.Rollup{Start: time.UnixMicro(key.hour).UTC()}
		for i := range messages {
			addToHour(&h, &messages[i])
		}
		onConflict := "UPDATE SET body = excluded.body"
		if key.hour < pointsKept.UnixMicro() {
			onConflict = "NOTHING"
		}
		if _, err := tx.Exec(ctx, "INSERT INTO hours (dev, hour, body) VALUES (?, ?, ?) ON CONFLICT (dev, hour) DO "+onConflict,
			key.dev, key.hour, packHour(&h)); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM dirty WHERE dev = ? AND hour = ?", key.dev, key.hour); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO dirtydays (dev, day) VALUES (?, ?) ON CONFLICT DO NOTHING", key.dev, floor(key.hour, series.Day.Microseconds()))
	return err
}

func readHour(ctx context.Context, tx *state.Tx, dev, from, to int64) ([]series.Message, error) {
	rows, err := tx.Query(ctx, `SELECT p.at, p.body, h.body FROM points p CROSS JOIN shapes h ON h.id = p.shape
		WHERE p.dev = ? AND p.at >= ? AND p.at < ?`, dev, from, to)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []series.Message
	for rows.Next() {
		var m series.Message
		var at int64
		var body, shape []byte
		if err := rows.Scan(&at, &body, &shape); err != nil {
			return nil, err
		}
		m.At = time.UnixMicro(at + epoch).UTC()
		if m.Slots, err = unpackShape(shape); err != nil {
			return nil, err
		}
		if err := unpackBody(&m, body); err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, rows.Err()
}

// forgetPoints deletes a stretch of old points from each device in turn, and returns how many.
func (s *Store) forgetPoints(ctx context.Context, before int64) (int, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *state.Tx) error {
		r, err := tx.Exec(ctx, `DELETE FROM points WHERE (dev, at, boot, seq) IN
			(SELECT p.dev, p.at, p.boot, p.seq FROM devs d CROSS JOIN points p ON p.dev = d.id AND p.at < ? LIMIT 5000)`, before)
		if err == nil {
			n, err = r.RowsAffected()
		}
		return err
	})
	return int(n), err
}
