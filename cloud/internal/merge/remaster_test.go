package merge_test

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

func (s *shop) masters(products []sales.Product, stores ...sales.Store) {
	s.t.Helper()
	if _, err := s.ledger.PutMasters(context.Background(), s.tenant, products, stores); err != nil {
		s.t.Fatal(err)
	}
}

// restated merges, and gives what is told of it.
func (s *shop) restated() []merge.Restatement {
	s.t.Helper()
	s.skipTold()
	told := s.told
	s.mergeAndHold("masters were changed")
	list, err := merge.Restatements(context.Background(), s.db, s.tenant, told, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

// TestAChangedMasterRestatesItsHoursAlone: opening hours and time zones, while the follower runs and while it stood still.
func TestAChangedMasterRestatesItsHoursAlone(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.day("s1")
		s.day("s2")
		s.sell("s1", "1", cola, 3, monday.Add(10*time.Hour))
		s.merge()
		one, two := s.hours("s1"), s.hours("s2")

		north := sales.Store{Store: "s1", Name: "North", TZ: "Europe/Berlin", Hours: "Mo-Su 08:00-20:00", Region: "north", Currency: "EUR"}
		north.Name = "North, now by another name"
		s.masters(nil, north)
		if done := s.merge(); done.Hours != 0 {
			t.Errorf("another name folded %d hours", done.Hours)
		}

		north.Hours = "Mo-Su 08:00-19:30" // Berlin is an hour ahead: 18:30 UTC
		s.masters(nil, north)
		told := s.restated()
		// On Tuesday nobody looked, but the cooler is due to be seen.
		if len(told) != 2 || told[0].Cause != "master" || told[0].Store != "s1" || !told[0].Hour.Equal(monday.Add(18*time.Hour)) || !told[1].Hour.Equal(monday.Add(42*time.Hour)) {
			t.Fatalf("a store that closes half an hour sooner: %+v", told)
		}
		if was, is := told[0].Before, told[0].After; was.OpenHours != 2 || is.OpenHours != 1 || was.Watched != 2 || is.Watched != 1 {
			t.Errorf("two products, before %+v, after %+v", was, is)
		}
		same(t, one, s.hours("s1"), "02 18h", "03 18h")
		same(t, two, s.hours("s2"))

		// A day of its own: 2 March from 10:00 to 12:00 local time only.
		north.Hours = "Mo-Su 08:00-19:30; 2026 Mar 2 10:00-12:00"
		s.masters(nil, north)
		// It was open from 7:00 to 18:30 UTC. Two of these twelve hours stay.
		if told := s.restated(); len(told) != 10 {
			t.Errorf("hours restated by a holiday: %d, want 10: %+v", len(told), told)
		}
		same(t, two, s.hours("s2"))

		// While nobody follows: another program takes it.
		north.Hours = "Mo-Su 08:00-20:00"
		s.masters(nil, north)
		s.follower = merge.NewFollower(merge.Config{DB: db, Series: s.points, Ledger: s.ledger, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
		if told := s.restated(); len(told) != 11 {
			t.Errorf("hours restated after the service stood still: %d, want 11", len(told))
		}
		same(t, one, s.hours("s1"))
		s.holdReplay("masters were changed")

		// A zone moves the hours of opening and the border of the days.
		north.TZ = "Asia/Shanghai" // 0:00 to 12:00 UTC
		s.masters(nil, north)
		s.restated()
		if c := s.cell("s1", monday.Add(12*time.Hour), cola); c.Open != 0 {
			t.Errorf("20:00 in Shanghai: %+v", c)
		}
		if c := s.cell("s1", monday.Add(11*time.Hour), cola); c.Open != 3_600_000 || c.Watched != 3_600_000 {
			t.Errorf("19:00 in Shanghai: %+v", c)
		}
		s.holdDays("s1", "Asia/Shanghai")
		same(t, two, s.hours("s2"))
		s.holdReplay("the zone was changed")

		north.TZ = "Europe/Berlin"
		s.masters(nil, north)
		s.restated()
		s.holdDays("s1", "Europe/Berlin")
		same(t, one, s.hours("s1"))
	}, tables()...)
}

// holdDays holds the sums of days to the hours of which they are, and to be all there is.
func (s *shop) holdDays(store, zone string) {
	s.t.Helper()
	at, err := time.LoadLocation(zone)
	if err != nil {
		s.t.Fatal(err)
	}
	sum := func(byHour bool) map[string]int64 {
		open := map[string]int64{}
		err := merge.Read(context.Background(), s.db, merge.Stretch{Tenant: s.tenant, From: monday.AddDate(0, 0, -3), To: monday.AddDate(0, 0, 9), ByHour: byHour, Stores: []string{store}},
			func(string) *time.Location { return at },
			func(_ string, h *merge.Hour, local time.Time) {
				if h.Open > 0 {
					open[local.Format("2006-01-02")] += h.Open
				}
			})
		if err != nil {
			s.t.Fatal(err)
		}
		return open
	}
	days, hours := sum(false), sum(true)
	for day := range hours {
		if days[day] != hours[day] {
			s.t.Errorf("%s in %s: open %d ms by day, %d by hour", day, zone, days[day], hours[day])
		}
	}
	if len(days) != len(hours) {
		s.t.Errorf("days %v, by hour %v", days, hours)
	}
}

// TestAChangedProductRestatesItsHoursAlone: its group, and its list price where nothing tells another.
func TestAChangedProductRestatesItsHoursAlone(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.now = monday.Add(16*24*time.Hour + time.Hour)
		list := func(price int64, group string) []sales.Product {
			return []sales.Product{{Product: shelf.Product{GTIN: lemon, Name: "Lemon", Brand: "B"}, Price: price, Cost: 60, Currency: "EUR", Group: group}}
		}
		s.masters(list(15_000, "soft"))
		// Two weeks of lemonade in s1; in s2 it is due and never sold, so that only the list knows its price.
		for d := range 14 {
			for at := 8 * time.Hour; at < 18*time.Hour; at += time.Hour {
				start := monday.AddDate(0, 0, d).Add(at)
				gone := 0
				if d%3 > 0 || at != 12*time.Hour {
					gone = 2
				}
				for _, store := range []string{"s1", "s2"} {
					s.look(store, start, 2, gone)
					s.look(store, start.Add(30*time.Minute), 2, gone)
				}
				s.sell("s1", "s1 "+start.String(), lemon, 1, start.Add(time.Minute))
				s.sell("s2", "s2 "+start.String(), cola, 1, start.Add(time.Minute))
			}
		}
		s.merge()
		if m, err := s.follower.Learn(context.Background(), s.tenant); err != nil || m == nil {
			t.Fatal(m, err)
		}
		if _, err := merge.Replay(context.Background(), db, s.tenant, monday, s.now); err != nil { // all by the same rates
			t.Fatal(err)
		}
		s.merge()
		lost := func() (hours int, units, money float64) {
			err := merge.Read(context.Background(), db, merge.Stretch{Tenant: s.tenant, From: monday, To: monday.AddDate(0, 0, 14), ByHour: true, Stores: []string{"s2"}},
				func(string) *time.Location { return time.UTC },
				func(_ string, h *merge.Hour, _ time.Time) {
					if c := h.Cell(lemon); c.LostUnits() > 0 {
						hours, units, money = hours+1, units+float64(c.LostUnits())/merge.Micro, money+float64(c.Loss)/1000
					}
				})
			if err != nil {
				t.Fatal(err)
			}
			return hours, units, money
		}
		hours, units, money := lost()
		if hours != 5 || math.Abs(money-15_000*units) > 1 {
			t.Fatalf("lost in %d hours %.3f units for %.3f, want 5 hours at the list price of 15000", hours, units, money)
		}
		s.masters(list(21_000, "soft"))
		told := s.restated()
		if len(told) != 5 {
			t.Fatalf("another list price restated %d hours, want 5: %+v", len(told), told)
		}
		for _, r := range told {
			if r.Store != "s2" || r.Cause != "master" || r.Before.LostUnits != r.After.LostUnits || r.Before.Currency != "EUR" ||
				math.Abs(float64(r.Before.LostMoney)*1.4-float64(r.After.LostMoney)) > 1.5 || r.After.LostMoney <= r.Before.LostMoney {
				t.Errorf("by another list price: %+v", r)
			}
		}
		if _, units, money := lost(); math.Abs(money-21_000*units) > 1 {
			t.Errorf("lost %.3f units for %.3f, want 21000 each", units, money)
		}
		s.holdReplay("a list price was changed")

		// The list price is in euros: a store in another currency loses units whose money nobody knows, and what it sold stays.
		stores, err := sales.ListStores(context.Background(), db, s.tenant)
		if err != nil {
			t.Fatal(err)
		}
		south := stores[slices.IndexFunc(stores, func(one sales.Store) bool { return one.Store == "s2" })]
		was := south.Currency
		for _, currency := range []string{"CNY", was} {
			south.Currency = currency
			s.masters(nil, south)
			told := s.restated()
			if len(told) != 5 {
				t.Fatalf("the currency %q restated %d hours, want 5: %+v", currency, len(told), told)
			}
			for _, r := range told {
				if r.Store != "s2" || r.Cause != "master" || r.Before.LostUnits != r.After.LostUnits || !maps.Equal(r.Before.Revenue, r.After.Revenue) || (r.After.LostMoney == 0) != (currency == "CNY") {
					t.Errorf("in %q: %+v", currency, r)
				}
			}
			s.holdReplay("a currency was changed")
		}
		if _, units, money := lost(); math.Abs(money-21_000*units) > 1 {
			t.Errorf("in its currency again it lost %.3f units for %.3f, want 21000 each", units, money)
		}

		// Out of the group it is missed by nobody else's customers, and alone where it is out.
		out := monday.Add(12 * time.Hour)
		if c := s.cell("s2", out, lemon); c.Alone != 0 {
			t.Errorf("cola stood beside it: %+v", c)
		}
		s.now = s.now.Add(time.Minute) // rates are learned anew
		s.masters(list(21_000, ""))
		told = s.restated()
		if len(told) != 10 {
			t.Errorf("leaving the group restated %d hours, want the 5 of each store: %+v", len(told), told)
		}
		if c := s.cell("s2", out, lemon); c.Alone != c.OutTime() || c.Alone == 0 {
			t.Errorf("it is alone: %+v", c)
		}
	}, tables()...)
}

// TestASaleOfAnHourWhoseLooksAreGone: what was seen stays.
func TestASaleOfAnHourWhoseLooksAreGone(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	s := newShop(t, db, "t")
	s.follower = merge.NewFollower(merge.Config{DB: db, Series: s.points, Ledger: s.ledger, Keep: 30 * 24 * time.Hour, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
	s.day("s1")
	at := monday.Add(10*time.Hour + 5*time.Minute)
	s.sell("s1", "1", cola, 3, at)
	s.merge()
	was := s.cell("s1", at.Truncate(time.Hour), cola)

	s.now = monday.AddDate(0, 0, 40)
	s.merge()
	if err := s.points.Maintain(context.Background(), s.now, series.Retention{Points: s.now.Add(-30 * 24 * time.Hour)}); err != nil {
		t.Fatal(err)
	}
	if left, err := s.points.Messages(context.Background(), series.Range{Tenant: "t", Device: "d-s1", From: monday, To: monday.AddDate(0, 0, 1)}, 10); err != nil || len(left) > 0 {
		t.Fatalf("looks are still there: %v, %v", left, err)
	}
	s.line("pos", "1", 2, "s1", cola, 5, at)
	told := s.restated()
	if len(told) != 1 || told[0].Before.Units != 3 || told[0].After.Units != 5 || told[0].After.Watched != told[0].Before.Watched {
		t.Errorf("%+v", told)
	}
	is := s.cell("s1", at.Truncate(time.Hour), cola)
	if is.Units() != 5 || is.Basis != 5 || is.Watched != was.Watched || is.OnShelf != was.OnShelf || is.Present != was.Present || was.Watched == 0 {
		t.Errorf("before %+v\nafter  %+v", was, is)
	}
	hours, err := merge.Books{DB: db, Zone: time.UTC}.StoreHours(context.Background(), "t", "s1", at.Truncate(time.Hour), at)
	if err != nil || len(hours) != 1 || hours[0].Receipts != 1 || hours[0].Coolers[0].Sold != 5*merge.Micro {
		t.Errorf("%+v, %v", hours, err)
	}
}
