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

// Maintain brings the totals by the hour up to date, for all hours that have ended by now, then
// forgets points older than pointsBefore and totals older than hoursBefore. An hour's totals are
// always made anew from its points, so it may be called at any time and stopped at any time.
func (s *Store) Maintain(ctx context.Context, now, pointsBefore, hoursBefore time.Time) error {
	ended := floor(now.UnixMicro(), time.Hour.Microseconds())
	for {
		n, err := s.rollUp(ctx, ended)
		if err != nil {
			return fmt.Errorf("roll up series: %w", err)
		}
		if n < maintainBatch {
			break
		}
	}
	for {
		n, err := s.forgetPoints(ctx, pointsBefore.UnixMicro()-epoch)
		if err != nil {
			return fmt.Errorf("forget old points: %w", err)
		}
		if n == 0 {
			break
		}
	}
	return s.db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM hours WHERE hour < ?", hoursBefore.UnixMicro())
		if err == nil {
			_, err = tx.Exec(ctx, "DELETE FROM fleet WHERE bucket < ?", hoursBefore.UnixMicro())
		}
		return err
	})
}

// rollUp makes up to a batch of hours and gives how many it found to make.
func (s *Store) rollUp(ctx context.Context, ended int64) (n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	err = s.db.Write(ctx, func(tx *state.Tx) error {
		stale, err := dirtyHours(ctx, tx, ended)
		if err != nil {
			return err
		}
		n = len(stale)
		for _, key := range stale {
			if err := makeHour(ctx, tx, key); err != nil {
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

// makeHour totals one device's hour. An hour whose points are forgotten keeps the totals it has.
func makeHour(ctx context.Context, tx *state.Tx, key devHour) error {
	from, to := key.hour-epoch, key.hour-epoch+time.Hour.Microseconds()
	messages, err := readHour(ctx, tx, key.dev, from, to)
	if err != nil {
		return err
	}
	if len(messages) > 0 {
		h := series.Hour{Start: time.UnixMicro(key.hour).UTC()}
		for i := range messages {
			addToHour(&h, &messages[i])
		}
		if _, err := tx.Exec(ctx, "INSERT INTO hours (dev, hour, body) VALUES (?, ?, ?) ON CONFLICT (dev, hour) DO UPDATE SET body = excluded.body",
			key.dev, key.hour, packHour(&h)); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "DELETE FROM dirty WHERE dev = ? AND hour = ?", key.dev, key.hour)
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

// forgetPoints deletes a stretch of old points of each device in turn, and gives how many.
func (s *Store) forgetPoints(ctx context.Context, before int64) (int64, error) {
	var n int64
	err := s.db.Write(ctx, func(tx *state.Tx) error {
		r, err := tx.Exec(ctx, `DELETE FROM points WHERE (dev, at, boot, seq) IN
			(SELECT p.dev, p.at, p.boot, p.seq FROM devs d CROSS JOIN points p ON p.dev = d.id AND p.at < ? LIMIT 5000)`, before)
		if err == nil {
			n, err = r.RowsAffected()
		}
		return err
	})
	return n, err
}
