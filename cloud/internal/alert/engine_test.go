package alert_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

var identity = wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}

// clock is a settable wall clock.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newEngine(c *clock, rules alert.Rules) *alert.Engine {
	return alert.NewEngine(alert.Config{Rules: rules, Now: c.now, Log: slog.New(slog.DiscardHandler)})
}

// observation is a message with one look at slots A and B.
func observation(boot uint32, seq uint64, at time.Time, a, b shelf.State) *wire.Envelope {
	reading := func(id string, s shelf.State) shelf.SlotReading {
		r := shelf.SlotReading{SlotID: id, Shelf: 1, GTIN: scenarioGTIN, State: s, Due: 2}
		if s == shelf.OK || s == shelf.Low {
			r.Present = 1
		}
		return r
	}
	return &wire.Envelope{Identity: identity, Boot: boot, Seq: seq, CapturedAt: at, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: at, PlanogramID: "p", PlanogramVersion: 1, Model: "m",
			Slots: []shelf.SlotReading{reading("A", a), reading("B", b)}}}}
}

func judge(t *testing.T, db *state.DB, e *alert.Engine, envs ...*wire.Envelope) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *state.Tx) error {
		for _, env := range envs {
			if err := e.Step(context.Background(), tx, env); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func readAll(t *testing.T, db *state.DB) []alert.Entry {
	t.Helper()
	var all []alert.Entry
	for {
		var after int64
		if len(all) > 0 {
			after = all[len(all)-1].Cursor
		}
		part, err := alert.ReadLog(context.Background(), db, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(part) == 0 {
			return all
		}
		all = append(all, part...)
	}
}

// kinds are the log's entries in words.
func kinds(entries []alert.Entry) (out []string) {
	for _, e := range entries {
		out = append(out, string(e.Kind)+" "+string(e.Type)+" "+e.Slot)
	}
	return out
}

func decode(t *testing.T, e alert.Entry) alert.Alert {
	t.Helper()
	var a alert.Alert
	if err := json.Unmarshal(e.Alert, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

func TestEngineOpensAndCloses(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		err := db.Write(ctx, func(tx *state.Tx) error {
			return state.PutProduct(ctx, tx, "t", shelf.Product{GTIN: scenarioGTIN, Name: "Cola 0.5", NameZH: "可乐", Brand: "B", Own: true})
		})
		if err != nil {
			t.Fatal(err)
		}
		c := &clock{scenarioDay.Add(8 * time.Hour)}
		e := newEngine(c, alert.DefaultRules())
		at := func(minutes int) time.Time { return scenarioDay.Add(8*time.Hour + time.Duration(minutes)*time.Minute) }
		looks := []*wire.Envelope{
			observation(1, 1, at(0), shelf.OK, shelf.OK),
			observation(1, 2, at(5), shelf.Empty, shelf.OK),
			observation(1, 4, at(10), shelf.Empty, shelf.Unknown),
			observation(1, 5, at(15), shelf.Empty, shelf.OK),
			observation(1, 7, at(20), shelf.OK, shelf.OK),
			observation(2, 1, at(25), shelf.OK, shelf.OK),
		}
		for _, env := range looks {
			c.at = env.CapturedAt.Add(time.Second)
			judge(t, db, e, env)
			judge(t, db, e, env) // a message judged twice counts once
			e = newEngine(c, alert.DefaultRules())
		}
		log := readAll(t, db)
		if got, want := kinds(log), []string{"opened stockout A", "resolved stockout A"}; !slices.Equal(got, want) {
			t.Fatalf("log: got %v, want %v", got, want)
		}
		opened, closed := decode(t, log[0]), decode(t, log[1])
		if opened.State != alert.StatusOpen || !opened.LastSeenFilled.Equal(at(0)) || !opened.FirstSeenEmpty.Equal(at(5)) || !opened.OpenedAt.Equal(at(10)) {
			t.Errorf("opened: %+v", opened)
		}
		if opened.Product == nil || opened.Product.NameZH != "可乐" || opened.Planogram.Version != 1 || opened.Model != "m" {
			t.Errorf("opened without its product, planogram or model: %+v", opened)
		}
		if opened.Duration != nil || opened.Revision != 1 || closed.Revision != 2 || closed.ID != opened.ID {
			t.Errorf("revisions %d and %d of %s and %s", opened.Revision, closed.Revision, opened.ID, closed.ID)
		}
		if d := closed.Duration; d == nil || d.Min != 10*60 || d.Max == nil || *d.Max != 20*60 {
			t.Errorf("duration %+v, want 600 s to 1200 s", closed.Duration)
		}
		if ev := closed.Evidence; *ev.BeforeSeq != 1 || *ev.AfterSeq != 2 || *ev.EndSeq != 7 || *ev.EndBoot != 1 {
			t.Errorf("evidence %+v", closed.Evidence)
		}
		event := log[0].Event()
		if event.Type != "org.coldshelf.alert.opened" || event.Subject != "t/s1/d1/A" || event.Sequence != "1" {
			t.Errorf("event %+v", event)
		}
		list, cursor, err := alert.List(ctx, db, alert.Filter{Tenant: "t", Limit: 10})
		if err != nil || len(list) != 1 || cursor != log[1].Cursor || list[0].State != alert.StatusResolved {
			t.Errorf("list: %v, cursor %d, %v", list, cursor, err)
		}
	}, alert.Tables)
}

// A long history in any order, with repeats, gives the episodes that a timeline in memory gives, over
// many checkpoints.
func TestEngineRestatesAcrossCheckpoints(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		rng := rand.New(rand.NewPCG(7, 7))
		states := []shelf.State{shelf.OK, shelf.OK, shelf.Empty, shelf.Empty, shelf.Empty, shelf.Unknown, shelf.Low, shelf.Foreign}
		var envs []*wire.Envelope
		a, b := shelf.OK, shelf.OK
		for i := range 400 {
			if rng.IntN(3) == 0 {
				a = states[rng.IntN(len(states))]
			}
			if rng.IntN(3) == 0 {
				b = states[rng.IntN(len(states))]
			}
			envs = append(envs, observation(1, uint64(i+1), scenarioDay.Add(time.Duration(i)*time.Minute), a, b))
		}
		// Each message up to forty places late.
		place := map[*wire.Envelope]int{}
		for i, env := range envs {
			place[env] = i + rng.IntN(40)
		}
		arrival := slices.Clone(envs)
		slices.SortStableFunc(arrival, func(a, b *wire.Envelope) int { return place[a] - place[b] })
		c := &clock{scenarioDay}
		e := newEngine(c, alert.DefaultRules())
		want := alert.NewTimeline(alert.Machine{Rules: alert.DefaultRules()})
		const batch = 8
		for i := 0; i < len(arrival); i += batch {
			envs := arrival[i:min(len(arrival), i+batch)]
			for _, env := range envs {
				if env.CapturedAt.After(c.at) {
					c.at = env.CapturedAt
				}
			}
			judge(t, db, e, envs...)
			judge(t, db, e, arrival[max(0, i-rng.IntN(50))])
		}
		for _, env := range envs {
			var l alert.Look
			for _, s := range env.Body.(*wire.Observation).Slots {
				l.Slots = append(l.Slots, alert.Slot{ID: s.SlotID, GTIN: s.GTIN, State: s.State, Present: s.Present, Due: s.Due})
			}
			l.Planogram, l.Model = alert.PlanogramRef{ID: "p", Version: 1}, "m"
			want.Add(alert.Input{Key: alert.Key{Boot: env.Boot, Seq: env.Seq}, At: env.CapturedAt, Fact: l})
		}

		log := readAll(t, db)
		last := map[string]alert.Alert{}
		for _, entry := range log {
			now := decode(t, entry)
			if was := last[now.ID]; now.Revision != was.Revision+1 {
				t.Fatalf("%s: revision %d after %d", now.ID, now.Revision, was.Revision)
			}
			last[now.ID] = now
		}
		var got, expected []string
		line := func(typ alert.Type, slot string, first time.Time, r alert.Resolution) string {
			return string(typ) + " " + slot + " " + first.Format("15:04") + " " + string(r)
		}
		for _, a := range last {
			if a.Resolution != alert.ResolvedRetracted {
				got = append(got, line(a.Type, a.Slot, a.FirstSeenBad, a.Resolution))
			}
		}
		for _, ep := range want.Episodes() {
			expected = append(expected, line(ep.Type, ep.Slot, ep.FirstBad.At, ep.Resolution))
		}
		slices.Sort(got)
		slices.Sort(expected)
		if !slices.Equal(got, expected) {
			without := func(list, other []string) []string {
				return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(other, s) })
			}
			t.Errorf("episodes: got only %q, want also %q", without(got, expected), without(expected, got))
		}
		if len(expected) < 10 {
			t.Errorf("only %d episodes: the history is too quiet to prove anything", len(expected))
		}
		var kept int
		if err := db.QueryRow(context.Background(), "SELECT COUNT(*) FROM alert_looks").Scan(&kept); err != nil || kept >= 400 {
			t.Errorf("%d looks are kept, %v", kept, err)
		}
	}, alert.Tables)
}

// doors is a message of a board that tells when its door was opened or closed.
func doors(seq uint64, at time.Time, list ...telemetry.DoorEvent) *wire.Envelope {
	return &wire.Envelope{Identity: identity, Boot: 1, Seq: seq, CapturedAt: at, Clock: telemetry.NTP, Body: &wire.Telemetry{Doors: list}}
}

// TestEngineLateReadings: what a sensor read that comes after a later reading is judged in its place: it moves the
// bounds of what was told, and takes back nothing that time alone had made an alert. One older than all that is kept changes nothing.
func TestEngineLateReadings(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		c := &clock{scenarioDay.Add(10 * time.Hour)}
		e := newEngine(c, alert.DefaultRules())
		at := func(minutes int) time.Time { return scenarioDay.Add(10*time.Hour + time.Duration(minutes)*time.Minute) }
		read := 0
		expect := func(when string, want ...string) alert.Alert {
			t.Helper()
			log := readAll(t, db)
			if got := kinds(log[read:]); !slices.Equal(got, want) {
				t.Fatalf("%s: got %q, want %q", when, got, want)
			}
			read = len(log)
			if read == 0 {
				return alert.Alert{}
			}
			return decode(t, log[read-1])
		}
		pass := func(to int) {
			t.Helper()
			c.at = at(to)
			if _, err := e.Tick(context.Background(), db); err != nil {
				t.Fatal(err)
			}
		}

		judge(t, db, e, doors(4, at(0), telemetry.DoorEvent{At: at(0), Open: true}))
		pass(4)
		expect("open for four minutes", "opened door_ajar ")
		judge(t, db, e, doors(2, at(-19), telemetry.DoorEvent{At: at(-20), Open: true}, telemetry.DoorEvent{At: at(-19)}))
		if a := expect("a late one, of when it was last closed", "restated door_ajar "); a.LastSeenGood == nil || !a.LastSeenGood.Equal(at(-19)) || a.State != alert.StatusOpen {
			t.Errorf("restated: %+v", a)
		}
		judge(t, db, e, doors(3, at(-1), telemetry.DoorEvent{At: at(-1), Open: true}))
		if a := expect("a late one since when it is open", "restated door_ajar "); !a.FirstSeenBad.Equal(at(-1)) || a.State != alert.StatusOpen {
			t.Errorf("restated: %+v", a)
		}
		c.at = at(30)
		judge(t, db, e, doors(6, at(30), telemetry.DoorEvent{At: at(30)}))
		expect("closed", "resolved door_ajar ")
		judge(t, db, e, doors(5, at(10), telemetry.DoorEvent{At: at(10)}))
		if a := expect("closed before", "restated door_ajar "); a.ResolvedAt == nil || !a.ResolvedAt.Equal(at(10)) {
			t.Errorf("restated: %+v", a)
		}
		judge(t, db, e, doors(5, at(10), telemetry.DoorEvent{At: at(10)}), doors(1, at(-30), telemetry.DoorEvent{At: at(-30)}))
		expect("the same again, and one that changes nothing")

		var many []*wire.Envelope
		for seq := range uint64(400) {
			c.at = at(31 + int(seq))
			many = append(many, doors(7+seq, c.at, telemetry.DoorEvent{At: c.at, Open: seq%2 == 0}))
		}
		judge(t, db, e, many...)
		var kept int
		if err := db.QueryRow(context.Background(), "SELECT COUNT(*) FROM alert_readings").Scan(&kept); err != nil || kept >= 300 {
			t.Errorf("%d readings are kept, %v", kept, err)
		}
		again := *doors(1, at(-40), telemetry.DoorEvent{At: at(-40), Open: true})
		again.Seq = 0
		judge(t, db, e, &again)
		expect("one that is older than all that is kept")
	}, alert.Tables)
}

// TestUpgradedMachineKeepsWhatItKnows: a database of before readings were kept is migrated with what its machines know.
// A reading of before that is not judged as if nothing had been.
func TestUpgradedMachineKeepsWhatItKnows(t *testing.T) {
	before := alert.Tables
	before.Steps = before.Steps[:slices.IndexFunc(before.Steps, func(s string) bool { return strings.Contains(s, "CREATE TABLE alert_readings") })]
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx, c := context.Background(), &clock{scenarioDay.Add(10 * time.Hour)}
		e := newEngine(c, alert.DefaultRules())
		// The door has been open for an hour, as a version before wrote it; its alert is not told yet.
		err := db.Write(ctx, func(tx *state.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO alert_machines (tenant, device, store, state, since, pruned, due_at) VALUES ('t', 'd1', 's1', ?, 0, ?, 1)`,
				fmt.Sprintf(`{"d":{"s":%q},"l":{"door":[1,5,%[2]d]},"t":{"door_ajar":{"fb":[1,5,%[2]d],"lb":[1,5,%[2]d]}}}`,
					c.at.Add(-time.Hour).Format(time.RFC3339), c.at.Add(-time.Hour).UnixMicro()), false)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := state.Migrate(ctx, db, alert.Tables); err != nil {
			t.Fatal(err)
		}
		if _, err := e.Tick(ctx, db); err != nil {
			t.Fatal(err)
		}
		judge(t, db, e, &wire.Envelope{Identity: identity, Boot: 1, Seq: 7, CapturedAt: c.at, Clock: telemetry.NTP, Body: &wire.Telemetry{Climate: []telemetry.Climate{{At: c.at, Temp: 4000}}}})
		judge(t, db, e, doors(3, c.at.Add(-2*time.Hour), telemetry.DoorEvent{At: c.at.Add(-2 * time.Hour)}))
		judge(t, db, e, doors(8, c.at, telemetry.DoorEvent{At: c.at}))
		log := readAll(t, db)
		if got, want := kinds(log), []string{"opened door_ajar ", "resolved door_ajar "}; !slices.Equal(got, want) {
			t.Fatalf("got %q, want %q", got, want)
		}
		if a := decode(t, log[1]); !a.FirstSeenBad.Equal(c.at.Add(-time.Hour)) {
			t.Errorf("open since %v, want since an hour before", a.FirstSeenBad)
		}
	}, before)
}

func TestEngineBackfillCallsNobody(t *testing.T) {
	db := statetest.SQLite(t, alert.Tables)
	c := &clock{scenarioDay.Add(20 * time.Hour)}
	e := newEngine(c, alert.DefaultRules())
	at := func(minutes int) time.Time { return scenarioDay.Add(8*time.Hour + time.Duration(minutes)*time.Minute) }
	judge(t, db, e,
		observation(1, 1, at(0), shelf.OK, shelf.OK),
		observation(1, 2, at(10), shelf.Empty, shelf.Empty),
		observation(1, 3, at(20), shelf.Empty, shelf.Empty),
		observation(1, 4, at(30), shelf.OK, shelf.Empty),
		observation(1, 5, at(40), shelf.OK, shelf.Empty))
	if got, want := kinds(readAll(t, db)), []string{"restated stockout A"}; !slices.Equal(got, want) {
		t.Fatalf("after the backlog: got %v, want %v", got, want)
	}
	if a := decode(t, readAll(t, db)[0]); !a.Untold || a.State != alert.StatusResolved {
		t.Errorf("recorded: %+v", a)
	}
	judge(t, db, e, observation(1, 6, c.at, shelf.OK, shelf.Empty))
	log := readAll(t, db)
	if got, want := kinds(log), []string{"restated stockout A", "opened stockout B"}; !slices.Equal(got, want) {
		t.Fatalf("after the present: got %v, want %v", got, want)
	}
	if a := decode(t, log[1]); !a.FirstSeenEmpty.Equal(at(10)) || a.Untold {
		t.Errorf("opened: %+v", a)
	}
}

func TestEngineClockOfABoardWithoutTime(t *testing.T) {
	db := statetest.SQLite(t, alert.Tables)
	c := &clock{scenarioDay.Add(8 * time.Hour)}
	e := newEngine(c, alert.DefaultRules())
	for seq := range uint64(3) {
		env := observation(1, seq+1, time.Date(1970, 1, 1, 0, 0, int(seq), 0, time.UTC), shelf.Empty, shelf.OK)
		env.Clock = telemetry.Monotonic
		c.at = c.at.Add(time.Minute)
		judge(t, db, e, env)
	}
	log := readAll(t, db)
	if len(log) != 1 || !decode(t, log[0]).FirstSeenEmpty.Equal(scenarioDay.Add(8*time.Hour+time.Minute)) {
		t.Errorf("got %v", kinds(log))
	}
}

func TestEngineTickFindsTheSilent(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		c := &clock{scenarioDay.Add(8 * time.Hour)}
		e := newEngine(c, alert.DefaultRules())
		tick := func(after time.Duration) {
			t.Helper()
			c.at = c.at.Add(after)
			if _, err := e.Tick(ctx, db); err != nil {
				t.Fatal(err)
			}
		}
		judge(t, db, e, observation(1, 1, c.at, shelf.OK, shelf.OK))
		will := &wire.Envelope{Identity: identity, Boot: 1, CapturedAt: c.at, Clock: telemetry.NTP, Body: &wire.Status{At: c.at}}
		tick(time.Minute)
		judge(t, db, e, will)
		tick(9 * time.Minute)
		if log := readAll(t, db); len(log) != 0 {
			t.Fatalf("too early: %v", kinds(log))
		}
		tick(2 * time.Minute)
		tick(time.Hour)
		judge(t, db, e, observation(1, 2, c.at, shelf.OK, shelf.OK))
		if got, want := kinds(readAll(t, db)), []string{"opened cooler_offline ", "resolved cooler_offline "}; !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		// The cloud was off for a day: that is not the coolers' silence.
		c.at = c.at.Add(24 * time.Hour)
		e = newEngine(c, alert.DefaultRules())
		tick(9 * time.Minute)
		if log := readAll(t, db); len(log) != 2 {
			t.Fatalf("after the cloud's own outage: %v", kinds(log))
		}
		tick(2 * time.Minute)
		if log := readAll(t, db); len(log) != 3 {
			t.Fatalf("still silent after it: %v", kinds(log))
		}
	}, alert.Tables)
}

func TestAcknowledge(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		c := &clock{scenarioDay.Add(8 * time.Hour)}
		e := newEngine(c, alert.DefaultRules())
		judge(t, db, e, observation(1, 1, c.at, shelf.Empty, shelf.OK), observation(1, 2, c.at.Add(time.Minute), shelf.Empty, shelf.OK))
		id := readAll(t, db)[0].AlertID
		for range 2 {
			a, err := e.Say(ctx, db, "t", id, alert.Word{Action: alert.ActionAcknowledge, By: "Ann", Note: "on my way"})
			if err != nil || a.State != alert.StatusAcknowledged || a.Ack.By != "Ann" {
				t.Fatalf("got %+v, %v", a, err)
			}
		}
		if _, err := e.Say(ctx, db, "other", id, alert.Word{Action: alert.ActionAcknowledge}); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("another tenant's alert: %v", err)
		}
		judge(t, db, e, observation(1, 3, c.at.Add(2*time.Minute), shelf.OK, shelf.OK), observation(1, 4, c.at.Add(3*time.Minute), shelf.OK, shelf.OK))
		if _, err := e.Say(ctx, db, "t", id, alert.Word{Action: alert.ActionAcknowledge}); !errors.Is(err, alert.ErrOver) {
			t.Errorf("resolved: %v", err)
		}
		log := readAll(t, db)
		if got, want := kinds(log), []string{"opened stockout A", "acknowledged stockout A", "resolved stockout A"}; !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
		if a := decode(t, log[2]); a.Ack == nil || a.Ack.Note != "on my way" || a.Revision != 3 {
			t.Errorf("resolved: %+v", a)
		}
	}, alert.Tables)
}
