package alert

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// LogIdentity returns the name of the log, which it creates if there is none. A cursor of one log means nothing
// in another. A database restored from a backup gets another name, because what follows its last entry is not
// what followed before.
func LogIdentity(ctx context.Context, db *state.DB) (id string, err error) {
	const read = "SELECT id FROM alert_log_identity"
	if err = db.QueryRow(ctx, read).Scan(&id); errors.Is(err, sql.ErrNoRows) {
		err = db.Write(ctx, func(tx *state.Tx) error {
			if _, err := tx.Exec(ctx, "INSERT INTO alert_log_identity (one, id) VALUES (1, ?) ON CONFLICT (one) DO NOTHING", rand.Text()[:12]); err != nil {
				return err
			}
			return tx.QueryRow(ctx, read).Scan(&id)
		})
	}
	if err != nil {
		return "", fmt.Errorf("identity of the alert log: %w", err)
	}
	return id, nil
}
