package embedded

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// A file of before daily totals has them of all of its hours, at once and after housekeeping.
func TestUpgradedFileHasDays(t *testing.T) {
	ctx, url := t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "series.db")
	old, err := state.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	before := tables
	before.Steps = before.Steps[:1]
	if err := state.Migrate(ctx, old, before); err != nil {
		t.Fatal(err)
	}
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	err = old.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO devs (id, tenant, device, store) VALUES (1, 't', 'd1', 's1')")
		for h := 0; err == nil && h < 48; h++ {
			hour := series.Rollup{Observations: 1, Totals: series.Totals{OK: 2}}
			_, err = tx.Exec(ctx, "INSERT INTO hours (dev, hour, body) VALUES (1, ?, ?)", day.Add(time.Duration(h)*time.Hour).UnixMicro(), packHour(&hour))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	for _, when := range []string{"at once", "after housekeeping"} {
		days, err := s.Days(ctx, series.Range{Tenant: "t", Device: "d1", From: day, To: day.Add(2 * series.Day)})
		if err != nil {
			t.Fatal(err)
		}
		if len(days) != 2 || days[1].Observations != 24 || days[1].Totals.OK != 48 || !days[1].Start.Equal(day.Add(series.Day)) {
			t.Errorf("%s: got %+v, want two days of 24 looks each", when, days)
		}
		if err := s.Maintain(ctx, time.Now(), series.Retention{}); err != nil {
			t.Fatal(err)
		}
	}
}
