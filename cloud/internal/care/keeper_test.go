package care_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// broker keeps the last message of each topic, as long as it is up.
type broker struct {
	down      bool
	connected int
	kept      map[string]*wire.Desired
	said      []string // device and number, in the order in which they came
}

func (b *broker) connect(context.Context) (care.Session, error) {
	if b.down {
		return nil, errors.New("nobody listens")
	}
	b.connected++
	return &line{b: b}, nil
}

// line is a connection to it, which ends with it.
type line struct {
	b     *broker
	ended bool
}

func (l *line) Alive() bool { return !l.ended }
func (l *line) Close()      { l.ended = true }

func (l *line) Retain(_ context.Context, topic string, payload []byte) error {
	if l.b.down {
		l.ended = true
		return errors.New("the line is dead")
	}
	env, err := wire.Decode(payload)
	if err != nil {
		return err
	}
	d := env.Body.(*wire.Desired)
	if l.b.kept == nil {
		l.b.kept = map[string]*wire.Desired{}
	}
	l.b.kept[topic] = d
	l.b.said = append(l.b.said, fmt.Sprintf("%s %d", env.Device, d.Version))
	return nil
}

// keeping gives a keeper of three coolers, two of them in store s1.
func keeping(t *testing.T, db *state.DB) (*care.Keeper, *broker) {
	t.Helper()
	ctx := context.Background()
	err := db.Write(ctx, func(tx *state.Tx) error {
		if err := state.PutStore(ctx, tx, state.Store{Tenant: "t", Store: "s2"}, now); err != nil {
			return err
		}
		for device, store := range map[string]string{"d1": "s1", "d2": "s1", "d3": "s2"} {
			if err := state.PutCooler(ctx, tx, &state.Cooler{Tenant: "t", Device: device, Store: store, TopicStore: store, CreatedAt: now, ChangedAt: now}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b := &broker{}
	return care.NewKeeper(care.Config{DB: db, Connect: b.connect, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }}), b
}

func wish(t *testing.T, db *state.DB, scope care.Scope, place, body string) {
	t.Helper()
	if _, err := change(db, scope, place, body); err != nil {
		t.Fatal(err)
	}
}

func work(t *testing.T, k *care.Keeper) {
	t.Helper()
	if err := k.Work(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// says has a board of store s1 say something, as the ingester hands it to the listener.
func says(t *testing.T, db *state.DB, device string, boot uint32, seq uint64, body wire.Body) {
	t.Helper()
	ctx := context.Background()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: device}, Boot: boot, Seq: seq, CapturedAt: now, Clock: telemetry.NTP, Body: body}
	if err := db.Write(ctx, func(tx *state.Tx) error { return care.Listener{}.Step(ctx, tx, env) }); err != nil {
		t.Fatal(err)
	}
}

func board(t *testing.T, db *state.DB, device string) *care.Board {
	t.Helper()
	b, err := care.GetBoard(context.Background(), db, "t", device)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestKeeperTellsWhatIsNearest: wishes are laid over each other part by part; each board hears only what
// changes for it, under a number that rises.
func TestKeeperTellsWhatIsNearest(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, b := keeping(t, db)
		work(t, k)
		if len(b.said) != 0 || b.connected != 0 {
			t.Errorf("told %v before anything was wished", b.said)
		}
		wish(t, db, care.Store, "s1", `{"thresholds":{"blur":5},"schedule":{"every_s":900}}`)
		wish(t, db, care.Cooler, "d2", `{"thresholds":{"blur":7}}`)
		work(t, k)
		for topic, want := range map[string]int64{"coldshelf/v1/t/s1/d1/down/desired": 5, "coldshelf/v1/t/s1/d2/down/desired": 7} {
			d := b.kept[topic]
			if d == nil || d.Version != 1 || d.Thresholds["blur"] != want || d.Schedule == nil || d.Schedule.Every != 15*time.Minute {
				t.Errorf("%s: %+v, want number 1 with blur %d every 15 minutes", topic, d, want)
			}
		}
		work(t, k)
		wish(t, db, care.Store, "s1", `{"thresholds":{"blur":6}}`) // changes nothing for d2
		work(t, k)
		slices.Sort(b.said)
		if got, want := b.said, []string{"d1 1", "d1 2", "d2 1"}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		if got := board(t, db, "d3"); got.State != care.NothingWanted {
			t.Errorf("a cooler of another store: %+v", got)
		}
	})
}

// TestKeeperWaitsForItsBroker: what the broker did not take is told when it is back, and once.
func TestKeeperWaitsForItsBroker(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, b := keeping(t, db)
		wish(t, db, care.Tenant, "", `{"thresholds":{"blur":5}}`)
		b.down = true
		for range 2 {
			if err := k.Work(context.Background()); err == nil || !strings.Contains(err.Error(), "nobody listens") {
				t.Errorf("got %v, want that nobody listens", err)
			}
		}
		b.down = false
		work(t, k)
		b.down = true
		wish(t, db, care.Cooler, "d1", `{"thresholds":{"blur":6}}`)
		if err := k.Work(context.Background()); err == nil || !strings.Contains(err.Error(), "desired state of d1") {
			t.Errorf("got %v, want an error that names d1", err)
		}
		b.down = false
		work(t, k)
		work(t, k)
		if got, want := b.said, []string{"d1 1", "d2 1", "d3 1", "d1 2"}; !slices.Equal(got, want) || b.connected != 2 {
			t.Errorf("told %v over %d connections, want %v over 2", got, b.connected, want)
		}
	})
}

// TestKeeperLeavesOutWhatIsNotThere: a bundle that cannot be fetched is left out with its reason, and the
// rest is told.
func TestKeeperLeavesOutWhatIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, b := keeping(t, db)
		ctx := context.Background()
		version := "2.0.0"
		wish(t, db, care.Cooler, "d1", `{"thresholds":{"blur":5}}`)
		err := db.Write(ctx, func(tx *state.Tx) error {
			_, err := care.SetVersion(ctx, tx, "t", care.Cooler, "d1", "agent", &version, 1, "a test", now)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		k.URL = "https://cloud.example"
		work(t, k)
		d := b.kept["coldshelf/v1/t/s1/d1/down/desired"]
		if d == nil || d.Agent != nil || d.Thresholds["blur"] != 5 {
			t.Errorf("told %+v, want thresholds alone", d)
		}
		if got := board(t, db, "d1").Wanted.Missing; len(got) != 1 || !strings.Contains(got[0], "agent 2.0.0: the bundle is not here any more") {
			t.Errorf("missing: %q", got)
		}
	})
}

// TestListenerGoesByOrder: what a board said later stands, in whatever order it comes.
func TestListenerGoesByOrder(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, _ := keeping(t, db)
		wish(t, db, care.Cooler, "d1", `{"thresholds":{"blur":5}}`)
		work(t, k)
		says(t, db, "d1", 3, 9, &wire.Reported{DesiredVersion: 1, Outcome: wire.OutcomeApplied})
		says(t, db, "d1", 3, 4, &wire.Reported{DesiredVersion: 1, Outcome: wire.OutcomeRejected, Detail: "late, and older"})
		says(t, db, "d1", 2, 99, &wire.Birth{AgentVersion: "0.9.0", DesiredVersion: 0}) // of the boot before
		says(t, db, "d1", 3, 1, &wire.Birth{AgentVersion: "1.0.0", Arch: "arm64", DesiredVersion: 0})
		work(t, k)
		if got := board(t, db, "d1"); got.State != care.InForce || got.InForce != 1 || got.Agent != "1.0.0" || got.Arch != "arm64" || got.Detail != "" {
			t.Errorf("got %+v, want in force under agent 1.0.0", got)
		}
		says(t, db, "d1", 3, 10, &wire.Reported{DesiredVersion: 1, Outcome: wire.OutcomeRolledBack, Detail: "unwell"})
		if got := board(t, db, "d1"); got.Outcome != wire.OutcomeRolledBack || got.Detail != "unwell" {
			t.Errorf("got %+v, want rolled back", got)
		}
	})
}

// TestBoardThatComesBackIsToldAgain: until it has answered, and not after.
func TestBoardThatComesBackIsToldAgain(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, b := keeping(t, db)
		wish(t, db, care.Cooler, "d1", `{"thresholds":{"blur":5}}`)
		work(t, k)
		online := &wire.Status{Online: true, At: now, Boot: 1}
		says(t, db, "d1", 1, 0, online)
		work(t, k)
		says(t, db, "d1", 1, 2, &wire.Reported{DesiredVersion: 1, Outcome: wire.OutcomeApplied})
		work(t, k)
		says(t, db, "d1", 1, 0, online)
		says(t, db, "d1", 1, 0, &wire.Status{At: now, Boot: 1}) // its will
		work(t, k)
		if got, want := b.said, []string{"d1 1", "d1 1"}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}

// TestNumbersOnlyRise: a board that follows a higher number than is known here, after a database came back
// from its backup, is told a higher one yet; one that refused is told again under a new number only when
// somebody wants that.
func TestNumbersOnlyRise(t *testing.T) {
	each(t, func(t *testing.T, db *state.DB) {
		k, b := keeping(t, db)
		ctx := context.Background()
		retry := func() error {
			return db.Write(ctx, func(tx *state.Tx) error {
				_, err := care.Retry(ctx, tx, "t", "d1", "li", now)
				return err
			})
		}
		wish(t, db, care.Cooler, "d1", `{"thresholds":{"blur":5}}`)
		work(t, k)
		says(t, db, "d1", 1, 1, &wire.Birth{AgentVersion: "1.0.0", DesiredVersion: 41})
		work(t, k)
		if err := retry(); !errors.Is(err, care.ErrNotRefused) {
			t.Errorf("got %v, want ErrNotRefused", err)
		}
		says(t, db, "d1", 1, 2, &wire.Reported{DesiredVersion: 42, Outcome: wire.OutcomeRejected, Detail: "no"})
		work(t, k)
		if err := retry(); err != nil {
			t.Error(err)
		}
		work(t, k)
		if got, want := b.said, []string{"d1 1", "d1 42", "d1 43"}; !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
	})
}
