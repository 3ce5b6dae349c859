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
	Rate float64 `json:"messages_per_second"` // from the program's start until the last is seen stored
	CPU  float64 `json:"cpu_seconds"`         // of all processes of the way but the broker, from their start, for all messages
	Own  float64 `json:"own_cpu_seconds"`     // the same without influxd
	Lost int     `json:"lost"`
}

// timed follows how many messages are stored until all are. Time counts from the start of the first
// process, the processes' CPU from now. A clock that began with the first message that is seen stored
// would leave out what a program that stores many at once had done for them.
func timed(ctx context.Context, all int, processes []*process, stored func() (int64, error)) (*result, error) {
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
	err = until(ctx, "all messages are stored", 15*time.Minute, 10*time.Millisecond, func() (bool, error) {
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
	return &result{Rate: float64(all) / took.Seconds(), CPU: (after - before).Seconds(), Own: (afterOwn - beforeOwn).Seconds()}, nil
}

// measureIngest measures the peer, if it is asked for, and ours on the same broker and the same influxd, one after the other.
func measureIngest(ctx context.Context, o options, dir string, peer bool, r *report) error {
	facts, err := makeFacts(o.Messages, o.Devices, time.Now().UTC().Add(-12*time.Hour).Truncate(time.Second))
	if err != nil {
		return err
	}
	r.JSONSize, r.WireSize = len(facts[0].json), len(facts[0].wire)
	mosquitto, broker, err := startMosquitto(ctx, dir)
	if err != nil {
		return err
	}
	defer mosquitto.stop()
	db, err := startInfluxd(ctx, o.Influxd, dir)
	if err != nil {
		return err
	}
	defer db.stop()
	if peer {
		if r.Peer, err = measurePeer(ctx, o, dir, broker, db, facts); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "telegraf → influxd: %+v\n", *r.Peer)
	}
	if _, err := db.query("", "CREATE DATABASE ours"); err != nil {
		return err
	}
	for _, way := range []struct {
		name, kind, series string
		others             []*process
		into               **result
	}{
		{"service with all rules → embedded", "service", "", nil, &r.Service},
		{"ingester → embedded", "ingester", "", nil, &r.Embedded},
		{"ingester → influxd", "ingester", "influx://" + db.addr + "/?bucket=ours/autogen", []*process{db.process}, &r.Influx},
	} {
		if *way.into, err = measureOurs(ctx, o, broker, way.kind, way.series, way.others, facts); err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		fmt.Fprintf(os.Stderr, "%s: %+v\n", way.name, **way.into)
		r.OK = r.OK && (*way.into).Lost == 0
	}
	lost, err := db.missing(ctx, "ours", "state", "shelf", len(facts))
	if err != nil {
		return err
	}
	r.Influx.Lost += lost
	r.OK = r.OK && lost == 0
	if !peer {
		return nil
	}
	r.Ratios = &ratios{EmbeddedRate: r.Embedded.Rate / r.Peer.Rate, EmbeddedCPU: r.Embedded.CPU / r.Peer.CPU,
		ServiceRate: r.Service.Rate / r.Peer.Rate, ServiceCPU: r.Service.CPU / r.Peer.CPU, InfluxRate: r.Influx.Rate / r.Peer.Rate}
	return nil
}

// clientID is the persistent session that our children take over.
const clientID = "bench-ingest"

// measureOurs lets one of our children take what waits for it. Its stores are new.
func measureOurs(ctx context.Context, o options, broker, kind, series string, others []*process, facts []fact) (*result, error) {
	if err := session(broker, clientID, map[string]byte{wire.SharedUp: 1, wire.AllStatus: 1}); err != nil {
		return nil, err
	}
	if err := publish(broker, facts, func(f *fact) (string, []byte) { return f.id.Topic(wire.KindObservation), f.wire }); err != nil {
		return nil, err
	}
	heard, err := listen(broker)
	if err != nil {
		return nil, err
	}
	defer heard.client.Disconnect(100)
	profile := o.Profile
	if profile != "" {
		profile = fmt.Sprintf("%s-%s%s.pprof", profile, kind, strings.Map(onlyLetters, series[:min(len(series), 6)]))
	}
	p, err := child(ctx, kind, "-broker", broker, "-series", series, "-profile", profile)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	r, err := timed(ctx, len(facts), append([]*process{p}, others...), func() (int64, error) { return heard.stored.Load(), nil })
	if err != nil {
		return nil, err
	}
	r.Lost = int(heard.rejected.Load())
	return r, nil
}

func onlyLetters(r rune) rune {
	if r < 'a' || r > 'z' {
		return -1
	}
	return r
}

// runService is the child that is the whole service, with the rules that ship.
func runService(ctx context.Context, broker string) error {
	dir, err := os.MkdirTemp("", "bench-ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := config.Defaults()
	c.Listen, c.DataDir, c.Tenant, c.MQTT.Broker, c.MQTT.ClientID = "127.0.0.1:0", dir, "t", broker, clientID
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

// runIngester is the child that only stores.
func runIngester(ctx context.Context, broker, seriesURL string) (err error) {
	dir, err := os.MkdirTemp("", "bench-ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
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
	sub, err := mqttsub.New(mqttsub.Config{URL: broker, ClientID: clientID, Log: quiet()})
	if err != nil {
		return err
	}
	return ingest.New(ingest.Config{}, sub, points, db, unjudged{}, unjudged{}, ingest.NewMetrics(prometheus.NewRegistry()), quiet()).Run(ctx)
}
