// Package seriestest is the conformance suite of series stores.
package seriestest

import (
	"context"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Store is what the suite needs of a store.
type Store interface {
	Write(ctx context.Context, messages []series.Message) error
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
	Hours(ctx context.Context, r series.Range) ([]series.Rollup, error)
	Days(ctx context.Context, r series.Range) ([]series.Rollup, error)
	Fleet(ctx context.Context, tenant string, from, to time.Time) ([]series.Totals, error)
	Maintain(ctx context.Context, now time.Time, keep series.Retention) error
}

// Option names something that a store leaves to others.
type Option int

// ForgetsByItself says that the store's server decides how long points are kept, not Maintain.
const ForgetsByItself Option = iota + 1

// Run runs the suite. open returns an empty store for each case, which the suite closes.
func Run(t *testing.T, open func(t *testing.T) Store, options ...Option) {
	for _, c := range []struct {
		name string
		run  func(t *testing.T, s Store)
	}{
		{"what is written is read, in the order of its time", roundTrip},
		{"writing again changes nothing", again},
		{"of many at once some are known, and some stand there twice", manyAgain},
		{"a dated-by-arrival message that comes again changes nothing", doubtfulAgain},
		{"limits and bounds", bounds},
		{"fleet totals", fleet},
		{"hours, before and after they are rolled up", hours},
		{"late points restate their hour", lateHour},
		{"days, before and after they are rolled up", days},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, open(t)) })
	}
	if !slices.Contains(options, ForgetsByItself) {
		t.Run("old points go, their hours stay", func(t *testing.T) { retention(t, open(t)) })
		t.Run("old hours go, their days stay", func(t *testing.T) { dayRetention(t, open(t)) })
	}
}

// noon returns a recent full hour, because a store with a short retention refuses an old one.
func noon() time.Time { return time.Now().UTC().Truncate(time.Hour).Add(-3 * time.Hour) }

func write(t *testing.T, s Store, messages ...series.Message) {
	t.Helper()
	if err := s.Write(context.Background(), messages); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s Store, from, to time.Time) []series.Message {
	t.Helper()
	got, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: "d1", From: from, To: to}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func message(device string, seq uint64, at time.Time) series.Message {
	return series.Message{Tenant: "t", Store: "s1", Device: device, Boot: 3, Seq: seq, At: at}
}

func observation(device string, seq uint64, at time.Time, states ...shelf.State) series.Message {
	m := message(device, seq, at)
	gtins := []shelf.GTIN{"4006381333931", "96385074"}
	for i, state := range states {
		p := series.SlotPoint{Slot: string(rune('a' + i)), GTIN: gtins[i%2], State: state, Due: 2 + i}
		switch state {
		case shelf.Unknown:
			p.Reason = shelf.Fog
		case shelf.OK:
			p.Present = p.Due
		case shelf.Low:
			p.Present = 1
		}
		m.Slots = append(m.Slots, p)
	}
	return m
}

func telemetryMessage(seq uint64, at time.Time) series.Message {
	m := message("d1", seq, at)
	m.Doors = []telemetry.DoorEvent{{At: at.Add(-9 * time.Second), Open: true}, {At: at.Add(-2 * time.Second)}}
	m.Climate = []telemetry.Climate{{At: at.Add(-time.Minute), Temp: -18250, HumidityPermille: 431}, {At: at, Sensor: "top", Temp: 4250}}
	m.Footfall = []telemetry.Footfall{{From: at.Add(-time.Minute), To: at, Line: "door", In: 3, Out: 2, Passing: 40, Dwell: 8500 * time.Millisecond}}
	m.Power = []telemetry.Power{{At: at, MilliVolt: 230_100, MilliAmp: -120, Mains: true}}
	return m
}

func roundTrip(t *testing.T, s Store) {
	at := noon().Add(5 * time.Minute)
	big := observation("d1", 5, at.Add(2*time.Second), shelf.OK)
	big.Slots[0].Present, big.Slots[0].Due = 400, 400
	want := []series.Message{
		observation("d1", 1, at, shelf.OK, shelf.Empty, shelf.Unknown, shelf.Low, shelf.Misplaced, shelf.Foreign),
		telemetryMessage(2, at.Add(time.Second)),
		big,
		{Tenant: "t", Store: "s1", Device: "d1", Boot: 3, Seq: 6, At: at.Add(3 * time.Second), Events: []series.Event{
			{At: at.Add(3 * time.Second), Type: "removal", Slot: "a", GTIN: "96385074"}}},
		observation("d1", 7, at.Add(4*time.Second), shelf.Low, shelf.OK),
	}
	shuffled := append([]series.Message(nil), want...)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	write(t, s, shuffled[:2]...)
	write(t, s, shuffled[2:]...)
	write(t, s, observation("d2", 1, at, shelf.Empty))
	equal(t, "messages", read(t, s, at.Add(-time.Hour), at.Add(time.Hour)), want)
}

func again(t *testing.T, s Store) {
	at := noon()
	m := []series.Message{observation("d1", 1, at, shelf.OK, shelf.Empty), telemetryMessage(2, at.Add(time.Second))}
	write(t, s, m...)
	write(t, s, m[1], m[0], m[1])
	equal(t, "messages", read(t, s, at, at.Add(time.Hour)), m)
	totals, err := s.Fleet(context.Background(), "t", at, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", totals, []series.Totals{
		{GTIN: "4006381333931", OK: 1, Present: 2, Due: 2}, {GTIN: "96385074", Empty: 1, Due: 3}})
}

func manyAgain(t *testing.T, s Store) {
	const n = 400
	at := noon()
	all := make([]series.Message, n)
	for i := range all {
		all[i] = observation("d1", uint64(i+1), at.Add(time.Duration(i)*time.Second), shelf.OK)
	}
	write(t, s, all[20:40]...)
	write(t, s, all[390:]...)
	write(t, s, slices.Concat(all[:300], all[290:], all[:5])...)
	equal(t, "messages", read(t, s, at, at.Add(time.Hour)), all)
	totals, err := s.Fleet(context.Background(), "t", at, at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "totals", totals, []series.Totals{{GTIN: "4006381333931", OK: n, Present: 2 * n, Due: 2 * n}})
}

func doubtfulAgain(t *testing.T, s Store) {
	at := noon()
	m := observation("d1", 1, at, shelf.OK)
	m.AtDoubtful = true
	write(t, s, m)
	later := m
	later.At = at.Add(7 * time.Second)
	write(t, s, later)
	twice := observation("d1", 2, at.Add(time.Minute), shelf.Low)
	twice.AtDoubtful = true
	later = twice
	later.At = later.At.Add(3 * time.Second)
	write(t, s, twice, m, later)
	m.AtDoubtful, twice.AtDoubtful = false, false // the store does not keep it
	equal(t, "messages", read(t, s, at, at.Add(time.Hour)), []series.Message{m, twice})
}

func bounds(t *testing.T, s Store) {
	at := noon()
	var all []series.Message
	for i := range 10 {
		all = append(all, observation("d1", uint64(i+1), at.Add(time.Duration(i)*time.Minute), shelf.OK))
	}
	write(t, s, all...)
	equal(t, "from ≤ t < to", read(t, s, at.Add(2*time.Minute), at.Add(5*time.Minute)), all[2:5])
	got, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: "d1", From: at, To: at.Add(time.Hour)}, 3)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "the latest three", got, all[7:])
	got, err = s.Messages(context.Background(), series.Range{Tenant: "other", Device: "d1", From: at, To: at.Add(time.Hour)}, 3)
	if err != nil || len(got) != 0 {
		t.Errorf("another tenant reads %v, %v", got, err)
	}
}

func fleet(t *testing.T, s Store) {
	at := noon()
	write(t, s, observation("d1", 1, at, shelf.OK, shelf.Empty), observation("d2", 1, at.Add(time.Minute), shelf.Low, shelf.Unknown),
		observation("d2", 2, at.Add(11*time.Minute), shelf.Foreign, shelf.Misplaced))
	got, err := s.Fleet(context.Background(), "t", at, at.Add(5*time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "one bucket", got, []series.Totals{
		{GTIN: "4006381333931", OK: 1, Low: 1, Present: 3, Due: 4}, {GTIN: "96385074", Empty: 1, Unknown: 1, Due: 3}})
	got, err = s.Fleet(context.Background(), "t", at.Add(12*time.Minute), at.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a touched bucket counts whole", got, []series.Totals{
		{GTIN: "4006381333931", Foreign: 1, Due: 2}, {GTIN: "96385074", Misplaced: 1, Due: 3}})
}

func hours(t *testing.T, s Store) {
	ctx, at := context.Background(), noon()
	write(t, s, observation("d1", 1, at.Add(time.Minute), shelf.OK, shelf.Empty), telemetryMessage(2, at.Add(2*time.Minute)),
		observation("d1", 3, at.Add(70*time.Minute), shelf.Low))
	want := []series.Rollup{
		{Start: at, Observations: 1, Totals: series.Totals{OK: 1, Empty: 1, Present: 2, Due: 5}, TempMin: -18250, TempMax: 4250, TempSum: -14000, TempCount: 2,
			DoorOpenings: 1, In: 3, Out: 2, Passing: 40},
		{Start: at.Add(time.Hour), Observations: 1, Totals: series.Totals{Low: 1, Present: 1, Due: 2}},
	}
	r := series.Range{Tenant: "t", Device: "d1", From: at.Add(30 * time.Minute), To: at.Add(90 * time.Minute)}
	for _, when := range []string{"before", "after"} {
		got, err := s.Hours(ctx, r)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, when, got, want)
		if err := s.Maintain(ctx, time.Now(), allBefore(at.Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
}

// allBefore is a retention that keeps nothing from before a time.
func allBefore(t time.Time) series.Retention { return series.Retention{Points: t, Hours: t, Days: t} }

// days checks that days are those of UTC, that a day that gets a late message is totalled anew, and that one
// that has not ended is totalled on the fly.
func days(t *testing.T, s Store) {
	ctx, midnight := context.Background(), time.Now().UTC().Truncate(series.Day).Add(-series.Day)
	write(t, s, observation("d1", 1, midnight.Add(-time.Minute), shelf.OK, shelf.Empty), observation("d1", 3, midnight.Add(90*time.Minute), shelf.Low),
		telemetryMessage(2, midnight.Add(2*time.Minute)))
	before := series.Rollup{Start: midnight.Add(-series.Day), Observations: 1, Totals: series.Totals{OK: 1, Empty: 1, Present: 2, Due: 5}}
	day := series.Rollup{Start: midnight, Observations: 1, Totals: series.Totals{Low: 1, Present: 1, Due: 2}, TempMin: -18250, TempMax: 4250, TempSum: -14000, TempCount: 2,
		DoorOpenings: 1, In: 3, Out: 2, Passing: 40}
	read := func(when string, want ...series.Rollup) {
		t.Helper()
		got, err := s.Days(ctx, series.Range{Tenant: "t", Device: "d1", From: midnight.Add(-time.Hour), To: midnight.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, when, got, want)
	}
	maintain := func() {
		t.Helper()
		if err := s.Maintain(ctx, time.Now(), allBefore(midnight.Add(-48*time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
	read("before", before, day)
	maintain()
	read("after", before, day)
	write(t, s, observation("d1", 4, midnight.Add(5*time.Hour), shelf.OK))
	day.Observations, day.Totals.OK, day.Totals.Present, day.Totals.Due = 2, 1, 3, 4
	read("late", before, day)
	maintain()
	read("late, after", before, day)
}

func dayRetention(t *testing.T, s Store) {
	ctx, midnight := context.Background(), time.Now().UTC().Truncate(series.Day).Add(-series.Day)
	write(t, s, observation("d1", 1, midnight.Add(time.Minute), shelf.OK), observation("d1", 2, midnight.Add(23*time.Hour), shelf.OK))
	want := []series.Rollup{{Start: midnight, Observations: 2, Totals: series.Totals{OK: 2, Present: 4, Due: 4}}}
	for range 2 {
		if err := s.Maintain(ctx, time.Now(), series.Retention{Points: midnight.Add(series.Day), Hours: midnight.Add(series.Day), Days: midnight}); err != nil {
			t.Fatal(err)
		}
		got, err := s.Days(ctx, series.Range{Tenant: "t", Device: "d1", From: midnight, To: midnight.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "days", got, want)
	}
	hours, err := s.Hours(ctx, series.Range{Tenant: "t", Device: "d1", From: midnight, To: midnight.Add(series.Day)})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "hours", hours, []series.Rollup{})
}

func lateHour(t *testing.T, s Store) {
	ctx, at := context.Background(), noon()
	write(t, s, observation("d1", 2, at.Add(time.Minute), shelf.OK))
	if err := s.Maintain(ctx, time.Now(), allBefore(at.Add(-time.Hour))); err != nil {
		t.Fatal(err)
	}
	write(t, s, observation("d1", 1, at, shelf.Empty))
	want := []series.Rollup{{Start: at, Observations: 2, Totals: series.Totals{OK: 1, Empty: 1, Present: 2, Due: 4}}}
	for _, when := range []string{"before", "after"} {
		got, err := s.Hours(ctx, series.Range{Tenant: "t", Device: "d1", From: at, To: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, when, got, want)
		if err := s.Maintain(ctx, time.Now(), allBefore(at.Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
	}
}

func retention(t *testing.T, s Store) {
	ctx, at := context.Background(), noon()
	old, young := observation("d1", 1, at, shelf.OK), observation("d1", 2, at.Add(2*time.Hour), shelf.OK)
	write(t, s, old, young)
	if err := s.Maintain(ctx, time.Now(), series.Retention{Points: at.Add(time.Hour), Hours: at.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	equal(t, "points", read(t, s, at, at.Add(5*time.Hour)), []series.Message{young})
	want := []series.Rollup{{Start: at, Observations: 1, Totals: series.Totals{OK: 1, Present: 2, Due: 2}}}
	hours := func(when string) {
		t.Helper()
		got, err := s.Hours(ctx, series.Range{Tenant: "t", Device: "d1", From: at, To: at.Add(time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, when, got, want)
	}
	hours("hours")
	write(t, s, observation("d1", 3, at.Add(time.Minute), shelf.Empty))
	hours("hours, at once after a point that came when the others were gone")
	if err := s.Maintain(ctx, time.Now(), series.Retention{Points: at.Add(time.Hour), Hours: at.Add(-time.Hour)}); err != nil {
		t.Fatal(err)
	}
	hours("hours, after a point that came when the others were gone, and housekeeping")
}
