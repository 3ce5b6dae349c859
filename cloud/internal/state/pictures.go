package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Picture is a JPEG of its shelf that a board sent.
type Picture struct {
	Tenant, Device string
	Order
	ObservationSeq uint64 // of the same boot; 0: none
	CapturedAt     time.Time
	Width, Height  int // pixels
	Purpose        string
	JPEG           []byte
}

const pictureColumns = "tenant, device, boot, seq, obs_seq, captured_at, width, height, purpose, jpeg"

// PutPicture stores p and deletes all but the device's newest keep pictures, except those that KeepPicture
// protects.
func PutPicture(ctx context.Context, tx *Tx, p Picture, keep int) error {
	_, err := tx.Exec(ctx, "INSERT INTO pictures ("+pictureColumns+") VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT (tenant, device, boot, seq) DO NOTHING",
		p.Tenant, p.Device, int64(p.Boot), int64(p.Seq), int64(p.ObservationSeq), Micros(p.CapturedAt), p.Width, p.Height, p.Purpose, p.JPEG)
	if err != nil {
		return fmt.Errorf("store picture of %s: %w", p.Device, err)
	}
	var boot, seq int64
	err = tx.QueryRow(ctx, "SELECT boot, seq FROM pictures WHERE tenant = ? AND device = ? ORDER BY boot DESC, seq DESC LIMIT 1 OFFSET ?",
		p.Tenant, p.Device, keep).Scan(&boot, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, "DELETE FROM pictures WHERE tenant = ? AND device = ? AND (boot < ? OR (boot = ? AND seq <= ?)) AND keep_until < ?",
			p.Tenant, p.Device, boot, boot, seq, Micros(time.Now()))
	}
	if err != nil {
		return fmt.Errorf("forget old pictures of %s: %w", p.Device, err)
	}
	return nil
}

// KeepPicture protects the picture of a message, or of the observation with that number, until the given time.
// If there is no such picture, it does nothing.
func KeepPicture(ctx context.Context, tx *Tx, tenant, device string, o Order, until time.Time) error {
	_, err := tx.Exec(ctx, "UPDATE pictures SET keep_until = ? WHERE tenant = ? AND device = ? AND boot = ? AND (seq = ? OR obs_seq = ?) AND keep_until < ?",
		Micros(until), tenant, device, int64(o.Boot), int64(o.Seq), int64(o.Seq), Micros(until))
	if err != nil {
		return fmt.Errorf("keep picture of %s: %w", device, err)
	}
	return nil
}

// PicturedLooks returns the observations of a device for which there is a picture, in order.
func PicturedLooks(ctx context.Context, q Querier, tenant, device string) (looks []Order, err error) {
	rows, err := q.Query(ctx, "SELECT DISTINCT boot, obs_seq FROM pictures WHERE tenant = ? AND device = ? AND obs_seq > 0 ORDER BY boot, obs_seq", tenant, device)
	if err != nil {
		return nil, fmt.Errorf("list pictures of %s: %w", device, err)
	}
	defer rows.Close()
	for rows.Next() {
		var boot, seq int64
		if err := rows.Scan(&boot, &seq); err != nil {
			return nil, fmt.Errorf("list pictures of %s: %w", device, err)
		}
		looks = append(looks, Order{uint32(boot), uint64(seq)})
	}
	return looks, rows.Err()
}

// LastPicture returns a device's newest picture. The error is ErrNotFound if there is none.
func LastPicture(ctx context.Context, q Querier, tenant, device string) (*Picture, error) {
	return scanPicture(device, q.QueryRow(ctx, "SELECT "+pictureColumns+` FROM pictures
		WHERE tenant = ? AND device = ? ORDER BY boot DESC, seq DESC LIMIT 1`, tenant, device))
}

// GetPicture returns the picture of a message, or of the observation with that number. The error is ErrNotFound if there is none.
func GetPicture(ctx context.Context, q Querier, tenant, device string, o Order) (*Picture, error) {
	return scanPicture(device, q.QueryRow(ctx, "SELECT "+pictureColumns+` FROM pictures
		WHERE tenant = ? AND device = ? AND boot = ? AND (seq = ? OR obs_seq = ?) ORDER BY seq LIMIT 1`,
		tenant, device, int64(o.Boot), int64(o.Seq), int64(o.Seq)))
}

func scanPicture(device string, row *sql.Row) (*Picture, error) {
	var p Picture
	var boot, seq, obs, at int64
	err := row.Scan(&p.Tenant, &p.Device, &boot, &seq, &obs, &at, &p.Width, &p.Height, &p.Purpose, &p.JPEG)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("picture of cooler %s: %w", device, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read picture of %s: %w", device, err)
	}
	p.Order, p.ObservationSeq, p.CapturedAt = Order{uint32(boot), uint64(seq)}, uint64(obs), Time(at)
	return &p, nil
}
