// Package embedded is the series store that needs no server: one SQLite file beside the state. On the way from
// a message to an alert, the ingester writes here first. A device message is one packed row. Totals by fleet,
// hour and day are kept as well, so that questions about them need not read every point.
//
// It promises what package series requires of a store. A row is written once and never changed. Two processes
// must not write at once: SQLite's lock makes the second one wait, and cooler-cloud opens only one store. For
// several ingesters on several machines use InfluxDB.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Store is an open series file. It is safe for concurrent use.
type Store struct {
	db *state.DB

	mu     sync.Mutex // held while writing, because the caches belong to the writer
	devs   map[devKey]int64
	shapes map[string]int64
	dirty  map[devHour]struct{}
	// forgotten is the time, in microseconds since 1970, before which points were forgotten. The totals of
	// hours before it stay as they are, whatever comes late.
	forgotten int64
}

type devKey struct{ tenant, device, store string }

type devHour struct{ dev, hour int64 }

// Open opens "sqlite:/path/series.db" and creates its tables.
func Open(ctx context.Context, url string) (*Store, error) {
	db, err := state.Open(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("open series: %w", err)
	}
	if db.Postgres() {
		return nil, errors.Join(errors.New("open series: the embedded series is a SQLite file, not PostgreSQL"), db.Close())
	}
	if err := state.Migrate(ctx, db, tables); err != nil {
		return nil, errors.Join(fmt.Errorf("open series: %w", err), db.Close())
	}
	s := &Store{db: db}
	s.forget()
	return s, nil
}

// Close closes the file.
func (s *Store) Close() error { return s.db.Close() }

// Ping checks that the file answers.
func (s *Store) Ping(ctx context.Context) error { return s.db.Ping(ctx) }

// forget empties the caches: after a rollback they may refer to rows that do not exist.
func (s *Store) forget() {
	s.devs, s.shapes, s.dirty = map[devKey]int64{}, map[string]int64{}, map[devHour]struct{}{}
}

// dev returns the number of a device, which is assigned if the device is new.
func (s *Store) dev(ctx context.Context, tx *state.Tx, m *series.Message) (int64, error) {
	key := devKey{m.Tenant, m.Device, m.Store}
	if id, ok := s.devs[key]; ok {
		return id, nil
	}
	var id int64
	err := tx.QueryRow(ctx, `INSERT INTO devs (tenant, device, store) VALUES (?, ?, ?)
		ON CONFLICT (tenant, device, store) DO UPDATE SET store = excluded.store RETURNING id`, m.Tenant, m.Device, m.Store).Scan(&id)
	if err == nil {
		s.devs[key] = id
	}
	return id, err
}

// shape returns the number of a list of slots, which is assigned if the list is new.
func (s *Store) shape(ctx context.Context, tx *state.Tx, slots []series.SlotPoint) (int64, error) {
	body := packShape(slots)
	if id, ok := s.shapes[string(body)]; ok {
		return id, nil
	}
	var id int64
	err := tx.QueryRow(ctx, `INSERT INTO shapes (body) VALUES (?)
		ON CONFLICT (body) DO UPDATE SET body = excluded.body RETURNING id`, body).Scan(&id)
	if err == nil {
		s.shapes[string(body)] = id
	}
	return id, err
}

// Checkpoint moves the content of the write-ahead log into the file, so that its size can be measured.
func (s *Store) Checkpoint(ctx context.Context) error {
	return s.db.Admin(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
}
