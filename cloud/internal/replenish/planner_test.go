package replenish_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// TestAnOrderFromForecastToOutcome learns rates from a made-up shop, plans, decides, sends to a real
// HTTP server that fails at first, and closes the cycle.
func TestAnOrderFromForecastToOutcome(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		now, clock, ledger := learned(t, db)

		var got []replenish.Order
		down := true
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			wh, err := standardwebhooks.NewWebhook(secret)
			if err == nil {
				err = wh.VerifyIgnoringTimestamp(body, r.Header)
			}
			var o replenish.Order
			if err := errors.Join(err, json.Unmarshal(body, &o)); err != nil {
				t.Errorf("%v: %s", err, body)
			}
			if down {
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			got = append(got, o)
		}))
		defer server.Close()
		err := db.Write(ctx, func(tx *state.Tx) error {
			return replenish.PutOrdering(ctx, tx, "t", replenish.Ordering{URL: server.URL, Secret: secret})
		})
		if err != nil {
			t.Fatal(err)
		}
		p := replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Client: server.Client(), Now: clock, Log: slog.New(slog.DiscardHandler)})
		step := func() {
			t.Helper()
			if err := p.Step(ctx); err != nil {
				t.Fatal(err)
			}
		}
		one := func() replenish.Suggestion {
			t.Helper()
			list, err := replenish.List(ctx, db, "t", replenish.Filter{Limit: 10})
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v: want the one product whose stock is known", list, err)
			}
			return list[0]
		}
		step()
		s := one()
		if s.Status != replenish.Suggested || s.Pack != 12 || s.Cases < 1 || s.GainMinor <= 0 || s.Currency != "EUR" || s.StockSource != "book" || s.Demand.Mean <= 0 {
			t.Fatalf("suggested: %+v", s)
		}
		cases := s.Cases + 1
		if _, err := replenish.Decide(ctx, db, "t", s.ID, replenish.Word{Action: "change", Cases: &cases, By: "Ann"}); err != nil {
			t.Fatal(err)
		}
		step()
		if s := one(); s.Status != replenish.Approved || s.Cases != cases || s.Fault != "status 503" {
			t.Fatalf("while the ordering system is down: %+v", s)
		}
		down = false
		step()
		step()
		if s := one(); s.Status != replenish.Sent || s.Fault != "" || s.SentAt == nil {
			t.Fatalf("sent: %+v", s)
		}
		if len(got) != 1 || got[0].ID != s.ID || got[0].Quantity != cases || got[0].Units != 12*cases || got[0].By != "Ann" {
			t.Fatalf("posted: %+v", got)
		}
		if _, err := replenish.Decide(ctx, db, "t", s.ID, replenish.Word{Action: "pause"}); !errors.Is(err, replenish.ErrDecided) {
			t.Errorf("pausing what was sent: %v", err)
		}
		*now = s.Next.Add(2 * time.Hour)
		if err := p.Close(ctx, "t"); err != nil {
			t.Fatal(err)
		}
		list, err := replenish.List(ctx, db, "t", replenish.Filter{Statuses: []replenish.Status{replenish.Sent}, Limit: 10})
		if err != nil || len(list) != 1 || list[0].Outcome == nil || list[0].Outcome.Sold != 0 {
			t.Errorf("after the cycle: %+v, %v", list, err)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

// learned has rates of a made-up shop of two stores and three products, and one unit of one of them.
func learned(t *testing.T, db *state.DB) (*time.Time, func() time.Time, *sales.Ledger) {
	t.Helper()
	return learnedWith(t, db, func(int, *market.Hour) {})
}

// learnedWith is that of a shop in which something more happens.
func learnedWith(t *testing.T, db *state.DB, more func(store int, h *market.Hour)) (*time.Time, func() time.Time, *sales.Ledger) {
	t.Helper()
	ctx := context.Background()
	w := market.Default()
	w.Stores, w.Products = 2, 3
	start := w.Start.AddDate(0, 0, 14)
	now := &start
	clock := func() time.Time { return *now }
	ledger := sales.NewLedger(db, clock)
	masters(t, ledger, &w)
	follower := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	for s := range w.Stores {
		var past []*merge.Hour
		w.Run(s, 14, func(h *market.Hour) {
			more(s, h)
			past = append(past, merge.Fold(&h.Facts, nil))
		})
		if err := merge.Put(ctx, db, "t", market.StoreName(s), time.UTC, past...); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := follower.Learn(ctx, "t"); err != nil || m == nil || m.Rates != 6 {
		t.Fatalf("%+v, %v", m, err)
	}
	count := []sales.Movement{{ID: "c1", Store: market.StoreName(0), GTIN: market.GTIN(0), Cause: sales.Count, Units: 1, At: start.Add(-time.Hour)}}
	if v, err := ledger.Move(ctx, "t", count); err != nil || v[0].Status != sales.Stored {
		t.Fatalf("%+v, %v", v, err)
	}
	return now, clock, ledger
}

// TestWhatWasOrderedIsNotOrderedAgain: the next delivery is planned with what comes by the one before.
func TestWhatWasOrderedIsNotOrderedAgain(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		now, clock, ledger := learned(t, db)
		p := replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Client: http.DefaultClient, Now: clock, Log: slog.New(slog.DiscardHandler)})
		plan := func(of replenish.Status) []replenish.Suggestion {
			t.Helper()
			if err := p.Step(ctx); err != nil {
				t.Fatal(err)
			}
			list, err := replenish.List(ctx, db, "t", replenish.Filter{Statuses: []replenish.Status{of}, Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		first := plan(replenish.Suggested)
		if len(first) != 1 {
			t.Fatalf("suggested %+v", first)
		}
		plenty := int64(1000)
		if _, err := replenish.Decide(ctx, db, "t", first[0].ID, replenish.Word{Action: "change", Cases: &plenty}); err != nil {
			t.Fatal(err)
		}
		*now = first[0].OrderBy.Add(time.Minute)
		if list := plan(replenish.Suggested); len(list) != 0 {
			t.Errorf("12,000 come, and yet it is suggested: %+v", list)
		}
		*now = first[0].Delivery.Add(9 * time.Hour) // nobody has booked it yet
		if list := plan(replenish.Suggested); len(list) != 0 {
			t.Errorf("12,000 have come, and yet it is suggested: %+v", list)
		}
		count := []sales.Movement{{ID: "c2", Store: first[0].Store, GTIN: first[0].GTIN, Cause: sales.Count, Units: 1, At: *now}}
		if v, err := ledger.Move(ctx, "t", count); err != nil || v[0].Status != sales.Stored {
			t.Fatalf("%+v, %v", v, err)
		}
		if list := plan(replenish.Suggested); len(list) != 1 || list[0].Arrival > 1 {
			t.Errorf("a count after the delivery found one: %+v", list)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

// TestAnOldOrderIsNeverSent: an order that was approved before there was an ordering system.
func TestAnOldOrderIsNeverSent(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		now, clock, ledger := learned(t, db)
		posted := 0
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posted++ }))
		defer server.Close()
		p := replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Client: server.Client(), Now: clock, Log: slog.New(slog.DiscardHandler)})
		if err := p.Plan(ctx, "t"); err != nil {
			t.Fatal(err)
		}
		list, err := replenish.List(ctx, db, "t", replenish.Filter{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		if _, err := replenish.Decide(ctx, db, "t", list[0].ID, replenish.Word{Action: "approve"}); err != nil {
			t.Fatal(err)
		}
		err = db.Write(ctx, func(tx *state.Tx) error {
			return replenish.PutOrdering(ctx, tx, "t", replenish.Ordering{URL: server.URL, Secret: secret})
		})
		if err != nil {
			t.Fatal(err)
		}
		*now = now.AddDate(0, 0, 60)
		if err := p.Send(ctx, "t"); err != nil {
			t.Fatal(err)
		}
		list, err = replenish.List(ctx, db, "t", replenish.Filter{Statuses: []replenish.Status{replenish.Expired}, Limit: 10})
		if err != nil || len(list) != 1 || list[0].Fault == "" || posted != 0 {
			t.Errorf("%d posted, expired %+v, %v", posted, list, err)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

func masters(t *testing.T, ledger *sales.Ledger, w *market.World) {
	t.Helper()
	var products []sales.Product
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}, Price: 150, Cost: 40, Currency: "EUR"})
	}
	products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(100), Own: true}, Contains: &sales.Pack{GTIN: market.GTIN(0), Count: 12}})
	var stores []sales.Store
	for s := range w.Stores {
		stores = append(stores, sales.Store{Store: market.StoreName(s), TZ: "UTC", Hours: market.Hours, Currency: "EUR"})
	}
	if _, err := ledger.PutMasters(context.Background(), "t", products, stores); err != nil {
		t.Fatal(err)
	}
}

// TestOrdersCoverWhatAStorePicks: online orders that a store picks are wanted of it besides what customers take.
func TestOrdersCoverWhatAStorePicks(t *testing.T) {
	plan := func(online int64) replenish.Suggestion {
		t.Helper()
		db := statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
		_, clock, ledger := learnedWith(t, db, func(store int, h *market.Hour) {
			if store == 0 && h.Facts.Start.Hour()%12 == 3 { // in the night, too
				h.Facts.Sold = append(h.Facts.Sold, merge.Sold{Channel: "web", Order: h.Facts.Start.String(), GTIN: market.GTIN(0), Units: online, Minor: 150 * online, Currency: "EUR"})
			}
		})
		p := replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
		if err := p.Plan(context.Background(), "t"); err != nil {
			t.Fatal(err)
		}
		list, err := replenish.List(context.Background(), db, "t", replenish.Filter{Limit: 10})
		if err != nil || len(list) != 1 {
			t.Fatalf("%+v, %v", list, err)
		}
		return list[0]
	}
	without, with := plan(0), plan(10)
	days := with.Next.Sub(with.Delivery).Hours() / 24
	if without.Demand.Online != 0 || math.Abs(with.Demand.Online-20*days) > 0.2 {
		t.Errorf("online %v and %v in %v days, want none, and 20 a day", without.Demand.Online, with.Demand.Online, days)
	}
	if more := with.Demand.Mean - without.Demand.Mean; math.Abs(more-with.Demand.Online) > 0.2 {
		t.Errorf("the demand is %v more, want what is picked online: %v", more, with.Demand.Online)
	}
	if with.Advice <= without.Advice && !with.Capped {
		t.Errorf("suggested %d packs, without online orders %d", with.Advice, without.Advice)
	}
}

// TestPicksAreOfTheStoreThatHeldTheGoods: a line of one store whose goods another one held is a pick of the latter.
func TestPicksAreOfTheStoreThatHeldTheGoods(t *testing.T) {
	db := statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
	ctx := context.Background()
	now, clock, ledger := learned(t, db)
	here, there, units := market.StoreName(0), market.StoreName(1), int64(28)
	count := []sales.Movement{{ID: "c2", Store: here, GTIN: market.GTIN(0), Cause: sales.Count, Units: units, At: now.Add(-30 * time.Minute)}}
	if v, err := ledger.Move(ctx, "t", count); err != nil || v[0].Status != sales.Stored {
		t.Fatalf("%+v, %v", v, err)
	}
	name := sales.OrderName{Channel: "web", Order: "o"}
	err := ledger.AtCounter(ctx, "t", []sales.OrderName{name}, []shelf.GTIN{market.GTIN(0)}, func(c *sales.Counter) error {
		return c.Reserve(&sales.Reservation{Channel: "web", Order: "o", Status: sales.Held, ExpiresAt: now.Add(time.Hour), Holds: []sales.Hold{{Store: here, GTIN: market.GTIN(0), Units: units}}})
	})
	if err != nil {
		t.Fatal(err)
	}
	amount := 150 * units
	v, err := ledger.Append(ctx, "t", []sales.Draft{{Channel: "web", Order: "o", Line: "1", Store: there, GTIN: string(market.GTIN(0)), Quantity: &units, Amount: &amount, Currency: "EUR", SoldAt: now.Add(-time.Minute).Format(time.RFC3339)}})
	if err != nil || v[0].Status != sales.Stored {
		t.Fatalf("%+v, %v", v, err)
	}
	follower := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	*now = now.Add(time.Minute)
	if _, err := follower.Learn(ctx, "t"); err != nil {
		t.Fatal(err)
	}
	p := replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	if err := p.Plan(ctx, "t"); err != nil {
		t.Fatal(err)
	}
	list, err := replenish.List(ctx, db, "t", replenish.Filter{Stores: []string{here}, Limit: 10})
	if err != nil || len(list) != 1 {
		t.Fatalf("%+v, %v", list, err)
	}
	days := list[0].Next.Sub(list[0].Delivery).Hours() / 24
	if got := list[0].Demand.Online; math.Abs(got-2*days) > 0.11 {
		t.Errorf("online %v in %v days, want 28 units in two weeks", got, days)
	}
}

// shop is a learned shop with a planner and one suggestion.
type shop struct {
	db      *state.DB
	now     *time.Time
	planner *replenish.Planner
	posts   func() int // how many orders the ordering system was posted
}

// open has an ordering system that answers with a status; 0: it hangs up.
func open(t *testing.T, db *state.DB, status int) *shop {
	t.Helper()
	now, clock, ledger := learned(t, db)
	var mu sync.Mutex
	posted := 0
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		posted++
		mu.Unlock()
		if status == 0 {
			panic(http.ErrAbortHandler)
		}
		rw.WriteHeader(status)
	}))
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	err := db.Write(context.Background(), func(tx *state.Tx) error {
		return replenish.PutOrdering(context.Background(), tx, "t", replenish.Ordering{URL: server.URL, Secret: secret})
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &shop{db: db, now: now, posts: func() int { mu.Lock(); defer mu.Unlock(); return posted }}
	s.planner = replenish.NewPlanner(replenish.Config{DB: db, Ledger: ledger, Client: server.Client(), Now: clock, Log: slog.New(slog.DiscardHandler)})
	return s
}

func (s *shop) step(t *testing.T) {
	t.Helper()
	if err := s.planner.Step(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func (s *shop) list(t *testing.T, of ...replenish.Status) []replenish.Suggestion {
	t.Helper()
	list, err := replenish.List(context.Background(), s.db, "t", replenish.Filter{Statuses: of, Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func (s *shop) say(t *testing.T, id string, w replenish.Word) {
	t.Helper()
	if _, err := replenish.Decide(context.Background(), s.db, "t", id, w); err != nil {
		t.Fatal(err)
	}
}

// TestApprovedTwiceAtOnce: many approve the same at once. It is approved by one of them, and stays so, and is sent once.
func TestApprovedTwiceAtOnce(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := open(t, db, http.StatusOK)
		s.step(t)
		id := s.list(t)[0].ID
		var all sync.WaitGroup
		by := make([]string, 20)
		for i := range by {
			all.Go(func() {
				got, err := replenish.Decide(context.Background(), db, "t", id, replenish.Word{Action: "approve", By: string(rune('a' + i))})
				if err != nil {
					t.Error(err)
					return
				}
				by[i] = got.By
			})
		}
		all.Wait()
		is := s.list(t)[0]
		for i := range by {
			if by[i] != is.By || is.By == "" {
				t.Errorf("the %d. was told it is approved by %q, it is by %q", i, by[i], is.By)
			}
		}
		s.step(t)
		s.step(t)
		if is := s.list(t)[0]; is.Status != replenish.Sent || s.posts() != 1 {
			t.Errorf("%s, posted %d times, want it sent once", is.Status, s.posts())
		}
		if _, err := replenish.Decide(context.Background(), db, "t", id, replenish.Word{Action: "approve"}); !errors.Is(err, replenish.ErrDecided) {
			t.Errorf("approved after it was sent: %v", err)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

// TestApprovedAsRead: who has read another number of cases than there is by now does not approve it.
func TestApprovedAsRead(t *testing.T) {
	s := open(t, statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables), http.StatusOK)
	s.step(t)
	is := s.list(t)[0]
	read, other := is.Cases, is.Cases+1
	s.say(t, is.ID, replenish.Word{Action: "change", Cases: &other, By: "Ann"})
	if _, err := replenish.Decide(context.Background(), s.db, "t", is.ID, replenish.Word{Action: "approve", Seen: &read, By: "Bob"}); !errors.Is(err, replenish.ErrChanged) {
		t.Errorf("approved as %d while it is of %d: %v", read, other, err)
	}
	s.say(t, is.ID, replenish.Word{Action: "approve", Seen: &other, By: "Bob"})
	if is := s.list(t)[0]; is.By != "Ann" || is.Cases != other {
		t.Errorf("%d by %s, want Ann's %d", is.Cases, is.By, other)
	}
}

// TestAPauseHolds: a product that is paused is for later deliveries too, is never sent, and comes back when it is resumed.
func TestAPauseHolds(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := open(t, db, http.StatusOK)
		s.step(t)
		first := s.list(t)[0]
		s.say(t, first.ID, replenish.Word{Action: "approve", By: "Ann"})
		s.say(t, first.ID, replenish.Word{Action: "pause", By: "Ann", Note: "delisted"})
		*s.now = first.OrderBy.Add(time.Minute)
		s.step(t)
		list := s.list(t, replenish.Paused)
		if len(list) != 1 || list[0].ID == first.ID || list[0].By != "Ann" || list[0].Note != "delisted" || s.posts() != 0 {
			t.Fatalf("the next delivery: %+v, %d posted, want it paused by Ann", list, s.posts())
		}
		if over := s.list(t, replenish.Expired); len(over) != 1 || over[0].ID != first.ID {
			t.Errorf("over is %+v, want the first", over)
		}
		s.say(t, list[0].ID, replenish.Word{Action: "resume"})
		*s.now = list[0].OrderBy.Add(time.Minute)
		s.step(t)
		if next := s.list(t, replenish.Suggested); len(next) != 1 || next[0].Cases < 1 {
			t.Errorf("resumed: %+v, want it suggested for the delivery after", next)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

// TestAChangedCalendarTakesItsDeliveryBack: what was suggested for a delivery that there is not any more cannot be approved
// beside what is suggested for the one in its place.
func TestAChangedCalendarTakesItsDeliveryBack(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := open(t, db, http.StatusOK)
		s.step(t)
		first := s.list(t)[0]
		set := func(c replenish.Calendar) {
			t.Helper()
			err := db.Write(context.Background(), func(tx *state.Tx) error { return replenish.PutCalendar(context.Background(), tx, "t", first.Store, c) })
			if err != nil {
				t.Fatal(err)
			}
			s.step(t)
		}
		holiday := replenish.Daily()
		holiday.Off = []string{first.Delivery.Format(time.DateOnly)}
		set(holiday)
		second := s.list(t, replenish.Suggested)
		if len(second) != 1 || !second[0].Delivery.After(first.Delivery) {
			t.Fatalf("with a holiday: %+v, want one suggestion, for a later delivery", second)
		}
		if _, err := replenish.Decide(context.Background(), db, "t", first.ID, replenish.Word{Action: "approve"}); !errors.Is(err, state.ErrNotFound) {
			t.Errorf("approved for a delivery that there is not: %v", err)
		}
		set(replenish.Daily())
		if list := s.list(t, replenish.Suggested); len(list) != 1 || list[0].ID != first.ID {
			t.Errorf("without the holiday: %+v, want what there was", list)
		}
		set(holiday)
		s.say(t, second[0].ID, replenish.Word{Action: "approve", By: "Ann"})
		never := replenish.Daily()
		never.Off = []string{"01-01/12-31"}
		set(never)
		if list := s.list(t, replenish.Suggested, replenish.Paused); len(list) != 0 {
			t.Errorf("no delivery at all: %+v", list)
		}
		if list := s.list(t, replenish.Sent); len(list) != 1 || list[0].ID != second[0].ID {
			t.Errorf("sent %+v, want what was approved", list)
		}
	}, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables)
}

// TestSentAsSoonAsApproved: a running planner posts what is approved at once, not with its next plan.
func TestSentAsSoonAsApproved(t *testing.T) {
	s := open(t, statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables), http.StatusOK)
	s.step(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	s.planner.Every = 24 * time.Hour
	go func() { done <- s.planner.Run(ctx) }()
	s.say(t, s.list(t)[0].ID, replenish.Word{Action: "approve", By: "Ann"})
	s.planner.Decided()
	for deadline := time.Now().Add(time.Minute); s.list(t)[0].Status != replenish.Sent; {
		if time.Now().After(deadline) {
			t.Fatalf("a minute later it is %+v", s.list(t)[0])
		}
	}
	stop()
	if err := <-done; err != nil || s.posts() != 1 {
		t.Errorf("%v, posted %d times", err, s.posts())
	}
}

// TestAnOrderingSystemThatIsAway is asked a few times a step, not once for each order, and each keeps why.
func TestAnOrderingSystemThatIsAway(t *testing.T) {
	for _, c := range []struct {
		name           string
		status, posted int
	}{{"hangs up", 0, 3}, {"refuses each", http.StatusBadRequest, 6}} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, statetest.SQLite(t, sales.Tables, merge.Tables, promotion.Tables, replenish.Tables), c.status)
			var counts []sales.Movement
			for store := range 2 {
				for p := range 3 {
					counts = append(counts, sales.Movement{ID: market.StoreName(store) + string(market.GTIN(p)), Store: market.StoreName(store), GTIN: market.GTIN(p), Cause: sales.Count, Units: 0, At: s.now.Add(-time.Minute)})
				}
			}
			if _, err := s.planner.Ledger.Move(context.Background(), "t", counts); err != nil {
				t.Fatal(err)
			}
			if err := s.planner.Plan(context.Background(), "t"); err != nil {
				t.Fatal(err)
			}
			list := s.list(t)
			if len(list) != 6 {
				t.Fatalf("%d suggestions, want one for each product of each store", len(list))
			}
			for i := range list {
				s.say(t, list[i].ID, replenish.Word{Action: "approve", By: "Ann"})
			}
			if err := s.planner.Send(context.Background(), "t"); err != nil {
				t.Fatal(err)
			}
			faults := 0
			for _, is := range s.list(t, replenish.Approved) {
				if is.Fault != "" {
					faults++
				}
			}
			if s.posts() != c.posted || faults != c.posted {
				t.Errorf("posted %d, %d keep why, want %d", s.posts(), faults, c.posted)
			}
		})
	}
}
