package ingest_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
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
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// saying is one board's day as it is drawn: what is seen, when, under which number.
type saying struct {
	id   wire.Identity
	boot uint32
	seq  uint64
	at   time.Time
	temp telemetry.MilliCelsius
	all  []*wire.Envelope
}

func (s *saying) say(body wire.Body) {
	s.seq++
	switch b := body.(type) {
	case *wire.Observation:
		b.CapturedAt = s.at
	case *wire.Event:
		b.At = s.at
	}
	s.all = append(s.all, &wire.Envelope{Identity: s.id, Boot: s.boot, Seq: s.seq, CapturedAt: s.at, Clock: telemetry.NTP, Body: body})
}

// readings draws what sensors said since the message before: doors that open and close, temperatures on both sides
// of the limit, mains that fail, people.
func (s *saying) readings(t *rapid.T) *wire.Telemetry {
	before := s.at.Add(-40 * time.Second)
	body := &wire.Telemetry{}
	switch rapid.IntRange(0, 5).Draw(t, "sensor") {
	case 0:
		body.Doors = []telemetry.DoorEvent{{At: before, Open: true}, {At: s.at}}
	case 1:
		body.Doors = []telemetry.DoorEvent{{At: before, Open: rapid.IntRange(0, 2).Draw(t, "open") == 0}}
	case 2, 3:
		if rapid.IntRange(0, 2).Draw(t, "other") == 0 {
			s.temp = rapid.SampledFrom([]telemetry.MilliCelsius{4000, 7700, 9500, 12_000}).Draw(t, "temperature")
		}
		body.Climate = []telemetry.Climate{{At: before, Temp: s.temp}, {At: s.at, Temp: s.temp + 100}}
	case 4:
		body.Power = []telemetry.Power{{At: s.at, MilliVolt: 230_000, Mains: rapid.Bool().Draw(t, "mains")}}
	default:
		body.Footfall = []telemetry.Footfall{{From: before, To: s.at, Line: "aisle", In: rapid.IntRange(0, 2).Draw(t, "people")}}
	}
	return body
}

// day draws what two boards say in a day: looks with slots that sell out and are filled again, some of them blind,
// pictures, what sensors read, doors, cameras that are lost and come back, restarts, spells of up to hours in which
// nothing is said, and messages that a full outbox has given up, which it tells. Statuses are left out: they have no
// number, and the last that the broker gives holds.
func day(t *rapid.T) []*wire.Envelope {
	var all []*wire.Envelope
	for device := range 2 {
		s := saying{id: wire.Identity{Tenant: "t", Store: "s1", Device: fmt.Sprintf("d%d", device+1)}, at: morning}
		states := []shelf.State{shelf.OK, shelf.OK, shelf.OK}
		for range rapid.IntRange(1, 2).Draw(t, "boots") {
			s.boot, s.seq = s.boot+1, 0
			for range rapid.IntRange(5, 40).Draw(t, "messages") {
				s.at = s.at.Add(time.Duration(rapid.SampledFrom([]int{1, 45, 60, 200, 400, 2400, 7200}).Draw(t, "pause")) * time.Second)
				switch rapid.IntRange(0, 11).Draw(t, "kind") {
				case 0, 1, 2:
					s.say(s.readings(t))
				case 3:
					s.say(picture(s.seq))
				case 4:
					s.say(&wire.Birth{AgentVersion: fmt.Sprint(s.seq), StartedAt: morning})
				case 5, 6:
					s.say(&wire.Event{Type: rapid.SampledFrom([]string{wire.EventDoorOpen, wire.EventDoorClose, wire.EventDoorClose, wire.EventCameraLost, wire.EventCameraBack,
						wire.EventMoved, wire.EventSettled, wire.EventRestock}).Draw(t, "event")})
				case 7:
					lost := uint64(rapid.IntRange(1, 5).Draw(t, "lost"))
					gap := &wire.Gap{Boot: s.boot, FromSeq: s.seq + 1, ToSeq: s.seq + lost, Count: lost, Reason: "full"}
					s.seq += lost
					s.say(gap)
				default:
					slot := rapid.IntRange(0, 2).Draw(t, "slot")
					states[slot] = rapid.SampledFrom([]shelf.State{shelf.OK, shelf.Low, shelf.Empty, shelf.Empty, shelf.Unknown}).Draw(t, "state")
					s.say(look(slices.Clone(states)...))
				}
			}
		}
		all = append(all, s.all...)
	}
	return all
}

// end is when a day is heard: all of it long after, or the last of it at once.
func end(t *rapid.T, envs []*wire.Envelope) time.Time {
	last := morning
	for _, env := range envs {
		if env.CapturedAt.After(last) {
			last = env.CapturedAt
		}
	}
	return last.Add(rapid.SampledFrom([]time.Duration{time.Second, 4 * time.Minute, 6 * time.Hour}).Draw(t, "heard"))
}

// outcome is everything that must not depend on how the messages came.
type outcome struct {
	series   [2][]string
	coolers  [2]string
	alerts   []string
	pictures [2]string
	seen     [2]string
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
		boots, err := state.LastBoots(ctx(), db, "t", device, 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range boots {
			o.seen[i] += fmt.Sprintf("%d: %v ", b.Boot, b.Ranges.List())
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
			end = a.ResolvedAt.Format(time.DateTime)
		}
		o.alerts = append(o.alerts, fmt.Sprintf("%s %s %s %s – %s", a.Type, a.Device, a.Slot, a.FirstSeenBad.Format(time.DateTime), end))
	}
	slices.Sort(o.alerts)
	return o
}

// house is one state and one series with so many ingesters on them, each with its own hand.
type house struct {
	db     *state.DB
	points *embedded.Store
	engine *alert.Engine
	hands  []*hand
}

// build has everything heard, and judged, at one time.
func build(t *testing.T, db *state.DB, ingesters int, heard time.Time) *house {
	now := func() time.Time { return heard }
	h := &house{db: db, points: openSeries(t), engine: alert.NewEngine(alert.Config{Rules: alert.DefaultRules(), Now: now}), hands: make([]*hand, ingesters)}
	metrics := ingest.NewMetrics(prometheus.NewRegistry())
	cfg := ingest.Config{LockName: alert.LockName, Now: now, Retry: time.Millisecond, Batch: 7}
	for i := range h.hands {
		h.hands[i] = newHand()
		h.hands[i].now = heard
		run(t, ingest.New(cfg, h.hands[i], h.points, db, h.engine, nobody{}, metrics, slog.New(slog.DiscardHandler)))
	}
	return h
}

// outcome is what stands once time has judged too what it alone decides.
func (h *house) outcome(t *testing.T) outcome {
	t.Helper()
	if _, err := h.engine.Tick(ctx(), h.db); err != nil {
		t.Fatal(err)
	}
	return outcomeOf(t, h.db, h.points)
}

// inOrder gives every message once, to one ingester, one after the other.
func inOrder(t *testing.T, envs []*wire.Envelope, heard time.Time) outcome {
	t.Helper()
	h := build(t, statetest.SQLite(t, alert.Tables), 1, heard)
	for _, env := range envs {
		h.hands[0].give(t, env.Topic(env.Body.Kind()), encode(t, env))
	}
	return h.outcome(t)
}

// TestOrderRepetitionAndSharingDoNotMatter: what two boards said, shuffled, doubled and split over
// three ingesters, leaves the same series, state and alerts as in order through one.
func TestOrderRepetitionAndSharingDoNotMatter(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		envs := day(rt)
		heard, seed := end(rt, envs), rapid.Uint64().Draw(rt, "seed")
		t.Run("", func(t *testing.T) {
			want := inOrder(t, envs, heard)
			h := build(t, statetest.SQLite(t, alert.Tables), 3, heard)
			scatter(t, seed, envs, h.hands)
			compare(t, h.outcome(t), want)
		})
		if t.Failed() {
			rt.FailNow()
		}
	})
}

func compare(t *testing.T, got, want outcome) {
	t.Helper()
	for _, part := range []struct {
		name      string
		got, want any
	}{{"series", got.series, want.series}, {"coolers", got.coolers, want.coolers}, {"alerts", got.alerts, want.alerts},
		{"pictures", got.pictures, want.pictures}, {"seen", got.seen, want.seen}} {
		if !reflect.DeepEqual(part.got, part.want) {
			t.Errorf("%s, shuffled, doubled and shared:\n got %+v\nwant %+v", part.name, part.got, part.want)
		}
	}
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
// once, with days that have alerts of each kind.
func TestThreeIngestersOnPostgres(t *testing.T) {
	type heardDay struct {
		envs  []*wire.Envelope
		heard time.Time
	}
	days := rapid.Custom(func(t *rapid.T) heardDay {
		envs := day(t)
		return heardDay{envs, end(t, envs)}
	})
	told := map[string]bool{}
	cluster := statetest.Postgres(t)
	for seed := range 5 {
		d := days.Example(seed) // the same each time
		envs, heard := d.envs, d.heard
		want := inOrder(t, envs, heard)
		for _, a := range want.alerts {
			typ, _, _ := strings.Cut(a, " ")
			told[typ] = true
		}
		h := build(t, statetest.Open(t, cluster.NewDatabase(t), alert.Tables), 3, heard)
		scatter(t, uint64(seed), envs, h.hands)
		compare(t, h.outcome(t), want)
	}
	for _, typ := range []alert.Type{alert.Stockout, alert.LowStock, alert.DoorAjar, alert.ColdChain, alert.PowerLost, alert.CameraLost, alert.CoolerMoved} {
		if !told[string(typ)] {
			t.Errorf("no day has an alert of the type %s: nothing is proved of it", typ)
		}
	}
}
