package merge_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

const (
	cola  = shelf.GTIN("4006381333931")
	lemon = shelf.GTIN("5901234123457")
	water = shelf.GTIN("96385074") // under no camera
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// shop is a tenant's stores on real databases, with a clock of its own.
type shop struct {
	t        *testing.T
	db       *state.DB
	points   *embedded.Store
	ledger   *sales.Ledger
	follower *merge.Follower
	now      time.Time
	seq      uint64
	told     int64 // of the restatements: those up to here were read
	tenant   string
}

func tables() []state.Migrations {
	return []state.Migrations{sales.Tables, merge.Tables, promotion.Tables}
}

func newShop(t *testing.T, db *state.DB, tenant string) *shop {
	t.Helper()
	ctx := context.Background()
	s := &shop{t: t, db: db, now: monday.Add(48 * time.Hour), tenant: tenant}
	var err error
	if s.points, err = embedded.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "series.db")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.points.Close() })
	s.ledger = sales.NewLedger(db, func() time.Time { return s.now })
	s.follower = merge.NewFollower(merge.Config{DB: db, Series: s.points, Ledger: s.ledger, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
	_, err = s.ledger.PutMasters(ctx, tenant, []sales.Product{
		{Product: shelf.Product{GTIN: cola, Name: "Cola", Brand: "A", Own: true}, Price: 150, Cost: 90, Currency: "EUR", Group: "soft"},
		{Product: shelf.Product{GTIN: lemon, Name: "Lemon", Brand: "B"}, Price: 100, Cost: 60, Currency: "EUR", Group: "soft"},
		{Product: shelf.Product{GTIN: water, Name: "Water"}, Currency: "EUR"},
	}, []sales.Store{{Store: "s1", Name: "North", TZ: "Europe/Berlin", Hours: "Mo-Su 08:00-20:00", Region: "north", Currency: "EUR"}, {Store: "s2", Region: "south", Currency: "EUR"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// look stores one look of a store's cooler as the ingester would.
func (s *shop) look(store string, at time.Time, colaThere, lemonThere int) {
	s.t.Helper()
	s.seq++
	ctx := context.Background()
	slot := func(id string, g shelf.GTIN, n int) (shelf.SlotReading, series.SlotPoint) {
		state := shelf.OK
		switch {
		case n < 0:
			state = shelf.Unknown
		case n == 0:
			state = shelf.Empty
		}
		n = max(0, n)
		return shelf.SlotReading{SlotID: id, GTIN: g, State: state, Due: 2, Present: n}, series.SlotPoint{Slot: id, GTIN: g, State: state, Due: 2, Present: n}
	}
	r1, p1 := slot("A", cola, colaThere)
	r2, p2 := slot("B", lemon, lemonThere)
	id := wire.Identity{Tenant: s.tenant, Store: store, Device: "d-" + store}
	env := &wire.Envelope{Identity: id, Boot: 1, Seq: s.seq, CapturedAt: at, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: at, Slots: []shelf.SlotReading{r1, r2}}}}
	if err := s.points.Write(ctx, []series.Message{{Tenant: s.tenant, Store: store, Device: id.Device, Boot: 1, Seq: s.seq, At: at, Slots: []series.SlotPoint{p1, p2}}}); err != nil {
		s.t.Fatal(err)
	}
	err := s.db.Write(ctx, func(tx *state.Tx) error {
		return merge.Toucher{Now: func() time.Time { return s.now }}.Step(ctx, tx, env)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) sell(store, order string, g shelf.GTIN, units int64, at time.Time) {
	s.t.Helper()
	amount := units * 150
	v, err := s.ledger.Append(context.Background(), s.tenant, []sales.Draft{{Channel: "pos", Order: order, Line: "1", Store: store, GTIN: string(g),
		Quantity: &units, Amount: &amount, Currency: "EUR", SoldAt: at.Format(time.RFC3339)}})
	if err != nil || v[0].Status != sales.Stored {
		s.t.Fatalf("%+v, %v", v, err)
	}
}

// merge steps until nothing is left.
func (s *shop) merge() merge.Done {
	s.t.Helper()
	var all merge.Done
	for range 1000 {
		done, err := s.follower.Step(context.Background())
		if err != nil {
			s.t.Fatal(err)
		}
		if done.Hours == 0 {
			return all
		}
		all.Hours, all.Changed, all.Restated = all.Hours+done.Hours, all.Changed+done.Changed, all.Restated+done.Restated
	}
	s.t.Fatal("the follower does not come to an end")
	return all
}

// hours reads all merged hours of a store, as text by their start.
func (s *shop) hours(store string) map[string]string {
	s.t.Helper()
	out := map[string]string{}
	err := merge.Read(context.Background(), s.db, merge.Stretch{Tenant: s.tenant, From: monday.AddDate(0, 0, -1), To: monday.AddDate(0, 0, 9), ByHour: true},
		func(name string) *time.Location {
			if name != store {
				return nil
			}
			return time.UTC
		},
		func(_ string, h *merge.Hour, _ time.Time) { out[h.Start.Format("02 15h")] = fmt.Sprintf("%+v", *h) })
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *shop) cell(store string, hour time.Time, g shelf.GTIN) merge.Cell {
	s.t.Helper()
	var found *merge.Cell
	err := merge.Read(context.Background(), s.db, merge.Stretch{Tenant: s.tenant, From: hour, To: hour.Add(time.Hour), ByHour: true, Stores: []string{store}},
		func(string) *time.Location { return time.UTC },
		func(_ string, h *merge.Hour, _ time.Time) { found = h.Cell(g) })
	if err != nil || found == nil {
		s.t.Fatalf("hour %s of %s: %v", hour, store, err)
	}
	return *found
}

const quarter = 15 * time.Minute

// day fills a store's Monday: looks each quarter from 7:00 to 19:45 UTC, cola out from 12:00 to 14:00.
func (s *shop) day(store string) {
	for at := monday.Add(7 * time.Hour); at.Before(monday.Add(20 * time.Hour)); at = at.Add(quarter) {
		there := 2
		if h := at.Hour(); h == 12 || h == 13 {
			there = 0
		}
		s.look(store, at, there, 1)
	}
}

func TestAnHourOfFacts(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.day("s1")
		s.sell("s1", "1", cola, 3, monday.Add(10*time.Hour+20*time.Minute))
		s.sell("s1", "2", lemon, 1, monday.Add(12*time.Hour+5*time.Minute))
		s.merge()

		const minute = 60_000
		full := s.cell("s1", monday.Add(10*time.Hour), cola)
		if full.Open != 60*minute || full.Watched != 60*minute || full.OnShelf != 60*minute || full.Units() != 3 || full.Sales[0].Minor != 450 || full.Basis != 3 {
			t.Errorf("10:00: %+v", full)
		}
		if full.Present != 2*60*minute || full.Due != 2*60*minute || full.DueAll != 2*60*minute {
			t.Errorf("10:00, facings: %+v", full)
		}
		out := s.cell("s1", monday.Add(12*time.Hour), cola)
		if out.OutTime() != 60*minute || out.Out[merge.CauseUnknown] != 60*minute || out.Unrated != 60*minute {
			t.Errorf("12:00, without rates or books: %+v", out)
		}
		// 19:45 UTC is after closing at 20:00 in Berlin, which is 19:00 UTC in winter.
		if late := s.cell("s1", monday.Add(19*time.Hour), cola); late.Open != 0 || late.Watched != 0 {
			t.Errorf("after closing: %+v", late)
		}
	}, tables()...)
}

func TestALateFactRestatesItsHoursAlone(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.day("s1")
		s.day("s2")
		s.sell("s1", "1", cola, 3, monday.Add(10*time.Hour))
		if done := s.merge(); done.Restated != 0 || done.Changed == 0 {
			t.Fatalf("at first: %+v", done)
		}
		one, two := s.hours("s1"), s.hours("s2")

		s.sell("s1", "2", cola, 2, monday.Add(9*time.Hour+30*time.Minute))
		if done := s.merge(); done.Hours != 1 || done.Restated != 1 {
			t.Errorf("after a late sale: %+v, want one hour restated", done)
		}
		same(t, one, s.hours("s1"), "02 09h")
		same(t, two, s.hours("s2"))

		one = s.hours("s1")
		s.look("s1", monday.Add(12*time.Hour+50*time.Minute), 2, 1) // it was back earlier than we thought
		done := s.merge()
		if done.Hours != 2 || done.Restated != 1 {
			t.Errorf("after a late look: %+v, want two hours folded, one restated", done)
		}
		same(t, one, s.hours("s1"), "02 12h")

		// The same facts again change nothing.
		if n, err := merge.Replay(context.Background(), db, s.tenant, monday, monday.AddDate(0, 0, 1)); n == 0 || err != nil {
			t.Fatal(n, err)
		}
		if done := s.merge(); done.Hours == 0 || done.Changed != 0 {
			t.Errorf("a replay of the same facts: %+v", done)
		}
		told, err := merge.Restatements(context.Background(), db, s.tenant, 0, 10)
		if err != nil || len(told) != 2 {
			t.Fatalf("%+v, %v", told, err)
		}
		if r := told[0]; r.Cause != "sale" || !r.Hour.Equal(monday.Add(9*time.Hour)) || r.Before.Units != 0 || r.After.Units != 2 {
			t.Errorf("first restatement: %+v", r)
		}
		if r := told[1]; r.Cause != "look" || r.Before.OutHours != 1 || r.After.OutHours <= 0.8 || r.After.OutHours >= 0.9 {
			t.Errorf("second restatement: %+v", r)
		}
	}, tables()...)
}

// same holds hours to what they were, but for those named.
func same(t *testing.T, before, after map[string]string, but ...string) {
	t.Helper()
	for hour, is := range after {
		changed := slices.Contains(but, hour)
		if (is != before[hour]) != changed {
			t.Errorf("hour %s: changed %v, want %v\nbefore %s\nafter  %s", hour, !changed, changed, before[hour], is)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d hours, were %d", len(after), len(before))
	}
}

func TestAnyOrderOfArrivalGivesTheSameHours(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	var first map[string]string
	for seed := range uint64(4) {
		s := newShop(t, db, fmt.Sprintf("t%d", seed))
		type fact func()
		var facts []fact
		for at := monday.Add(7 * time.Hour); at.Before(monday.Add(20 * time.Hour)); at = at.Add(quarter) {
			there := 2 - at.Hour()%3
			facts = append(facts, func() { s.look("s1", at, there, 1) })
		}
		for i := range 30 {
			at := monday.Add(8*time.Hour + time.Duration(i)*20*time.Minute)
			facts = append(facts, func() { s.sell("s1", fmt.Sprint(i), cola, int64(1+i%3), at) })
		}
		if seed > 0 {
			rng := rand.New(rand.NewPCG(seed, 1))
			rng.Shuffle(len(facts), func(i, j int) { facts[i], facts[j] = facts[j], facts[i] })
		}
		for i, f := range facts {
			f()
			if i%17 == 3 {
				s.merge()
			}
		}
		s.merge()
		if got := s.hours("s1"); first == nil {
			first = got
		} else {
			same(t, first, got)
		}
	}
	if len(first) < 10 {
		t.Errorf("%d hours were merged", len(first))
	}
}

func TestADarkCoolerLowersTheCoverage(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	s := newShop(t, db, "t")
	s.now = monday.Add(20 * time.Hour)
	s.day("s2") // open always
	s.merge()
	s.now = monday.Add(30 * time.Hour)
	s.merge()
	c := s.cell("s2", monday.Add(26*time.Hour), cola)
	if c.Open != 3_600_000 || c.Watched != 0 || c.OutTime() != 0 {
		t.Errorf("an hour in which nobody looked: %+v", c)
	}
}

// TestMarkRisesWithWhatChanged: by it a page knows when to read KPIs again.
func TestMarkRisesWithWhatChanged(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "marked")
		mark := func() int64 {
			t.Helper()
			marks, err := merge.Marks(context.Background(), db)
			if err != nil {
				t.Fatal(err)
			}
			return marks["marked"]
		}
		at := monday.Add(10 * time.Hour)
		s.look("s1", at, 2, 2)
		s.merge()
		first := mark()
		if first == 0 {
			t.Fatal("a first hour raised no mark")
		}
		if _, err := merge.Replay(context.Background(), db, "marked", monday, at.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if done := s.merge(); done.Hours == 0 || done.Changed != 0 {
			t.Fatalf("folding the same facts again: %+v", done)
		}
		if got := mark(); got != first {
			t.Errorf("hours that stayed the same moved the mark from %d to %d", first, got)
		}
		s.look("s1", at.Add(time.Minute), 0, 2)
		s.merge()
		if got := mark(); got <= first {
			t.Errorf("an hour that changed left the mark at %d", got)
		}
	}, tables()...)
}

// TestReceiptsCountWherePeopleWereCounted: those of the time in which nobody counted are told apart.
func TestReceiptsCountWherePeopleWereCounted(t *testing.T) {
	s := newShop(t, statetest.SQLite(t, tables()...), "t")
	noon := monday.Add(12 * time.Hour)
	people := func(from, to time.Duration, in int) {
		s.report("s2", "d-s2", noon.Add(to), telemetry.Footfall{Line: "door", From: noon.Add(from), To: noon.Add(to), In: in}, false)
	}
	people(-10*time.Minute, 10*time.Minute, 3) // its people are those of the hour before
	people(20*time.Minute, 40*time.Minute, 5)
	people(30*time.Minute, 50*time.Minute, 2) // another line at the same time
	for minute := 5; minute < 60; minute += 10 {
		s.sell("s2", fmt.Sprint(minute), cola, 1, noon.Add(time.Duration(minute)*time.Minute))
	}
	s.merge()
	hours, err := merge.Books{DB: s.db, Zone: time.UTC}.StoreHours(context.Background(), s.tenant, "s2", noon, noon.Add(time.Hour))
	if err != nil || len(hours) != 1 {
		t.Fatalf("%+v, %v", hours, err)
	}
	if h := hours[0]; h.In != 7 || h.Receipts != 6 || h.CountedReceipts != 4 || h.Counted != 40*60_000 {
		t.Errorf("in %d, receipts %d, of them counted %d, in %d minutes; want 7, 6, 4 and 40", h.In, h.Receipts, h.CountedReceipts, h.Counted/60_000)
	}
}
