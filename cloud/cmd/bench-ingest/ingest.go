package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// result is what one way of the messages took.
type result struct {
	Rate   float64 `json:"messages_per_second"` // from the program's start until the last is seen stored
	CPU    float64 `json:"cpu_seconds"`         // of all processes of the way but the broker, from their start, for all messages
	Own    float64 `json:"own_cpu_seconds"`     // the same without influxd
	Broker float64 `json:"broker_cpu_seconds"`  // Mosquitto's, for publishing as well
	Memory float64 `json:"memory_mb,omitempty"` // the most that the way's own process had
	Lost   int     `json:"lost"`
}

// timed follows how many messages are stored until all are. Time counts from the start of the first
// process, the processes' CPU from now. A clock that began with the first message that is seen stored
// would leave out what a program that stores many at once had done for them.
func timed(ctx context.Context, all int, processes []*process, every time.Duration, stored func() (int64, error)) (*result, error) {
	used := func() (sum, own time.Duration, err error) {
		for i, p := range processes {
			c, err := p.cpu()
			if err != nil {
				return 0, 0, err
			}
			if sum += c; i == 0 {
				own = c
			}
		}
		return sum, own, nil
	}
	before, beforeOwn, err := used()
	if err != nil {
		return nil, err
	}
	var n int64
	err = until(ctx, "all messages are stored", 15*time.Minute, every, func() (bool, error) {
		n, err = stored()
		return n >= int64(all), err
	})
	if err != nil {
		return nil, fmt.Errorf("%d of %d: %w", n, all, err)
	}
	took := time.Since(processes[0].started)
	after, afterOwn, err := used()
	if err != nil {
		return nil, err
	}
	memory, err := processes[0].memory()
	if err != nil {
		return nil, err
	}
	return &result{Rate: float64(all) / took.Seconds(), CPU: (after - before).Seconds(), Own: (afterOwn - beforeOwn).Seconds(),
		Memory: float64(memory) / (1 << 20)}, nil
}

// measureOurs lets one of our children take what waits for it. Its stores are new.
func measureOurs(ctx context.Context, r *round, kind, series string, others []*process) (*result, error) {
	client := r.client(kind)
	if err := r.observations(ctx, client); err != nil {
		return nil, err
	}
	heard, err := listen(ctx, r.broker)
	if err != nil {
		return nil, err
	}
	defer heard.client.Disconnect(100)
	profile := r.Profile
	if profile != "" {
		profile = fmt.Sprintf("%s-%s%s.pprof", profile, kind, strings.Map(onlyLetters, series[:min(len(series), 6)]))
	}
	p, err := child(ctx, kind, "-broker", r.broker, "-client", client, "-series", series, "-profile", profile)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	res, err := timed(ctx, len(r.facts), append([]*process{p}, others...), 10*time.Millisecond, func() (int64, error) { return heard.stored.Load(), nil })
	if err != nil {
		return nil, err
	}
	res.Lost = int(heard.rejected.Load())
	p.stop()
	return res, forget(ctx, r.broker, client)
}

// measureOursInflux lets our ingester write into the peer's store.
func measureOursInflux(ctx context.Context, r *round) (*result, error) {
	database := r.database("ours")
	if _, err := r.db.query("", "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	res, err := measureOurs(ctx, r, "ingester", "influx://"+r.db.addr+"/?bucket="+database+"/autogen", []*process{r.db.process})
	if err != nil {
		return nil, err
	}
	lost, err := r.db.missing(ctx, database, "present", "shelf", len(r.facts))
	res.Lost += lost
	return res, err
}

func onlyLetters(r rune) rune {
	if r < 'a' || r > 'z' {
		return -1
	}
	return r
}

// runService is the child that is the whole service, with the rules that ship.
func runService(ctx context.Context, broker, client string) error {
	dir, err := os.MkdirTemp("", "bench-ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := config.Defaults()
	c.Listen, c.DataDir, c.Tenant, c.MQTT.Broker, c.MQTT.ClientID = "127.0.0.1:0", dir, "t", broker, client
	s, err := cloud.Open(ctx, c, quiet())
	if err != nil {
		return err
	}
	return s.Run(ctx)
}

func quiet() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// unjudged leaves out what the peer does not do either.
type unjudged struct{}

func (unjudged) Step(context.Context, *state.Tx, ...*wire.Envelope) error { return nil }
func (unjudged) Committed()                                               {}

// runIngester is the child that only stores, under dir; "": a folder that goes with it.
func runIngester(ctx context.Context, broker, client, seriesURL, dir string) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "bench-ingest-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	db, err := state.Open(ctx, "sqlite:"+filepath.Join(dir, "state.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	if err := state.Migrate(ctx, db, state.Tables); err != nil {
		return err
	}
	var points ingest.Series
	if seriesURL == "" {
		points, err = embedded.Open(ctx, "sqlite:"+filepath.Join(dir, "series.db"))
	} else {
		points, err = influx.Open(ctx, seriesURL)
	}
	if err != nil {
		return err
	}
	sub, err := mqttsub.New(mqttsub.Config{URL: broker, ClientID: client, Log: quiet()})
	if err != nil {
		return err
	}
	return ingest.New(ingest.Config{}, sub, points, db, unjudged{}, unjudged{}, ingest.NewMetrics(prometheus.NewRegistry()), quiet()).Run(ctx)
}
