package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// hand is a subscriber that a test feeds by hand.
type hand struct {
	in  chan ingest.Delivery
	now time.Time // when what is given is received

	mu   sync.Mutex
	said []*wire.Envelope // acknowledgements
	done int
}

func newHand() *hand { return &hand{in: make(chan ingest.Delivery), now: arrival} }

func (h *hand) Receive(ctx context.Context, out chan<- ingest.Delivery) error {
	for {
		select {
		case d := <-h.in:
			out <- d
		case <-ctx.Done():
			return nil
		}
	}
}

func (h *hand) Publish(_ context.Context, topic string, payload []byte) error {
	env, err := wire.Decode(payload)
	if err != nil {
		return err
	}
	if got := env.Topic(env.Body.Kind()); got != topic {
		return fmt.Errorf("said on %s, want %s", topic, got)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.said = append(h.said, env)
	return nil
}

// give hands a message over and waits until the ingester has let go of it.
func (h *hand) give(t *testing.T, topic string, payload []byte) {
	t.Helper()
	done := h.offer(t, topic, payload)
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("the ingester did not finish a message")
	}
}

// offer hands a message over; the channel is closed when the ingester has let go of it.
func (h *hand) offer(t *testing.T, topic string, payload []byte) <-chan struct{} {
	t.Helper()
	done := make(chan struct{})
	d := ingest.Delivery{Topic: topic, Payload: payload, Received: h.now, Done: sync.OnceFunc(func() {
		h.mu.Lock()
		h.done++
		h.mu.Unlock()
		close(done)
	})}
	select {
	case h.in <- d:
	case <-time.After(30 * time.Second):
		t.Fatal("the ingester takes nothing")
	}
	return done
}

// answers gives what a device was told: its stored messages as ranges, and its rejections.
func (h *hand) answers(device string) (stored map[uint32]*state.Ranges, rejected []wire.Rejection) {
	h.mu.Lock()
	defer h.mu.Unlock()
	stored = map[uint32]*state.Ranges{}
	for _, env := range h.said {
		ack, ok := env.Body.(*wire.Ack)
		if !ok || env.Device != device {
			continue
		}
		for _, r := range ack.Ranges {
			if stored[r.Boot] == nil {
				stored[r.Boot] = &state.Ranges{}
			}
			stored[r.Boot].AddRange(r.From, r.To)
		}
		rejected = append(rejected, ack.Rejected...)
	}
	return stored, rejected
}

// scribe is a judge that keeps in the database what it was given, so that a rollback takes it back.
type scribe struct{ fail func(*wire.Envelope) error }

var scribeTables = state.Migrations{Name: "scribe", Steps: []string{
	"CREATE TABLE judged (n AUTOID, device TEXT NOT NULL, boot BIGINT NOT NULL, seq BIGINT NOT NULL, kind TEXT NOT NULL)"}}

func (s scribe) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	for _, env := range envs {
		if s.fail != nil {
			if err := s.fail(env); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, "INSERT INTO judged (device, boot, seq, kind) VALUES (?, ?, ?, ?)", env.Device, int64(env.Boot), int64(env.Seq), string(env.Body.Kind()))
		if err != nil {
			return err
		}
	}
	return nil
}

// judged lists what the scribe was given, as "device boot.seq kind".
func judged(t *testing.T, db *state.DB) []string {
	t.Helper()
	rows, err := db.Query(context.Background(), "SELECT device, boot, seq, kind FROM judged ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var device, kind string
		var boot, seq int64
		if err := rows.Scan(&device, &boot, &seq, &kind); err != nil {
			t.Fatal(err)
		}
		list = append(list, fmt.Sprintf("%s %d.%d %s", device, boot, seq, kind))
	}
	return list
}

type nobody struct{}

func (nobody) Committed() {}

// rig is a running ingester on real stores.
type rig struct {
	*hand
	db     *state.DB
	points *embedded.Store
	reg    *prometheus.Registry
}

type rigOptions struct {
	db     *state.DB
	points *embedded.Store
	series ingest.Series
	judge  ingest.Judge
	cfg    ingest.Config
}

func openSeries(t testing.TB) *embedded.Store {
	t.Helper()
	s, err := embedded.Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "series.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func start(t *testing.T, o rigOptions) *rig {
	t.Helper()
	if o.db == nil {
		o.db = statetest.SQLite(t, scribeTables)
	}
	if o.points == nil {
		o.points = openSeries(t)
	}
	if o.series == nil {
		o.series = o.points
	}
	if o.judge == nil {
		o.judge = scribe{}
	}
	if o.cfg.Retry == 0 {
		o.cfg.Retry = time.Millisecond
	}
	o.cfg.Now = func() time.Time { return arrival }
	r := &rig{hand: newHand(), db: o.db, points: o.points, reg: prometheus.NewRegistry()}
	g := ingest.New(o.cfg, r.hand, o.series, r.db, o.judge, nobody{}, ingest.NewMetrics(r.reg), slog.New(slog.DiscardHandler))
	run(t, g)
	return r
}

// run runs an ingester until the test ends.
func run(t *testing.T, g *ingest.Ingester) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("ingester ended: %v", err)
		}
	})
}

var (
	morning = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	arrival = morning.Add(3 * time.Hour)
	board   = wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}
)

func envelope(id wire.Identity, boot uint32, seq uint64, body wire.Body) *wire.Envelope {
	at := morning.Add(time.Duration(boot)*time.Hour + time.Duration(seq)*time.Second)
	switch b := body.(type) {
	case *wire.Observation:
		b.CapturedAt = at
	case *wire.Telemetry:
		for i := range b.Climate {
			b.Climate[i].At = at
		}
		for i := range b.Doors {
			b.Doors[i].At = at
		}
	case *wire.Event:
		b.At = at
	}
	return &wire.Envelope{Identity: id, Boot: boot, Seq: seq, CapturedAt: at, Clock: telemetry.NTP, Body: body}
}

func encode(t testing.TB, env *wire.Envelope) []byte {
	t.Helper()
	data, err := wire.Encode(env)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (r *rig) send(t *testing.T, env *wire.Envelope) {
	t.Helper()
	r.give(t, env.Topic(env.Body.Kind()), encode(t, env))
}

// look is an observation of three slots in the given states.
func look(states ...shelf.State) *wire.Observation {
	gtins := []shelf.GTIN{"4006381333931", "96385074", "5449000000996"}
	o := shelf.Observation{Width: 640, Height: 480, PlanogramID: "p", PlanogramVersion: 1, Model: "m", Facings: []shelf.Facing{}}
	for i, s := range states {
		r := shelf.SlotReading{SlotID: string(rune('a' + i)), Shelf: 1, GTIN: gtins[i%3], State: s, Due: 2, Box: shelf.Box{X: 10 * i, Y: 5, W: 10, H: 20}}
		switch s {
		case shelf.OK:
			r.Present = 2
		case shelf.Low:
			r.Present = 1
		case shelf.Unknown:
			r.Reason = shelf.Fog
		}
		o.Slots = append(o.Slots, r)
	}
	return &wire.Observation{Observation: o}
}

func climate(temp telemetry.MilliCelsius) *wire.Telemetry {
	return &wire.Telemetry{Climate: []telemetry.Climate{{Temp: temp}}}
}

func picture(obs uint64) *wire.Picture {
	return &wire.Picture{ObservationSeq: obs, JPEG: []byte("\xff\xd8\xff\xe0 a picture \xff\xd9"), Width: 64, Height: 48, Purpose: wire.PurposeEvidence}
}

// stored gives a device's series as text, one line a message.
func stored(t *testing.T, s *embedded.Store, device string) []string {
	t.Helper()
	list, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: device, From: morning.Add(-24 * time.Hour), To: morning.Add(30 * 24 * time.Hour)}, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range list {
		var b strings.Builder
		fmt.Fprintf(&b, "%d.%d %s", m.Boot, m.Seq, m.At.Format("15:04:05"))
		for _, p := range m.Slots {
			fmt.Fprintf(&b, " %s=%v/%d", p.Slot, p.State, p.Present)
		}
		for _, c := range m.Climate {
			fmt.Fprintf(&b, " %v", c.Temp)
		}
		for _, d := range m.Doors {
			fmt.Fprintf(&b, " open=%v at %s", d.Open, d.At.Format(time.TimeOnly))
		}
		for _, p := range m.Power {
			fmt.Fprintf(&b, " mains=%v", p.Mains)
		}
		for _, f := range m.Footfall {
			fmt.Fprintf(&b, " in=%d", f.In)
		}
		for _, e := range m.Events {
			fmt.Fprintf(&b, " %s", e.Type)
		}
		lines = append(lines, b.String())
	}
	return lines
}

func shuffle[T any](seed uint64, list []T) {
	rand.New(rand.NewPCG(seed, 7)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
}
