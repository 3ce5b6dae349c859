package state

import (
	"context"
	"fmt"
	"time"
)

// Pending is a message that is stored and acknowledged, but waits to be judged until the ones before
// it have come, or have been waited for long enough.
type Pending struct {
	Tenant, Device string
	Order
	ReceivedAt time.Time
	Message    []byte // the wire envelope
}

// AddPending keeps p.
func AddPending(ctx context.Context, tx *Tx, p Pending) error {
	_, err := tx.Exec(ctx, "INSERT INTO pending (tenant, device, boot, seq, received_at, message) VALUES (?, ?, ?, ?, ?, ?)",
		p.Tenant, p.Device, int64(p.Boot), int64(p.Seq), Micros(p.ReceivedAt), p.Message)
	if err != nil {
		return fmt.Errorf("keep message %d.%d of %s for judging: %w", p.Boot, p.Seq, p.Device, err)
	}
	return nil
}

// PendingOf gives what waits for one device, in its order.
func PendingOf(ctx context.Context, q Querier, tenant, device string) ([]Pending, error) {
	rows, err := q.Query(ctx, `SELECT boot, seq, received_at, message FROM pending
		WHERE tenant = ? AND device = ? ORDER BY boot, seq`, tenant, device)
	if err != nil {
		return nil, fmt.Errorf("read messages of %s to judge: %w", device, err)
	}
	defer rows.Close()
	var list []Pending
	for rows.Next() {
		p := Pending{Tenant: tenant, Device: device}
		var boot, seq, at int64
		if err := rows.Scan(&boot, &seq, &at, &p.Message); err != nil {
			return nil, fmt.Errorf("read messages of %s to judge: %w", device, err)
		}
		p.Order, p.ReceivedAt = Order{uint32(boot), uint64(seq)}, Time(at)
		list = append(list, p)
	}
	return list, rows.Err()
}

// DropPending forgets one that has been judged.
func DropPending(ctx context.Context, tx *Tx, p Pending) error {
	_, err := tx.Exec(ctx, "DELETE FROM pending WHERE tenant = ? AND device = ? AND boot = ? AND seq = ?",
		p.Tenant, p.Device, int64(p.Boot), int64(p.Seq))
	if err != nil {
		return fmt.Errorf("drop judged message of %s: %w", p.Device, err)
	}
	return nil
}

// DeviceKey names a device of a tenant.
type DeviceKey struct{ Tenant, Device string }

// PendingSince gives up to limit devices with a message that has waited since before then.
func PendingSince(ctx context.Context, q Querier, before time.Time, limit int) ([]DeviceKey, error) {
	rows, err := q.Query(ctx, "SELECT DISTINCT tenant, device FROM pending WHERE received_at <= ? ORDER BY tenant, device LIMIT ?",
		Micros(before), limit)
	if err != nil {
		return nil, fmt.Errorf("find messages to judge: %w", err)
	}
	defer rows.Close()
	var keys []DeviceKey
	for rows.Next() {
		var k DeviceKey
		if err := rows.Scan(&k.Tenant, &k.Device); err != nil {
			return nil, fmt.Errorf("find messages to judge: %w", err)
		}
		keys = append(keys, k)
	}
	return keys, rows.Err()
}
