package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Seam is where a log continues after its database was restored from a backup. Up to Below it is the log from
// before the restore. What followed there is lost, although readers may have seen it. What is logged since has
// cursors above Above, which is farther than the lost log can have reached, so any cursor between the two is
// known to be a lost one.
type Seam struct {
	Below, Above int64
	Log          string // identity of the log before; "" if it had none
	At           time.Time
}

// Lost reports whether a cursor was in the lost end of a log.
func (s Seam) Lost(cursor int64) bool { return s.Below < cursor && cursor < s.Above }

// farther is more entries than a log can have lost.
const farther = 1_000_000_000_000

// Restored records that the database was restored from a backup; it must be called before any service uses it.
// The log gets another identity and continues behind a seam. The cursors behind it begin at the moment of the
// restore in microseconds, so that, if the clock is right, they differ from those of an earlier restore of the
// same backup.
func Restored(ctx context.Context, tx *state.Tx, now time.Time) error {
	if err := tx.Exclusive(ctx, logLock); err != nil {
		return err
	}
	var s Seam
	err := tx.QueryRow(ctx, "SELECT id FROM alert_log_identity").Scan(&s.Log)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("identity of the alert log: %w", err)
	}
	if s.Below, err = LogHead(ctx, tx); err != nil {
		return err
	}
	s.Above = max(state.Micros(now), s.Below+farther)
	_, err = tx.Exec(ctx, "DELETE FROM alert_log_identity")
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO alert_log_seams (below, above, log, at) VALUES (?, ?, ?, ?)", s.Below, s.Above, s.Log, state.Micros(now))
	}
	if err == nil {
		err = tx.NumberFrom(ctx, "alert_log", "cursor", s.Above+1)
	}
	if err != nil {
		return fmt.Errorf("begin the alert log behind a seam: %w", err)
	}
	return nil
}

// Seams returns the seams of the log, in order.
func Seams(ctx context.Context, q state.Querier) (seams []Seam, err error) {
	rows, err := q.Query(ctx, "SELECT below, above, log, at FROM alert_log_seams ORDER BY above")
	if err != nil {
		return nil, fmt.Errorf("read the alert log's seams: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var s Seam
		var at int64
		if err := rows.Scan(&s.Below, &s.Above, &s.Log, &at); err != nil {
			return nil, fmt.Errorf("read the alert log's seams: %w", err)
		}
		s.At = state.Time(at)
		seams = append(seams, s)
	}
	return seams, rows.Err()
}

// lastSeam returns the upper end of the newest seam, or 0 if there is none.
func lastSeam(ctx context.Context, q state.Querier) (above int64, err error) {
	if err := q.QueryRow(ctx, "SELECT COALESCE(MAX(above), 0) FROM alert_log_seams").Scan(&above); err != nil {
		return 0, fmt.Errorf("read the alert log's seams: %w", err)
	}
	return above, nil
}

// Known reports whether a reader with a cursor of the named log may continue from there in this log: it has seen
// everything up to the cursor, and nothing that this log does not hold. The name "" stands for this log.
func Known(ctx context.Context, db *state.DB, log string, cursor int64) (bool, error) {
	seams, err := Seams(ctx, db)
	if err != nil {
		return false, err
	}
	id, err := LogIdentity(ctx, db)
	if err != nil {
		return false, err
	}
	known := log == "" || log == id
	for _, s := range seams {
		if s.Lost(cursor) {
			return false, nil
		}
		known = known || log == s.Log && cursor <= s.Below
	}
	return known, nil
}

// LogTenants lists the tenants about which the log has entries.
func LogTenants(ctx context.Context, q state.Querier) (tenants []string, err error) {
	tenants, err = state.Texts(ctx, q, "SELECT DISTINCT tenant FROM alert_log ORDER BY tenant")
	if err != nil {
		return nil, fmt.Errorf("read the alert log's tenants: %w", err)
	}
	return tenants, nil
}
