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

// LastBoots returns up to n of a device's boots, those with the highest numbers first.
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

// BootSeen returns one boot of a device; one that was never heard of is empty.
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

// SeenKey names one boot of one device of a tenant.
type SeenKey struct {
	Device string
	Boot   uint32
}

// bootsSeen asks for each boot separately, by the table's key. A join would leave the plan to PostgreSQL, which
// reads the whole tenant while it has no statistics of the table: in the first minute, and after a restore.
var bootsSeen = NewStatements("WITH k (device, boot) AS (VALUES ", "(CAST(? AS TEXT), CAST(? AS BIGINT))",
	`) SELECT k.device, k.boot, (SELECT s.ranges FROM seen s WHERE s.tenant = ? AND s.device = k.device AND s.boot = k.boot) FROM k`)

// BootsSeen returns boots of a tenant's devices; those that were never heard of are empty.
func BootsSeen(ctx context.Context, q Querier, tenant string, keys []SeenKey) (map[SeenKey]*Seen, error) {
	found := make(map[SeenKey]*Seen, len(keys))
	for _, k := range keys {
		found[k] = &Seen{Boot: k.Boot}
	}
	err := InStretches(keys, func(part []SeenKey) error {
		args := make([]any, 0, 2*len(part)+1)
		for _, k := range part {
			args = append(args, k.Device, int64(k.Boot))
		}
		rows, err := q.Query(ctx, bootsSeen[len(part)], append(args, tenant)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var k SeenKey
			var boot int64
			var data []byte
			if err := rows.Scan(&k.Device, &boot, &data); err != nil {
				return err
			}
			if data == nil {
				continue
			}
			k.Boot = uint32(boot)
			if found[k].Ranges, err = DecodeRanges(data); err != nil {
				return fmt.Errorf("boot %d of %s: %w", boot, k.Device, err)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("read boots: %w", err)
	}
	return found, nil
}

// DeviceSeen is what was seen of one boot of a device.
type DeviceSeen struct {
	Tenant, Device string
	*Seen
}

var putSeen = NewStatements("INSERT INTO seen (tenant, device, boot, ranges) VALUES ", "(?, ?, ?, ?)",
	" ON CONFLICT (tenant, device, boot) DO UPDATE SET ranges = excluded.ranges")

// PutSeen stores boots, which must all be different.
func PutSeen(ctx context.Context, tx *Tx, list ...DeviceSeen) error {
	return InStretches(list, func(part []DeviceSeen) error {
		args := make([]any, 0, 4*len(part))
		for _, s := range part {
			args = append(args, s.Tenant, s.Device, int64(s.Boot), s.Ranges.Bytes())
		}
		if _, err := tx.Exec(ctx, putSeen[len(part)], args...); err != nil {
			return fmt.Errorf("store boots from that of %s on: %w", part[0].Device, err)
		}
		return nil
	})
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
