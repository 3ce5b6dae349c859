package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
)

// Inspect reports the health of the outbox in dir without starting it: no boot is counted and nothing is set
// aside. The error is ErrInUse if an agent is running on it, and wraps os.ErrNotExist if none ever did.
func Inspect(ctx context.Context, dir string) (Health, error) {
	path := filepath.Join(dir, "outbox.db")
	if _, err := os.Stat(path); err != nil {
		return Health{}, fmt.Errorf("inspect outbox: %w", err)
	}
	query := url.Values{"_pragma": {"locking_mode(EXCLUSIVE)", "busy_timeout(0)"}, "mode": {"rw"}}
	db, err := sql.Open("sqlite", "file:"+path+"?"+query.Encode())
	if err != nil {
		return Health{}, fmt.Errorf("inspect outbox: %w", err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	h := Health{Durable: true}
	err = inspect(ctx, db, &h)
	if isCode(err, codeBusy) {
		return h, fmt.Errorf("inspect outbox: %w", ErrInUse)
	}
	if err != nil {
		return h, fmt.Errorf("inspect outbox: %w", err)
	}
	return h, nil
}

func inspect(ctx context.Context, db *sql.DB, h *Health) error {
	var check string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&check); err != nil {
		return err
	}
	if check != "ok" {
		return errors.New(check)
	}
	rows, err := db.QueryContext(ctx, `SELECT class, count(*), sum(length(payload)) FROM message GROUP BY class`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var class Class
		var n int
		var bytes int64
		if err := rows.Scan(&class, &n, &bytes); err != nil {
			return err
		}
		if class < classes {
			h.ByClass[class] = n
		}
		h.Messages += n
		h.Bytes += bytes + int64(n)*rowBytes
	}
	return rows.Err()
}
