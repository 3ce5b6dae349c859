// Package statetest provides tests with the two databases that state supports: SQLite in a file, and a real
// PostgreSQL 15 from Debian's package, started for the test in a folder of its own, on a Unix socket. It never
// skips: on a machine without PostgreSQL the test fails and says what to install.
package statetest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Each runs fn on a new SQLite database and on a new PostgreSQL database, both migrated with state's own tables
// and then with the given ones.
func Each(t *testing.T, fn func(t *testing.T, db *state.DB), more ...state.Migrations) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { fn(t, SQLite(t, more...)) })
	t.Run("postgres", func(t *testing.T) {
		fn(t, Open(t, Postgres(t).NewDatabase(t), more...))
	})
}

// SQLite opens a migrated database in a file that is removed with the test.
func SQLite(t testing.TB, more ...state.Migrations) *state.DB {
	t.Helper()
	return Open(t, "sqlite:"+filepath.Join(t.TempDir(), "state.db"), more...)
}

// Open opens and migrates url, and closes it when the test ends.
func Open(t testing.TB, url string, more ...state.Migrations) *state.DB {
	t.Helper()
	ctx := context.Background()
	db, err := state.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := state.Migrate(ctx, db, append([]state.Migrations{state.Tables}, more...)...); err != nil {
		t.Fatal(err)
	}
	return db
}
