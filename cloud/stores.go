package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
)

// seriesStore is what the service asks of a series store, the writer's and the readers' needs together.
type seriesStore interface {
	ingest.Series
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
	Hours(ctx context.Context, r series.Range) ([]series.Hour, error)
	Fleet(ctx context.Context, tenant string, from, to time.Time) ([]series.Totals, error)
	Maintain(ctx context.Context, now, pointsBefore, hoursBefore time.Time) error
	Ping(ctx context.Context) error
	Close() error
}

func openSeries(ctx context.Context, url string) (seriesStore, error) {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return embedded.Open(ctx, url)
	case "influx", "influxs":
		return influx.Open(ctx, url)
	}
	return nil, Hint(fmt.Errorf("series URL: unknown scheme %q", scheme), "use sqlite:/path/series.db or influx://host:8086/…")
}

// Hinted is an error with advice for the person at the terminal.
type Hinted struct {
	Err  error
	Text string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// Hint adds advice to an error; nil stays nil, and the advice nearest to the fault wins.
func Hint(err error, format string, args ...any) error {
	var h *Hinted
	if err == nil || errors.As(err, &h) {
		return err
	}
	return &Hinted{err, fmt.Sprintf(format, args...)}
}

// ProbeSeries opens the series store and asks whether it answers.
func ProbeSeries(ctx context.Context, url string) error {
	s, err := openSeries(ctx, url)
	if err != nil {
		return err
	}
	return errors.Join(s.Ping(ctx), s.Close())
}
