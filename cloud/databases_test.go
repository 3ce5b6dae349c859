package cloud_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestDatabasesKilled: the service on PostgreSQL and InfluxDB, each killed -9 ten times while boards
// speak; nothing is lost or doubled.
func TestDatabasesKilled(t *testing.T) {
	pg, tsdb := statetest.Postgres(t), influxd.Start(t)
	stateURL, seriesURL := pg.NewDatabase(t), tsdb.NewDatabase(t)
	s, _, stop := serve(t, func(c *config.Config) { c.State, c.Series = stateURL, seriesURL })
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	const kills, each = 10, 20
	for i := range 2 * kills {
		for range each {
			b.say(t, shelf.OK, shelf.OK)
		}
		if i%2 == 0 {
			pg.Kill(t, syscall.SIGKILL)
			b.say(t, shelf.OK)
			pg.Start(t)
		} else {
			tsdb.Kill(t, syscall.SIGKILL)
			b.say(t, shelf.OK)
			tsdb.Start(t)
		}
	}
	b.drain(t)
	stop()

	ctx, want := context.Background(), 2*kills*(each+1)
	points, err := influx.Open(ctx, seriesURL)
	if err != nil {
		t.Fatal(err)
	}
	defer points.Close()
	list, err := points.Messages(ctx, series.Range{Tenant: "t", Device: "d1", From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 1_000_000)
	if err != nil || len(list) != want {
		t.Errorf("%d messages in InfluxDB, %v, want %d", len(list), err, want)
	}
	db, err := state.Open(ctx, stateURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	seen, err := state.BootSeen(ctx, db, "t", "d1", 1)
	if got := fmt.Sprint(seen.Ranges.List()); err != nil || got != fmt.Sprintf("[{1 %d}]", want) {
		t.Errorf("seen in PostgreSQL: %s, %v, want 1 to %d", got, err, want)
	}
	t.Logf("%d kills of each, %d messages said, none lost", kills, want)
}
