package embedded

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Messages returns up to limit messages of a device within the range, the latest if there are more.
func (s *Store) Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error) {
	rows, err := s.db.Query(ctx, `SELECT d.store, p.at, p.boot, p.seq, p.shape, p.body, h.body
		FROM devs d CROSS JOIN points p ON p.dev = d.id CROSS JOIN shapes h ON h.id = p.shape
		WHERE d.tenant = ? AND d.device = ? AND p.at >= ? AND p.at < ?
		ORDER BY p.at DESC, p.boot DESC, p.seq DESC LIMIT ?`,
		r.Tenant, r.Device, r.From.UnixMicro()-epoch, r.To.UnixMicro()-epoch, limit)
	if err != nil {
		return nil, fmt.Errorf("read series of %s: %w", r.Device, err)
	}
	defer rows.Close()
	shapes := map[int64][]series.SlotPoint{}
	var list []series.Message
	for rows.Next() {
		m := series.Message{Tenant: r.Tenant, Device: r.Device}
		var at, boot, seq, shape int64
		var body, shapeBody []byte
		if err := rows.Scan(&m.Store, &at, &boot, &seq, &shape, &body, &shapeBody); err != nil {
			return nil, fmt.Errorf("read series of %s: %w", r.Device, err)
		}
		m.At, m.Boot, m.Seq = time.UnixMicro(at+epoch).UTC(), uint32(boot), uint64(seq)
		slots, ok := shapes[shape]
		if !ok {
			if slots, err = unpackShape(shapeBody); err != nil {
				return nil, fmt.Errorf("read series of %s: shape %d: %w", r.Device, shape, err)
			}
			shapes[shape] = slots
		}
		m.Slots = append(m.Slots, slots...)
		if err := unpackBody(&m, body); err != nil {
			return nil, fmt.Errorf("read series of %s at %s: %w", r.Device, m.At, err)
		}
		list = append(list, m)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	return list, rows.Err()
}

// Fleet returns the totals of all of a tenant's devices by SKU, ordered by GTIN, in whole buckets that touch
// from ≤ t < to.
func (s *Store) Fleet(ctx context.Context, tenant string, from, to time.Time) ([]series.Totals, error) {
	rows, err := s.db.Query(ctx, `SELECT gtin, SUM(ok), SUM(low), SUM(empty), SUM(misplaced), SUM(foreign_), SUM(unknown), SUM(present), SUM(due)
		FROM fleet WHERE tenant = ? AND bucket >= ? AND bucket < ? GROUP BY gtin ORDER BY gtin`,
		tenant, floor(from.UnixMicro(), series.FleetBucket.Microseconds()), to.UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("read fleet totals: %w", err)
	}
	defer rows.Close()
	var list []series.Totals
	for rows.Next() {
		var t series.Totals
		var gtin string
		if err := rows.Scan(&gtin, &t.OK, &t.Low, &t.Empty, &t.Misplaced, &t.Foreign, &t.Unknown, &t.Present, &t.Due); err != nil {
			return nil, fmt.Errorf("read fleet totals: %w", err)
		}
		t.GTIN = shelf.GTIN(gtin)
		list = append(list, t)
	}
	return list, rows.Err()
}
