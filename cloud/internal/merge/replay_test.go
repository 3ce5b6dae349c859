package merge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// fact is one thing that somebody tells, and when it was so.
type fact struct {
	at   time.Time
	name string
	tell func(s *shop)
}

// randomDay is a Monday of two stores in which everything happens that the merge is told of: looks of three coolers, one
// of which goes dark, gets another planogram and is moved to the other store; people and doors; sales of two
// channels, corrected, cancelled, moved to another hour and store, and refunded; counts, deliveries, transfers and
// waste, some at the stroke of an hour.
func randomDay(seed uint64) []fact {
	rng := rand.New(rand.NewPCG(seed, 7))
	var day []fact
	add := func(at time.Time, name string, tell func(s *shop)) { day = append(day, fact{at, name, tell}) }
	anywhen := func() time.Time { return monday.Add(8*time.Hour + time.Duration(rng.IntN(11*60))*time.Minute) }
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	product := func() shelf.GTIN { return []shelf.GTIN{cola, lemon, water}[rng.IntN(3)] }

	moved, swapped := anywhen(), anywhen()
	for _, device := range []string{"d-s1", "d-s2", "d-3"} {
		blind := anywhen()
		for at := monday.Add(7*time.Hour + time.Duration(rng.IntN(10))*time.Minute); at.Before(monday.Add(20 * time.Hour)); at = at.Add(2 * quarter) {
			if at.After(blind) && at.Before(blind.Add(2*time.Hour+40*time.Minute)) {
				continue
			}
			store := map[string]string{"d-s1": "s1", "d-s2": "s2", "d-3": "s1"}[device]
			second := lemon
			if device == "d-3" && at.After(moved) {
				store = "s2"
			}
			if device == "d-s1" && at.After(swapped) {
				second = water
			}
			slots := []series.SlotPoint{slotOf("A", cola, rng.IntN(4)-1), slotOf("B", second, rng.IntN(4)-1)}
			add(at, "look of "+device, func(s *shop) { s.observe(store, device, at, slots) })
		}
	}
	for i := range 12 {
		at, store := anywhen(), pick("s1", "s2")
		in := rng.IntN(9)
		add(at, "people", func(s *shop) {
			s.report(store, "d-"+store, at, telemetry.Footfall{Line: "door", From: at.Add(-10 * time.Minute), To: at, In: in}, i%2 == 0)
		})
	}
	for i := range 40 {
		at, store, g, units := anywhen(), pick("s1", "s1", "s2"), product(), int64(1+rng.IntN(3))
		order := fmt.Sprint("o", i)
		channel := pick("pos", "pos", "web")
		line := func(revision int64, store string, g shelf.GTIN, units int64, at time.Time) func(s *shop) {
			return func(s *shop) { s.line(channel, order, revision, store, g, units, at) }
		}
		add(at, "sale "+order, line(1, store, g, units, at))
		later := at.Add(time.Duration(rng.IntN(300)) * time.Minute)
		switch rng.IntN(8) {
		case 0:
			add(later, "correction of "+order, line(2, store, g, units+2, at))
		case 1:
			add(later, "cancellation of "+order, line(2, store, g, 0, at))
		case 2:
			add(later, "another hour of "+order, line(2, store, g, units, at.Add(-70*time.Minute)))
		case 3:
			add(later, "another store of "+order, line(2, pick("s1", "s2"), product(), units, at))
			add(later.Add(time.Minute), "and back "+order, line(3, store, g, units, at))
		case 4:
			restocked := rng.IntN(2) == 0
			add(later, "refund of "+order, func(s *shop) { s.refund(channel, order, store, g, later, restocked) })
		}
	}
	for i := range 18 {
		at, store, g := anywhen(), pick("s1", "s2"), product()
		if i%3 == 0 {
			at = at.Truncate(time.Hour)
		}
		cause := []sales.Cause{sales.Count, sales.Delivery, sales.TransferOut, sales.Waste, sales.TransferIn}[rng.IntN(5)]
		units := int64(1 + rng.IntN(4))
		switch cause {
		case sales.Count:
			units = int64(rng.IntN(4))
		case sales.TransferOut, sales.Waste:
			units = -units
		}
		add(at, string(cause), func(s *shop) { s.enter(fmt.Sprint("m", i), cause, store, g, units, at) })
	}
	slices.SortStableFunc(day, func(a, b fact) int { return a.at.Compare(b.at) })
	return day
}

func slotOf(id string, g shelf.GTIN, n int) series.SlotPoint {
	p := series.SlotPoint{Slot: id, GTIN: g, State: shelf.OK, Due: 2, Present: max(0, n)}
	switch {
	case n < 0:
		p.State = shelf.Unknown
	case n == 0:
		p.State = shelf.Empty
	}
	return p
}

// observe stores one look as the ingester would.
func (s *shop) observe(store, device string, at time.Time, slots []series.SlotPoint) {
	s.t.Helper()
	var body wire.Observation
	body.CapturedAt = at
	for _, p := range slots {
		body.Slots = append(body.Slots, shelf.SlotReading{SlotID: p.Slot, GTIN: p.GTIN, State: p.State, Due: p.Due, Present: p.Present})
	}
	s.ingest(series.Message{Store: store, Device: device, At: at, Slots: slots}, &body)
}

// report stores what sensors told.
func (s *shop) report(store, device string, at time.Time, people telemetry.Footfall, door bool) {
	s.t.Helper()
	m, body := series.Message{Store: store, Device: device, At: at, Footfall: []telemetry.Footfall{people}}, wire.Telemetry{Footfall: []telemetry.Footfall{people}}
	if door {
		m.Doors = []telemetry.DoorEvent{{At: at.Add(-2 * time.Minute), Open: true}, {At: at.Add(-time.Minute)}}
		body.Doors = m.Doors
	}
	s.ingest(m, &body)
}

func (s *shop) ingest(m series.Message, body wire.Body) {
	s.t.Helper()
	s.seq++
	ctx := context.Background()
	m.Tenant, m.Boot, m.Seq = s.tenant, 1, s.seq
	env := &wire.Envelope{Identity: wire.Identity{Tenant: s.tenant, Store: m.Store, Device: m.Device}, Boot: 1, Seq: s.seq, CapturedAt: m.At, Clock: telemetry.NTP, Body: body}
	err := s.points.Write(ctx, []series.Message{m})
	if err == nil {
		err = s.db.Write(ctx, func(tx *state.Tx) error {
			return merge.Toucher{Now: func() time.Time { return s.now }}.Step(ctx, tx, env)
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) append(d sales.Draft) {
	s.t.Helper()
	v, err := s.ledger.Append(context.Background(), s.tenant, []sales.Draft{d})
	if err != nil || v[0].Status == sales.Rejected {
		s.t.Fatalf("%+v: %+v, %v", d, v, err)
	}
}

func (s *shop) line(channel, order string, revision int64, store string, g shelf.GTIN, units int64, at time.Time) {
	s.t.Helper()
	amount := units * 150
	s.append(sales.Draft{Channel: channel, Order: order, Line: "1", Revision: revision, Store: store, GTIN: string(g), Quantity: &units, Amount: &amount, Currency: "EUR", SoldAt: at.Format(time.RFC3339)})
}

// refund takes back one unit.
func (s *shop) refund(channel, order, store string, g shelf.GTIN, at time.Time, restocked bool) {
	s.t.Helper()
	one, amount := int64(-1), int64(-150)
	s.append(sales.Draft{Channel: channel, Order: order + "-back", Line: "1", Store: store, GTIN: string(g), Quantity: &one, Amount: &amount, Currency: "EUR",
		SoldAt: at.Format(time.RFC3339), RefundOf: &sales.Ref{Order: order, Line: "1"}, Restocked: restocked})
}

func (s *shop) enter(id string, cause sales.Cause, store string, g shelf.GTIN, units int64, at time.Time) {
	s.t.Helper()
	v, err := s.ledger.Move(context.Background(), s.tenant, []sales.Movement{{ID: id, Store: store, GTIN: g, Cause: cause, Units: units, At: at}})
	if err != nil || v[0].Status != sales.Stored {
		s.t.Fatalf("%+v, %v", v, err)
	}
}

// all reads every stored hour in which there is anything, as text by store and start.
func (s *shop) all() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, store := range []string{"s1", "s2"} {
		for hour, text := range s.hours(store) {
			if !strings.Contains(text, "Cells:[] Coolers:[]") {
				out[store+" "+hour] = text
			}
		}
	}
	return out
}

// closed lists the hours that are closed, as all names them.
func (s *shop) closed() map[string]bool {
	s.t.Helper()
	out := map[string]bool{}
	for _, store := range []string{"s1", "s2"} {
		hours, err := merge.Books{DB: s.db, Zone: time.UTC}.StoreHours(context.Background(), s.tenant, store, monday.AddDate(0, 0, -1), monday.AddDate(0, 0, 9))
		if err != nil {
			s.t.Fatal(err)
		}
		for _, h := range hours {
			out[store+" "+h.Start.Format("02 15h")] = h.Closed
		}
	}
	return out
}

// mergeAndHold merges, and holds what became different of closed hours to what is said of it.
func (s *shop) mergeAndHold(what string) {
	s.t.Helper()
	before, closed, said := s.all(), s.closed(), s.told
	s.merge()
	after := s.all()
	told := map[string]bool{}
	list, err := merge.Restatements(context.Background(), s.db, s.tenant, said, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range list {
		s.told = r.ID
		told[r.Store+" "+r.Hour.Format("02 15h")] = true
		if was, _ := json.Marshal(r.Before); r.Cause == "" || string(was) == "{}" {
			s.t.Errorf("restatement %+v", r)
		}
	}
	for hour, is := range after {
		if restated := closed[hour] && before[hour] != is; restated != told[hour] {
			s.t.Errorf("after %s: %s of %s: restated %v, told %v\nbefore %s\nafter  %s", what, hour, s.tenant, restated, told[hour], before[hour], is)
		}
	}
}

// holdReplay replays everything and holds it to what was there.
func (s *shop) holdReplay(what string) {
	s.t.Helper()
	before := s.all()
	if n, err := merge.Replay(context.Background(), s.db, s.tenant, monday.AddDate(0, 0, -1), monday.AddDate(0, 0, 3)); n == 0 || err != nil {
		s.t.Fatal(n, err)
	}
	s.merge()
	sameHours(s.t, "a replay after "+what, before, s.all())
}

func sameHours(t *testing.T, what string, want, got map[string]string) {
	t.Helper()
	for _, hour := range slices.Sorted(maps.Keys(want)) {
		if got[hour] != want[hour] {
			t.Errorf("%s: hour %s\nis   %s\nwant %s", what, hour, got[hour], want[hour])
		}
	}
	for hour := range got {
		if want[hour] == "" {
			t.Errorf("%s: hour %s is there and should not be: %s", what, hour, got[hour])
		}
	}
}

// live tells facts as they happen and merges along the way.
func (s *shop) live(day []fact) {
	for i, f := range day {
		for s.now.Before(f.at) { // hours are closed one by one
			s.now = s.now.Add(min(f.at.Sub(s.now), time.Hour))
			s.merge()
		}
		f.tell(s)
		if i%30 == 0 {
			s.merge()
		}
	}
	s.settle()
}

// settle lets the rest of the day and the next pass.
func (s *shop) settle() {
	for end := monday.Add(48*time.Hour + 6*time.Minute); s.now.Before(end); {
		s.now = s.now.Add(min(time.Hour, end.Sub(s.now)))
		s.merge()
	}
}

// TestADayInAnyOrder: a random day gives the same hours told live, told afterwards in any order, and told with some of it
// late; every closed hour that comes out different is told, and no other is; and a replay changes nothing.
func TestADayInAnyOrder(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		seeds := uint64(2)
		if db.Postgres() {
			seeds = 1
		}
		for seed := range seeds {
			rng := rand.New(rand.NewPCG(seed, 8))
			day := randomDay(seed)
			live := newShop(t, db, fmt.Sprint("live", seed))
			live.now = monday.Add(6 * time.Hour)
			live.live(day)
			want := live.all()
			if len(want) < 60 {
				t.Fatalf("a day of %d hours", len(want))
			}
			live.holdReplay("a live day")

			after := newShop(t, db, fmt.Sprint("after", seed))
			after.now = live.now
			shuffled := slices.Clone(day)
			rng.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			for i, f := range shuffled {
				f.tell(after)
				if i%25 == 0 {
					after.mergeAndHold(f.name)
				}
			}
			after.mergeAndHold("all")
			sameHours(t, "told afterwards", want, after.all())

			late := newShop(t, db, fmt.Sprint("late", seed))
			late.now = monday.Add(6 * time.Hour)
			delayed := slices.Clone(day)
			for i := range delayed {
				switch rng.IntN(4) {
				case 0:
					delayed[i].at = delayed[i].at.Add(time.Duration(rng.IntN(90)) * time.Minute)
				case 1:
					delayed[i].at = delayed[i].at.Add(time.Duration(rng.IntN(24)) * time.Hour)
				}
			}
			slices.SortStableFunc(delayed, func(a, b fact) int { return a.at.Compare(b.at) })
			for i, f := range delayed {
				for late.now.Before(f.at) {
					late.now = late.now.Add(min(f.at.Sub(late.now), time.Hour))
					late.merge()
				}
				f.tell(late)
				if i%6 == 0 {
					late.skipTold()
					late.mergeAndHold(f.name)
				}
			}
			late.settle()
			sameHours(t, "told late", want, late.all())
			late.holdReplay("a late day")
			if t.Failed() {
				return
			}
		}
	}, tables()...)
}

// skipTold goes past what was told so far.
func (s *shop) skipTold() {
	s.t.Helper()
	list, err := merge.Restatements(context.Background(), s.db, s.tenant, s.told, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	for _, r := range list {
		s.told = r.ID
	}
}
