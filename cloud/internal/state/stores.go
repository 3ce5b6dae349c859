package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Store is one place with coolers.
type Store struct {
	Tenant, Store string
	Name          string
	GLN           string   // Global Location Number; "" if not known
	Lat, Lon      *float64 // WGS 84 degrees; nil if not known
	TZ            string   // IANA name; "" if not known
	Hours         string   // opening hours as the API takes them; "" if not known
	Region        string   // sales region; "" if not known
	Channel       string   // trade channel, such as convenience; "" if not known
	Class         string   // store class, such as A; "" if not known
}

const storeColumns = "tenant, store, name, gln, lat, lon, tz, hours, region, channel, class"

// PutStore enters or changes a store.
func PutStore(ctx context.Context, tx *Tx, s Store, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO stores (`+storeColumns+`, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (tenant, store) DO UPDATE SET name = excluded.name, gln = excluded.gln, lat = excluded.lat,
			lon = excluded.lon, tz = excluded.tz, hours = excluded.hours, region = excluded.region,
			channel = excluded.channel, class = excluded.class, updated_at = excluded.updated_at`,
		s.Tenant, s.Store, s.Name, s.GLN, s.Lat, s.Lon, s.TZ, s.Hours, s.Region, s.Channel, s.Class, Micros(now))
	if err != nil {
		return fmt.Errorf("store %s: %w", s.Store, err)
	}
	return nil
}

// EnsureStore enters a store that is not known yet, and does not change one that is.
func EnsureStore(ctx context.Context, tx *Tx, tenant, store string, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO stores (tenant, store, updated_at) VALUES (?, ?, ?)
		ON CONFLICT (tenant, store) DO NOTHING`, tenant, store, Micros(now))
	if err != nil {
		return fmt.Errorf("enter store %s: %w", store, err)
	}
	return nil
}

// GetStore reads one store. The error is ErrNotFound if there is none.
func GetStore(ctx context.Context, q Querier, tenant, store string) (Store, error) {
	s, err := scanStore(q.QueryRow(ctx, "SELECT "+storeColumns+" FROM stores WHERE tenant = ? AND store = ?", tenant, store))
	if errors.Is(err, sql.ErrNoRows) {
		return Store{}, fmt.Errorf("store %s: %w", store, ErrNotFound)
	}
	if err != nil {
		return Store{}, fmt.Errorf("read store %s: %w", store, err)
	}
	return s, nil
}

// ListStores returns a tenant's stores by their ID.
func ListStores(ctx context.Context, q Querier, tenant string) ([]Store, error) {
	rows, err := q.Query(ctx, "SELECT "+storeColumns+" FROM stores WHERE tenant = ? ORDER BY store", tenant)
	if err != nil {
		return nil, fmt.Errorf("list stores: %w", err)
	}
	defer rows.Close()
	var list []Store
	for rows.Next() {
		s, err := scanStore(rows)
		if err != nil {
			return nil, fmt.Errorf("list stores: %w", err)
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

func scanStore(row scanner) (s Store, err error) {
	err = row.Scan(&s.Tenant, &s.Store, &s.Name, &s.GLN, &s.Lat, &s.Lon, &s.TZ, &s.Hours, &s.Region, &s.Channel, &s.Class)
	return s, err
}
