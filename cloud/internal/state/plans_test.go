package state_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// TestBootsAreFoundWithoutStatistics: in a table of a large fleet that PostgreSQL has not looked at yet, as after a
// restore, the boots of a batch are found by their keys: the rest of the table is not read.
func TestBootsAreFoundWithoutStatistics(t *testing.T) {
	const fleet, batch = 100_000, 1000
	ctx, db := context.Background(), statetest.Open(t, statetest.Postgres(t).NewDatabase(t))
	write(t, db, func(tx *state.Tx) error {
		for _, statement := range []string{"ALTER TABLE seen SET (autovacuum_enabled = false)",
			fmt.Sprintf(`INSERT INTO seen SELECT 't', 'd' || n, 1, '\x0103'::bytea FROM generate_series(1, %d) n`, fleet)} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	var keys []state.SeenKey
	for n := range batch {
		keys = append(keys, state.SeenKey{Device: fmt.Sprintf("d%d", 1+n*97), Boot: 1}, state.SeenKey{Device: fmt.Sprintf("d%d", 1+n*97), Boot: 2})
	}
	// What the transaction itself has read is told by its own counters.
	var whole, byKey int64
	write(t, db, func(tx *state.Tx) error {
		found, err := state.BootsSeen(ctx, tx, "t", keys)
		if err != nil {
			return err
		}
		for k, s := range found {
			if (s.Ranges.Len() > 0) != (k.Boot == 1) {
				t.Errorf("boot %d of %s: %v", k.Boot, k.Device, s.Ranges.List())
			}
		}
		return tx.QueryRow(ctx, `SELECT pg_stat_get_xact_tuples_returned('seen'::regclass),
			pg_stat_get_xact_tuples_fetched('seen'::regclass)`).Scan(&whole, &byKey)
	})
	if whole != 0 || byKey > batch {
		t.Errorf("of %d boots %d rows were read in scans of the table and %d by a key, want at most the %d that there are", len(keys), whole, byKey, batch)
	}
}
