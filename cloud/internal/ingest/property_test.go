package ingest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// day draws what two boards say in a day: looks with slots that sell out and are filled again, some
// of them blind, pictures, temperatures, restarts.
func day(t *rapid.T) []*wire.Envelope {
	var all []*wire.Envelope
	for device := range 2 {
		id := wire.Identity{Tenant: "t", Store: "s1", Device: fmt.Sprintf("d%d", device+1)}
		states := []shelf.State{shelf.OK, shelf.OK, shelf.OK}
		for boot := range uint32(rapid.IntRange(1, 2).Draw(t, "boots")) {
			for i := range rapid.IntRange(1, 25).Draw(t, "messages") {
				var body wire.Body
				switch rapid.IntRange(0, 7).Draw(t, "kind") {
				case 0:
					body = climate(4000)
				case 1:
					body = picture(uint64(i))
				case 2:
					body = &wire.Birth{AgentVersion: "1", StartedAt: morning}
				default:
					slot := rapid.IntRange(0, 2).Draw(t, "slot")
					states[slot] = rapid.SampledFrom([]shelf.State{shelf.OK, shelf.Low, shelf.Empty, shelf.Empty, shelf.Unknown}).Draw(t, "state")
					body = look(slices.Clone(states)...)
				}
				all = append(all, envelope(id, boot+1, uint64(i+1), body))
			}
		}
	}
	return all
}

// outcome is everything that must not depend on how the messages came.
type outcome struct {
	series   [2][]string
	coolers  [2]string
	alerts   []string
	pictures [2]string
}

// outcomeOf reads it. Alerts that were taken back do not count, nor does how often one was restated
// on the way; what stands in the end does.
func outcomeOf(t *testing.T, db *state.DB, points *embedded.Store) (o outcome) {
	for i, device := range []string{"d1", "d2"} {
		o.series[i] = stored(t, points, device)
		c, err := state.GetCooler(ctx(), db, "t", device)
		if err != nil {
			t.Fatal(err)
		}
		latest, err := json.Marshal(c.Latest)
		if err != nil {
			t.Fatal(err)
		}
		o.coolers[i] = fmt.Sprintf("%v %v %v %s", c.Store, c.Observation, c.Picture, latest)
		if p, err := state.LastPicture(ctx(), db, "t", device); err == nil {
			o.pictures[i] = fmt.Sprint(p.Order, p.ObservationSeq)
		}
	}
	alerts, _, err := alert.List(ctx(), db, alert.Filter{Tenant: "t", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range alerts {
		if a.Resolution == alert.ResolvedRetracted {
			continue
		}
		end := "open"
		if a.ResolvedAt != nil {
			end = a.ResolvedAt.Format("15:04:05")
		}
		o.alerts = append(o.alerts, fmt.Sprintf("%s %s %s %s–%s", a.Type, a.Device, a.Slot, a.FirstSeenBad.Format("15:04:05"), end))
	}
	slices.Sort(o.alerts)
	return o
}

// stores are one state and one series with so many ingesters on them, each with its own hand.
func stores(t *testing.T, db *state.DB, ingesters int) (*state.DB, *embedded.Store, []*hand) {
	points := openSeries(t)
	engine := alert.NewEngine(alert.Config{Rules: alert.DefaultRules(), Now: func() time.Time { return arrival }})
	metrics := ingest.NewMetrics(prometheus.NewRegistry())
	cfg := ingest.Config{LockName: alert.LockName, Now: func() time.Time { return arrival }, Retry: time.Millisecond, Batch: 7}
	hands := make([]*hand, ingesters)
	for i := range hands {
		hands[i] = newHand()
		run(t, ingest.New(cfg, hands[i], points, db, engine, nobody{}, metrics, slog.New(slog.DiscardHandler)))
	}
	return db, points, hands
}

// TestOrderRepetitionAndSharingDoNotMatter: what two boards said, shuffled, doubled and split over
// three ingesters, leaves the same series, state and alerts as in order through one.
func TestOrderRepetitionAndSharingDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		envs := day(rt)
		seed := rapid.Uint64().Draw(rt, "seed")
		t.Run("", func(t *testing.T) {
			db, points, hands := stores(t, statetest.SQLite(t, alert.Tables), 1)
			for _, env := range envs {
				hands[0].give(t, env.Topic(env.Body.Kind()), encode(t, env))
			}
			want := outcomeOf(t, db, points)

			db, points, hands = stores(t, statetest.SQLite(t, alert.Tables), 3)
			scatter(t, seed, envs, hands)
			got := outcomeOf(t, db, points)
			if !reflect.DeepEqual(got, want) {
				t.Errorf("shuffled, doubled and shared:\n got %+v\nwant %+v", got, want)
			}
			var judgements int
			if err := db.QueryRow(ctx(), "SELECT COUNT(*) FROM seen").Scan(&judgements); err != nil || judgements == 0 {
				t.Errorf("nothing was seen: %v", err)
			}
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

// scatter gives every message twice, in any order, to any of the ingesters, and waits for them.
func scatter(t *testing.T, seed uint64, envs []*wire.Envelope, hands []*hand) {
	t.Helper()
	doubled := append(slices.Clone(envs), envs...)
	shuffle(seed, doubled)
	var waits []<-chan struct{}
	for i, env := range doubled {
		waits = append(waits, hands[i%len(hands)].offer(t, env.Topic(env.Body.Kind()), encode(t, env)))
	}
	for _, w := range waits {
		<-w
	}
}

// TestThreeIngestersOnPostgres: the same on PostgreSQL, where the ingesters' transactions really run at
// once.
func TestThreeIngestersOnPostgres(t *testing.T) {
	var envs []*wire.Envelope
	states := []shelf.State{shelf.OK, shelf.OK, shelf.OK}
	for seq := uint64(1); seq <= 120; seq++ {
		states[seq%3] = []shelf.State{shelf.OK, shelf.Empty, shelf.Empty, shelf.Low, shelf.Unknown}[seq%5]
		for _, device := range []string{"d1", "d2"} {
			id := wire.Identity{Tenant: "t", Store: "s1", Device: device}
			switch seq % 6 {
			case 0:
				envs = append(envs, envelope(id, 1, seq, climate(4000)))
			case 1:
				envs = append(envs, envelope(id, 1, seq, picture(seq-1)))
			default:
				envs = append(envs, envelope(id, 1, seq, look(slices.Clone(states)...)))
			}
		}
	}
	db, points, hands := stores(t, statetest.SQLite(t, alert.Tables), 1)
	for _, env := range envs {
		hands[0].give(t, env.Topic(env.Body.Kind()), encode(t, env))
	}
	want := outcomeOf(t, db, points)
	cluster := statetest.Postgres(t)
	for seed := range uint64(3) {
		db, points, hands := stores(t, statetest.Open(t, cluster.NewDatabase(t), alert.Tables), 3)
		scatter(t, seed, envs, hands)
		if got := outcomeOf(t, db, points); !reflect.DeepEqual(got, want) {
			t.Errorf("seed %d:\n got %+v\nwant %+v", seed, got, want)
		}
	}
}
