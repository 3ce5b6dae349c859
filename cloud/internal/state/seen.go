package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Seen says which messages of one boot of one device have been stored.
type Seen struct {
	Boot   uint32
	Ranges Ranges
}

// LastBoots gives a device's boots with the highest number first, at most n.
func LastBoots(ctx context.Context, q Querier, tenant, device string, n int) ([]Seen, error) {
	rows, err := q.Query(ctx, "SELECT boot, ranges FROM seen WHERE tenant = ? AND device = ? ORDER BY boot DESC LIMIT ?",
		tenant, device, n)
	if err != nil {
		return nil, fmt.Errorf("read boots of %s: %w", device, err)
	}
	defer rows.Close()
	var boots []Seen
	for rows.Next() {
		s, err := scanSeen(rows)
		if err != nil {
			return nil, fmt.Errorf("read boots of %s: %w", device, err)
		}
		boots = append(boots, s)
	}
	return boots, rows.Err()
}

// BootSeen gives one boot of a device; one that was never heard of is empty.
func BootSeen(ctx context.Context, q Querier, tenant, device string, boot uint32) (Seen, error) {
	row := q.QueryRow(ctx, "SELECT boot, ranges FROM seen WHERE tenant = ? AND device = ? AND boot = ?", tenant, device, int64(boot))
	s, err := scanSeen(row)
	if errors.Is(err, sql.ErrNoRows) {
		return Seen{Boot: boot}, nil
	}
	if err != nil {
		return Seen{}, fmt.Errorf("read boot %d of %s: %w", boot, device, err)
	}
	return s, nil
}

// PutSeen stores it.
func PutSeen(ctx context.Context, tx *Tx, tenant, device string, s Seen) error {
	_, err := tx.Exec(ctx, `INSERT INTO seen (tenant, device, boot, ranges) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, device, boot) DO UPDATE SET ranges = excluded.ranges`,
		tenant, device, int64(s.Boot), s.Ranges.Bytes())
	if err != nil {
		return fmt.Errorf("store boot %d of %s: %w", s.Boot, device, err)
	}
	return nil
}

type scanner interface{ Scan(dest ...any) error }

func scanSeen(row scanner) (Seen, error) {
	var boot int64
	var data []byte
	if err := row.Scan(&boot, &data); err != nil {
		return Seen{}, err
	}
	r, err := DecodeRanges(data)
	return Seen{Boot: uint32(boot), Ranges: r}, err
}
