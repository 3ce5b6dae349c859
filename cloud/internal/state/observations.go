package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// basePlaces is how many complete observations of a device are kept as bases that a board may refer to. A
// complete observation is stored in the place seq modulo basePlaces, so keeping it is a single write. One that
// came as a delta cannot be a base; the newest of those is stored in one more place.
const basePlaces = 8

func placeOf(o Order, complete bool) int64 {
	if complete {
		return int64(o.Seq % basePlaces)
	}
	return basePlaces
}

// KeptObservation is the wire envelope of an observation in its complete form. Complete says that it came in
// that form, and may be a base.
type KeptObservation struct {
	Tenant, Device string
	Order
	Envelope []byte
	Complete bool
}

var putObservations = NewStatements("INSERT INTO observations (tenant, device, place, boot, seq, envelope) VALUES ", "(?, ?, ?, ?, ?, ?)",
	` ON CONFLICT (tenant, device, place) DO UPDATE SET boot = excluded.boot, seq = excluded.seq, envelope = excluded.envelope
		WHERE observations.boot < excluded.boot OR (observations.boot = excluded.boot AND observations.seq < excluded.seq)`)

// PutObservations stores each observation, unless a newer one has its place. Those of one device must be in the
// order of their messages.
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

// newestOfPlace leaves out the observations whose place a later one of the list takes.
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

// LastObservation returns the wire envelope of a device's newest observation. The error is ErrNotFound if there is none.
func LastObservation(ctx context.Context, q Querier, tenant, device string) ([]byte, error) {
	return scanObservation(device, q.QueryRow(ctx, `SELECT envelope FROM observations
		WHERE tenant = ? AND device = ? ORDER BY boot DESC, seq DESC LIMIT 1`, tenant, device))
}

// BaseObservation returns the wire envelope of one of a device's last complete observations. The error is ErrNotFound if there is none.
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
