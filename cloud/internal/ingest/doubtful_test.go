package ingest_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// alone is a series that is not done before another ingester waits for its turn, and finds two that write at once.
type alone struct {
	*embedded.Store
	t       *testing.T
	db      *state.DB
	writing atomic.Int32
	waited  atomic.Bool
}

func (a *alone) Write(ctx context.Context, messages []series.Message) error {
	if a.writing.Add(1) > 1 {
		a.t.Error("two ingesters write a message without a date of its own at once")
	}
	defer a.writing.Add(-1)
	for waiting := 0; !a.waited.Load() && a.writing.Load() == 1 && waiting == 0; {
		if err := a.db.QueryRow(ctx, "SELECT COUNT(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted").Scan(&waiting); err != nil {
			return err
		}
	}
	a.waited.Store(true)
	return a.Store.Write(ctx, messages)
}

// TestDatedByArrivalOnce: two ingesters are given the same message of a board whose clock was never set, at once. Each
// would date it by when it came; the series has it once.
func TestDatedByArrivalOnce(t *testing.T) {
	db := statetest.Open(t, statetest.Postgres(t).NewDatabase(t), scribeTables)
	points := &alone{Store: openSeries(t), t: t, db: db}
	metrics := ingest.NewMetrics(prometheus.NewRegistry())
	env := envelope(board, 1, 1, climate(4000))
	env.Clock = telemetry.Unset
	var waits []<-chan struct{}
	for i := range 2 {
		h := newHand()
		h.now = arrival.Add(time.Duration(i) * time.Second)
		run(t, ingest.New(ingest.Config{Now: func() time.Time { return h.now }}, h, points, db, scribe{}, nobody{}, metrics, slog.New(slog.DiscardHandler)))
		waits = append(waits, h.offer(t, env.Topic(wire.KindTelemetry), encode(t, env)))
	}
	for _, w := range waits {
		<-w
	}
	if lines := stored(t, points.Store, "d1"); len(lines) != 1 {
		t.Errorf("the series has %q, want it once", lines)
	}
}
