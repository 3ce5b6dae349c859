package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
)

// Copy makes a consistent copy of a SQLite file that may be in use, at a path that must not exist. It does not
// block writers.
func Copy(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(from, false))
	if err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	_, err = db.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, db.Close()); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	return nil
}
