package state

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"time"
)

// Migrations defines the tables of one package as the steps that lead to them. A step is one or more SQL
// statements that both databases run. Use BLOB for bytes, AUTOID for a primary key that numbers rows by itself,
// and BIGINT, TEXT, BOOLEAN and DOUBLE PRECISION for the rest. A step that was released must not be edited; a
// change is a further step.
type Migrations struct {
	Name  string // the package that owns the tables
	Steps []string

	// Visible gives, for each table without a tenant column, an SQL condition for PostgreSQL that says which
	// rows belong to a tenant. A table with neither belongs to the service itself.
	Visible map[string]string
}

// The errors of Migrate that a caller may branch on.
var (
	ErrNewer   = errors.New("the database was migrated by a newer program")
	ErrChanged = errors.New("a migration step was changed after it was applied")
)

// Migrate brings each package's tables up to the last step, in the given order, in one transaction per package.
// Several programs may call it at once.
func Migrate(ctx context.Context, db *DB, packages ...Migrations) error {
	err := db.Write(ctx, func(tx *Tx) error {
		if err := tx.Exclusive(ctx, "schema_migrations"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS schema_migrations (
			name TEXT NOT NULL, step BIGINT NOT NULL, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL,
			PRIMARY KEY (name, step))`)
		return err
	})
	if err != nil {
		return fmt.Errorf("migrate state: %w", err)
	}
	for _, m := range packages {
		if err := db.Write(ctx, func(tx *Tx) error { return m.apply(ctx, tx) }); err != nil {
			return fmt.Errorf("migrate %s: %w", m.Name, err)
		}
	}
	if !db.postgres {
		return nil
	}
	visible := map[string]string{}
	for _, m := range packages {
		maps.Copy(visible, m.Visible)
	}
	err = db.Write(ctx, func(tx *Tx) error {
		if err := tx.Exclusive(ctx, "schema_migrations"); err != nil {
			return err
		}
		return isolate(ctx, tx, visible)
	})
	if err != nil {
		return fmt.Errorf("keep tenants apart: %w", err)
	}
	return nil
}

func (m Migrations) apply(ctx context.Context, tx *Tx) error {
	if err := tx.Exclusive(ctx, "schema_migrations"); err != nil {
		return err
	}
	applied, err := m.applied(ctx, tx)
	if err != nil {
		return err
	}
	if len(applied) > len(m.Steps) {
		return fmt.Errorf("%w: it has %d steps, this program knows %d", ErrNewer, len(applied), len(m.Steps))
	}
	for i, step := range m.Steps {
		sum := sha256.Sum256([]byte(step))
		hash := hex.EncodeToString(sum[:])
		if i < len(applied) {
			if applied[i] != hash {
				return fmt.Errorf("step %d: %w", i+1, ErrChanged)
			}
			continue
		}
		if _, err := tx.Exec(ctx, tx.db.ddl(step)); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO schema_migrations (name, step, sha256, applied_at) VALUES (?, ?, ?, ?)",
			m.Name, i+1, hash, Micros(time.Now())); err != nil {
			return fmt.Errorf("step %d: %w", i+1, err)
		}
	}
	return nil
}

func (m Migrations) applied(ctx context.Context, tx *Tx) ([]string, error) {
	return Texts(ctx, tx, "SELECT sha256 FROM schema_migrations WHERE name = ? ORDER BY step", m.Name)
}
