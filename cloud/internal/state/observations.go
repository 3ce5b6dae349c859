package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// observationPlaces is how many of a device's last observations are kept at most: the newest for
// whoever asks, the ones before as bases that a board may refer to. An observation's place is its
// seq modulo this, so keeping one is a single write; where every eighth message is an observation,
// only the newest is kept.
const observationPlaces = 8

// PutObservation keeps the wire envelope of a complete observation, unless a newer one has its place.
func PutObservation(ctx context.Context, tx *Tx, tenant, device string, o Order, envelope []byte) error {
	_, err := tx.Exec(ctx, `INSERT INTO observations (tenant, device, place, boot, seq, envelope) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, device, place) DO UPDATE SET boot = excluded.boot, seq = excluded.seq, envelope = excluded.envelope
		WHERE observations.boot < excluded.boot OR (observations.boot = excluded.boot AND observations.seq < excluded.seq)`,
		tenant, device, int64(o.Seq%observationPlaces), int64(o.Boot), int64(o.Seq), envelope)
	if err != nil {
		return fmt.Errorf("store observation of %s: %w", device, err)
	}
	return nil
}

// LastObservation gives the wire envelope of a device's newest observation; ErrNotFound.
func LastObservation(ctx context.Context, q Querier, tenant, device string) ([]byte, error) {
	return scanObservation(device, q.QueryRow(ctx, `SELECT envelope FROM observations
		WHERE tenant = ? AND device = ? ORDER BY boot DESC, seq DESC LIMIT 1`, tenant, device))
}

// ObservationAt gives the wire envelope of one of a device's last observations; ErrNotFound.
func ObservationAt(ctx context.Context, q Querier, tenant, device string, o Order) ([]byte, error) {
	return scanObservation(device, q.QueryRow(ctx, `SELECT envelope FROM observations
		WHERE tenant = ? AND device = ? AND place = ? AND boot = ? AND seq = ?`,
		tenant, device, int64(o.Seq%observationPlaces), int64(o.Boot), int64(o.Seq)))
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
