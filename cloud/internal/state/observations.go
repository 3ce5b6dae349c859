package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// basePlaces is how many complete observations of a device are kept at most, as bases that a board
// may refer to. A complete one's place is its seq modulo this, so keeping it is a single write. One
// that came as a difference is no base; the newest of those has the place after.
const basePlaces = 8

func placeOf(o Order, complete bool) int64 {
	if complete {
		return int64(o.Seq % basePlaces)
	}
	return basePlaces
}

// KeptObservation is the wire envelope of an observation in its complete form. Complete tells that it
// came so, and may be a base.
type KeptObservation struct {
	Tenant, Device string
	Order
	Envelope []byte
	Complete bool
}

var putObservations = NewStatements("INSERT INTO observations (tenant, device, place, boot, seq, envelope) VALUES ", "(?, ?, ?, ?, ?, ?)",
	` ON CONFLICT (tenant, device, place) DO UPDATE SET boot = excluded.boot, seq = excluded.seq, envelope = excluded.envelope
		WHERE observations.boot < excluded.boot OR (observations.boot = excluded.boot AND observations.seq < excluded.seq)`)

// PutObservations keeps each observation, unless a newer one has its place. Those of one device are in
// the order of their messages.
func PutObservations(ctx context.Context, tx *Tx, list ...KeptObservation) error {
	return InStretches(newestOfPlace(list), func(part []KeptObservation) error {
		args := make([]any, 0, 6*len(part))
		for _, o := range part {
			args = append(args, o.Tenant, o.Device, placeOf(o.Order, o.Complete), int64(o.Boot), int64(o.Seq), o.Envelope)
		}
		if _, err := tx.Exec(ctx, putObservations[len(part)], args...); err != nil {
			return fmt.Errorf("store observations from that of %s on: %w", part[0].Device, err)
		}
		return nil
	})
}

// newestOfPlace leaves out those whose place a later one of the list takes.
func newestOfPlace(list []KeptObservation) []KeptObservation {
	type key struct {
		tenant, device string
		place          int64
	}
	taken := make(map[key]bool, len(list))
	kept := make([]KeptObservation, 0, len(list))
	for _, o := range slices.Backward(list) {
		if k := (key{o.Tenant, o.Device, placeOf(o.Order, o.Complete)}); !taken[k] {
			taken[k], kept = true, append(kept, o)
		}
	}
	slices.Reverse(kept)
	return kept
}

// LastObservation gives the wire envelope of a device's newest observation; ErrNotFound.
func LastObservation(ctx context.Context, q Querier, tenant, device string) ([]byte, error) {
	return scanObservation(device, q.QueryRow(ctx, `SELECT envelope FROM observations
		WHERE tenant = ? AND device = ? ORDER BY boot DESC, seq DESC LIMIT 1`, tenant, device))
}

// BaseObservation gives the wire envelope of one of a device's last complete observations; ErrNotFound.
func BaseObservation(ctx context.Context, q Querier, tenant, device string, o Order) ([]byte, error) {
	return scanObservation(device, q.QueryRow(ctx, `SELECT envelope FROM observations
		WHERE tenant = ? AND device = ? AND place = ? AND boot = ? AND seq = ?`,
		tenant, device, placeOf(o, true), int64(o.Boot), int64(o.Seq)))
}

func scanObservation(device string, row *sql.Row) ([]byte, error) {
	var data []byte
	err := row.Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("observation of cooler %s: %w", device, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read observation of %s: %w", device, err)
	}
	return data, nil
}
