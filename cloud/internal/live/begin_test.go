package live_test

import (
	"context"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// A database that restarts while the service starts must not end the service.
func TestTheStreamBeginsWhenTheDatabaseIsBack(t *testing.T) {
	pg := statetest.Postgres(t)
	cfg := quick()
	cfg.DB = statetest.Open(t, pg.NewDatabase(t), alert.Tables, live.Tables)
	failed := make(chan struct{}, 100)
	cfg.Log = slog.New(saysFailed{slog.DiscardHandler, failed})
	hub := live.NewHub(cfg, live.NewMetrics(prometheus.NewRegistry()))
	pg.Kill(t, syscall.SIGKILL)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- hub.Run(ctx) }()
	for _, w := range []struct {
		what string
		come <-chan struct{}
		then func()
	}{{"the first failure", failed, func() { pg.Start(t) }}, {"the stream's begin", hub.Ready(), cancel}} {
		select {
		case <-w.come:
			w.then()
		case err := <-ended:
			t.Fatalf("the stream ended before %s: %v", w.what, err)
		case <-time.After(time.Minute):
			t.Fatalf("%s does not come", w.what)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// saysFailed tells of every error that is logged.
type saysFailed struct {
	slog.Handler
	failed chan<- struct{}
}

func (h saysFailed) Enabled(context.Context, slog.Level) bool { return true }

func (h saysFailed) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		select {
		case h.failed <- struct{}{}:
		default:
		}
	}
	return nil
}
