package ingest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

func ctx() context.Context { return context.Background() }

func equal(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %s\nwant %s", what, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

// TestStoresAndAcknowledges: one board's day through the whole write path.
func TestStoresAndAcknowledges(t *testing.T) {
	r := start(t, rigOptions{})
	birth := &wire.Birth{AgentVersion: "1.2", Model: "m", Board: "Pi 5", StartedAt: morning}
	r.send(t, envelope(board, 1, 0, &wire.Status{Online: true, At: morning, Boot: 1, Birth: birth}))
	r.send(t, envelope(board, 1, 1, birth))
	r.send(t, envelope(board, 1, 2, look(shelf.OK, shelf.Empty, shelf.Unknown)))
	r.send(t, envelope(board, 1, 3, picture(2)))
	r.send(t, envelope(board, 1, 4, climate(4250)))
	r.send(t, envelope(board, 1, 5, &wire.Event{Type: wire.EventRestock, Slot: "b"}))

	acked, rejected := r.answers("d1")
	if end, ok := acked[1].Through(1); !ok || end != 5 || len(rejected) != 0 {
		t.Errorf("acknowledged %v, rejected %v, want 1 to 5 of boot 1", acked[1].List(), rejected)
	}
	equal(t, "series", stored(t, r.points, "d1"), []string{
		"1.2 10:00:02 a=ok/2 b=empty/0 c=unknown/0", "1.4 10:00:04 4.25 °C", "1.5 10:00:05 restock"})
	equal(t, "judged", judged(t, r.db), []string{"d1 1.0 status", "d1 1.1 birth", "d1 1.2 observation", "d1 1.3 picture", "d1 1.4 telemetry", "d1 1.5 event"})

	c, err := state.GetCooler(ctx(), r.db, "t", "d1")
	if err != nil {
		t.Fatal(err)
	}
	if !c.Online || c.Store != "s1" || !c.LastSeen.Equal(arrival) || c.Latest.Software.Value.Board != "Pi 5" || c.Latest.Climate.Value.Temp != 4250 {
		t.Errorf("cooler: %+v", c)
	}
	want := state.ShelfSummary{At: state.Micros(morning.Add(time.Hour + 2*time.Second)), OK: 1, Empty: 1, Unknown: 1, Present: 1, Observed: 2, Required: 3, Planogram: "p", PlanogramVersion: 1}
	if got := c.Latest.Shelf.Value; got != want {
		t.Errorf("shelf: got %+v, want %+v", got, want)
	}
	if p, err := state.LastPicture(ctx(), r.db, "t", "d1"); err != nil || p.ObservationSeq != 2 || p.Width != 64 {
		t.Errorf("picture: %+v, %v", p, err)
	}
	data, err := state.LastObservation(ctx(), r.db, "t", "d1")
	if err != nil {
		t.Fatal(err)
	}
	if env, err := wire.Decode(data); err != nil || env.Seq != 2 {
		t.Errorf("observation: %+v, %v", env, err)
	}
}

// TestSecondTimeChangesNothing: duplicates are acknowledged again, judged once.
func TestSecondTimeChangesNothing(t *testing.T) {
	r := start(t, rigOptions{})
	for range 3 {
		r.send(t, envelope(board, 1, 1, look(shelf.OK)))
	}
	equal(t, "judged", judged(t, r.db), []string{"d1 1.1 observation"})
	equal(t, "series", stored(t, r.points, "d1"), []string{"1.1 10:00:01 a=ok/2"})
	if len(r.said) != 3 || r.done != 3 {
		t.Errorf("%d acknowledgements, %d done, want 3 each", len(r.said), r.done)
	}
}

// TestLateChangesNothingNewer: an older message is stored, and the newer stays the latest.
func TestLateChangesNothingNewer(t *testing.T) {
	r := start(t, rigOptions{})
	r.send(t, envelope(board, 2, 1, look(shelf.Empty)))
	r.send(t, envelope(board, 2, 2, climate(5000)))
	moved := board
	moved.Store = "s0"
	r.send(t, envelope(moved, 1, 9, look(shelf.OK)))
	r.send(t, envelope(moved, 1, 8, climate(9000)))
	r.send(t, envelope(board, 1, 7, &wire.Status{Online: false, At: morning, Boot: 1}))
	c, err := state.GetCooler(ctx(), r.db, "t", "d1")
	if err != nil {
		t.Fatal(err)
	}
	if c.Observation != (state.Order{Boot: 2, Seq: 1}) || c.Latest.Shelf.Value.Empty != 1 || c.Latest.Climate.Value.Temp != 5000 || c.Store != "s1" {
		t.Errorf("a late message changed the newer: %+v", c)
	}
	if got := len(stored(t, r.points, "d1")); got != 4 {
		t.Errorf("%d messages in the series, want 4", got)
	}
}

// TestRefused: what can never be stored is quarantined with its bytes, and the board moves on.
func TestRefused(t *testing.T) {
	good := encode(t, envelope(board, 1, 1, look(shelf.OK)))
	other := board
	other.Device = "d2"
	for _, c := range []struct {
		name, topic string
		payload     []byte
		reason      string
		told        bool
	}{
		{"not a topic", "coldshelf/v1/t/up/observation", good, ingest.ReasonTopic, false},
		{"rubbish", board.Topic(wire.KindEvent), []byte("\x00\xffrubbish"), ingest.ReasonMalformed, false},
		{"nothing", board.Topic(wire.KindEvent), nil, ingest.ReasonMalformed, false},
		{"cut", board.Topic(wire.KindObservation), good[:len(good)-3], ingest.ReasonMalformed, true},
		{"another version", board.Topic(wire.KindObservation), append([]byte{0x08, 0x63}, good[2:]...), ingest.ReasonVersion, false},
		{"too large", board.Topic(wire.KindPicture), make([]byte, wire.MaxPayload+1), ingest.ReasonTooLarge, false},
		{"another device's envelope", other.Topic(wire.KindObservation), good, ingest.ReasonIdentity, true},
		{"another kind", board.Topic(wire.KindEvent), good, ingest.ReasonIdentity, true},
		{"a command from below", board.Topic(wire.KindCommand), encode(t, &wire.Envelope{Identity: board, CapturedAt: morning, Body: &wire.Command{ID: "1", Name: "restart"}}), ingest.ReasonDirection, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := start(t, rigOptions{})
			r.give(t, c.topic, c.payload)
			list, err := state.ListQuarantine(ctx(), r.db, "", 10)
			if err != nil || len(list) != 1 || list[0].Reason != c.reason || list[0].Topic != c.topic {
				t.Fatalf("quarantine: %+v, %v, want reason %s", list, err, c.reason)
			}
			q, err := state.GetQuarantined(ctx(), r.db, list[0].ID)
			kept := c.payload
			if c.reason == ingest.ReasonTooLarge {
				kept = kept[:64<<10]
			}
			if err != nil || !slices.Equal(q.Bytes, kept) || q.Size != int64(len(c.payload)) || q.Detail == "" {
				t.Errorf("quarantined %d of %d bytes, %v, want %d of %d", len(q.Bytes), q.Size, err, len(kept), len(c.payload))
			}
			told := 0
			for _, env := range r.said {
				told += len(env.Body.(*wire.Ack).Rejected)
			}
			if (told == 1) != c.told {
				t.Errorf("told %d rejections, want told %v", told, c.told)
			}
			if n := len(judged(t, r.db)); n != 0 {
				t.Errorf("judged %d", n)
			}
			if got := counted(t, r, "coldshelf_ingest_quarantined_total", c.reason); got != 1 {
				t.Errorf("counted %v, want 1", got)
			}
		})
	}
}

// counted gives the value of a counter with one label.
func counted(t *testing.T, r *rig, name, label string) float64 {
	t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == name && m.GetLabel()[0].GetValue() == label {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// TestBrokenBodyIsRejected: the key of a malformed message can be read, so the board is told.
func TestBrokenBodyIsRejected(t *testing.T) {
	r := start(t, rigOptions{})
	data := encode(t, envelope(board, 1, 6, &wire.Event{Type: "restock"}))
	i := strings.Index(string(data), "restock")
	data[i] = '!' // not a word any more
	r.give(t, board.Topic(wire.KindEvent), data)
	_, rejected := r.answers("d1")
	if len(rejected) != 1 || rejected[0].Boot != 1 || rejected[0].Seq != 6 || rejected[0].Reason != ingest.ReasonMalformed {
		t.Errorf("got %+v, want boot 1, seq 6, malformed", rejected)
	}
}

// TestUnsetClock: what a board without a clock says is dated by when it came.
func TestUnsetClock(t *testing.T) {
	r := start(t, rigOptions{})
	env := envelope(board, 1, 1, climate(1000))
	env.CapturedAt = time.Date(1970, 1, 1, 0, 5, 0, 0, time.UTC)
	env.Clock = telemetry.Monotonic
	env.Body.(*wire.Telemetry).Climate[0].At = env.CapturedAt.Add(-time.Minute)
	r.send(t, env)
	r.send(t, env)
	list, err := r.points.Messages(ctx(), series.Range{Tenant: "t", Device: "d1", From: arrival.Add(-time.Hour), To: arrival.Add(time.Hour)}, 10)
	if err != nil || len(list) != 1 || !list[0].At.Equal(arrival) || !list[0].Climate[0].At.Equal(arrival.Add(-time.Minute)) {
		t.Errorf("got %+v, %v, want one at %v with a reading a minute before", list, err, arrival)
	}
	future := envelope(board, 1, 2, climate(2000))
	future.CapturedAt = arrival.Add(48 * time.Hour)
	r.send(t, future)
	if lines := stored(t, r.points, "d1"); len(lines) != 2 || !strings.Contains(lines[1], arrival.Format("15:04:05")) {
		t.Errorf("a message from the future: %q", lines)
	}
}

// TestDelta: a difference is stored complete; one whose base is not there is rejected, not quarantined.
func TestDelta(t *testing.T) {
	r := start(t, rigOptions{})
	states := slices.Repeat([]shelf.State{shelf.OK, shelf.Low}, 12)
	base := envelope(board, 1, 1, look(states...))
	next := look(states...)
	next.Slots[3].State, next.Slots[3].Present = shelf.Empty, 0
	env := envelope(board, 1, 2, next)
	short, err := wire.EncodeDelta(env, 1, &base.Body.(*wire.Observation).Observation)
	if err != nil || len(short) >= len(encode(t, env)) {
		t.Fatalf("the difference takes %d bytes, %v", len(short), err)
	}
	topic := board.Topic(wire.KindObservation)
	r.give(t, topic, short)
	if _, rejected := r.answers("d1"); len(rejected) != 1 || rejected[0].Reason != wire.ReasonBaseMissing {
		t.Fatalf("without its base: %+v", rejected)
	}
	if list, err := state.ListQuarantine(ctx(), r.db, "", 10); err != nil || len(list) != 0 {
		t.Errorf("quarantine: %+v, %v", list, err)
	}
	r.send(t, base)
	r.give(t, topic, short)
	data, err := state.LastObservation(ctx(), r.db, "t", "d1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := wire.Decode(data)
	if err != nil || got.Seq != 2 || got.Body.(*wire.Observation).Slots[3].State != shelf.Empty {
		t.Errorf("stored: %+v, %v", got, err)
	}
}

// TestGapClosesHoles: what a board gave up leaves one range; where only part is lost the holes stay.
func TestGapClosesHoles(t *testing.T) {
	r := start(t, rigOptions{})
	r.send(t, envelope(board, 1, 1, climate(1)))
	r.send(t, envelope(board, 1, 9, climate(1)))
	r.send(t, envelope(board, 1, 10, &wire.Gap{Boot: 1, FromSeq: 2, ToSeq: 4, Count: 2, Reason: "full"}))
	r.send(t, envelope(board, 1, 11, &wire.Gap{Boot: 1, FromSeq: 5, ToSeq: 8, Count: 4, Reason: "full"}))
	s, err := state.BootSeen(ctx(), r.db, "t", "d1", 1)
	if want := []state.Range{{From: 1, To: 1}, {From: 5, To: 11}}; err != nil || !slices.Equal(s.Ranges.List(), want) {
		t.Errorf("seen %v, %v, want %v", s.Ranges.List(), err, want)
	}
	r.send(t, envelope(board, 1, 3, climate(1)))
	if n := len(judged(t, r.db)); n != 5 {
		t.Errorf("judged %d, want 5: the late one of a half lost stretch counts", n)
	}
}

// TestHoles: a device that leaves out numbers on purpose does not make the store grow without end.
func TestHoles(t *testing.T) {
	r := start(t, rigOptions{cfg: ingest.Config{Holes: 3}})
	for _, seq := range []uint64{2, 4, 6, 8, 7} {
		r.send(t, envelope(board, 1, seq, climate(1)))
	}
	acked, rejected := r.answers("d1")
	if len(rejected) != 1 || rejected[0].Seq != 8 || rejected[0].Reason != ingest.ReasonHoles || !acked[1].Has(7) {
		t.Errorf("rejected %+v, stored %v, want 8 rejected and 7 stored", rejected, acked[1].List())
	}
}

// flaky fails as long as it is told to.
type flaky struct {
	*embedded.Store
	failures atomic.Int64
	tried    chan struct{}
}

func (f *flaky) Write(ctx context.Context, m []series.Message) error {
	f.tried <- struct{}{}
	if f.failures.Add(-1) >= 0 {
		return errors.New("disk is full")
	}
	return f.Store.Write(ctx, m)
}

// TestNothingAcknowledgedThatIsNotStored: while a store fails nothing is said to the board; when it
// works again nothing is lost.
func TestNothingAcknowledgedThatIsNotStored(t *testing.T) {
	f := &flaky{Store: openSeries(t), tried: make(chan struct{}, 100)}
	f.failures.Store(3)
	r := start(t, rigOptions{points: f.Store, series: f})
	done := r.offer(t, board.Topic(wire.KindTelemetry), encode(t, envelope(board, 1, 1, climate(1))))
	for range 3 {
		<-f.tried
		r.mu.Lock()
		if len(r.said) != 0 || r.hand.done != 0 {
			t.Error("acknowledged while the store fails")
		}
		r.mu.Unlock()
	}
	<-done
	if acked, _ := r.answers("d1"); !acked[1].Has(1) {
		t.Error("not acknowledged after the store works again")
	}
}

// TestPoison: a message that the judge never bears does not hold up the others.
func TestPoison(t *testing.T) {
	r := start(t, rigOptions{judge: scribe{fail: func(env *wire.Envelope) error {
		if env.Seq == 2 {
			return errors.New("division by zero")
		}
		return nil
	}}, cfg: ingest.Config{Linger: time.Second, Batch: 3}})
	var waits []<-chan struct{}
	for seq := uint64(1); seq <= 3; seq++ {
		env := envelope(board, 1, seq, climate(1))
		waits = append(waits, r.offer(t, env.Topic(wire.KindTelemetry), encode(t, env)))
	}
	for _, w := range waits {
		<-w
	}
	acked, rejected := r.answers("d1")
	if !acked[1].Has(1) || !acked[1].Has(3) || len(rejected) != 1 || rejected[0].Seq != 2 || rejected[0].Reason != ingest.ReasonJudgement {
		t.Errorf("stored %v, rejected %+v", acked[1].List(), rejected)
	}
	list, err := state.ListQuarantine(ctx(), r.db, "", 10)
	if err != nil || len(list) != 1 || !strings.Contains(list[0].Detail, "division by zero") {
		t.Errorf("quarantine: %+v, %v", list, err)
	}
}

// picky refuses one message for good.
type picky struct{ *embedded.Store }

func (p picky) Write(ctx context.Context, messages []series.Message) error {
	for i := range messages {
		if messages[i].Seq == 2 {
			return &series.Refused{Message: &messages[i], Reason: "a field changed its type"}
		}
	}
	return p.Store.Write(ctx, messages)
}

// TestSeriesRefuses: a point that the series never takes is put aside, and the rest is written.
func TestSeriesRefuses(t *testing.T) {
	points := openSeries(t)
	r := start(t, rigOptions{points: points, series: picky{points}, cfg: ingest.Config{Linger: time.Second, Batch: 3}})
	var waits []<-chan struct{}
	for seq := uint64(1); seq <= 3; seq++ {
		env := envelope(board, 1, seq, climate(1))
		waits = append(waits, r.offer(t, env.Topic(wire.KindTelemetry), encode(t, env)))
	}
	for _, w := range waits {
		<-w
	}
	if _, rejected := r.answers("d1"); len(rejected) != 1 || rejected[0].Seq != 2 || rejected[0].Reason != ingest.ReasonSeries {
		t.Errorf("rejected %+v", rejected)
	}
	if lines := stored(t, r.points, "d1"); len(lines) != 2 {
		t.Errorf("series: %q", lines)
	}
}

// TestRateLimit: what a device says beyond its rate is not acknowledged, and others are not held up.
func TestRateLimit(t *testing.T) {
	r := start(t, rigOptions{cfg: ingest.Config{Rate: 1, Burst: 3}})
	for seq := uint64(1); seq <= 5; seq++ {
		r.send(t, envelope(board, 1, seq, climate(1)))
	}
	other := board
	other.Device = "d2"
	r.send(t, envelope(other, 1, 1, climate(1)))
	acked, rejected := r.answers("d1")
	if got := acked[1].List(); len(got) != 1 || got[0] != (state.Range{From: 1, To: 3}) || len(rejected) != 0 {
		t.Errorf("stored %v, rejected %v, want 1 to 3 stored and nothing said of the rest", got, rejected)
	}
	if acked, _ := r.answers("d2"); acked[1] == nil {
		t.Error("another device is held up")
	}
}
