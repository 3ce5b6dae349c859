package merge_test

import (
	"context"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

func (s *shop) move(id string, cause sales.Cause, g shelf.GTIN, units int64, at time.Time) {
	s.t.Helper()
	v, err := s.ledger.Move(context.Background(), s.tenant, []sales.Movement{{ID: id, Store: "s1", GTIN: g, Cause: cause, Units: units, At: at}})
	if err != nil || v[0].Status != sales.Stored {
		s.t.Fatalf("%+v, %v", v, err)
	}
}

// wantCauses holds the causes of cola's stockout at noon and at one, and that a replay of the same facts changes nothing.
func (s *shop) wantCauses(when string, noon, one merge.Cause) {
	s.t.Helper()
	for hour, want := range map[int]merge.Cause{12: noon, 13: one} {
		if c := s.cell("s1", monday.Add(time.Duration(hour)*time.Hour), cola); c.Out[want] != c.OutTime() || c.OutTime() == 0 {
			s.t.Errorf("%s, %d:00: out %v, want all by %s", when, hour, c.Out, want)
		}
	}
	if _, err := merge.Replay(context.Background(), s.db, s.tenant, monday, monday.AddDate(0, 0, 1)); err != nil {
		s.t.Fatal(err)
	}
	if done := s.merge(); done.Hours == 0 || done.Changed != 0 {
		s.t.Errorf("%s, a replay: %+v, want nothing changed", when, done)
	}
}

// TestALateMovementRestatesTheCauses: the book of a stockout is that of all movements, whenever they were entered.
func TestALateMovementRestatesTheCauses(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.move("first", sales.Count, cola, 5, monday.Add(8*time.Hour))
		s.day("s1")
		s.merge()
		s.wantCauses("at first", merge.CauseShelf, merge.CauseShelf)
		before := s.hours("s1")
		s.move("zero", sales.Count, cola, 0, monday.Add(9*time.Hour))
		if done := s.merge(); done.Hours != 2 || done.Changed != 2 || done.Restated != 2 {
			t.Errorf("after a late count: %+v, want the two hours out, and both told", done)
		}
		told, err := merge.Restatements(context.Background(), db, s.tenant, 0, 10)
		if err != nil || len(told) != 2 {
			t.Fatalf("told %+v, %v, want the two hours", told, err)
		}
		was, is := told[0].Before, told[0].After
		if told[0].Cause != "stock" || was.OutHours != is.OutHours || *was.OutByCause != (merge.OutByCause{Shelf: 1}) || *is.OutByCause != (merge.OutByCause{Store: 1}) {
			t.Errorf("told by %s: %+v, %+v, then %+v, %+v, want an hour by shelf, then by store", told[0].Cause, was, was.OutByCause, is, is.OutByCause)
		}
		s.wantCauses("after a late count", merge.CauseStore, merge.CauseStore)
		s.move("in", sales.Delivery, cola, 3, monday.Add(13*time.Hour+10*time.Minute))
		if done := s.merge(); done.Hours != 1 || done.Changed != 1 {
			t.Errorf("after a late delivery: %+v, want the hour of it", done)
		}
		s.wantCauses("after a late delivery", merge.CauseStore, merge.CauseShelf)
		s.move("out", sales.TransferOut, cola, -3, monday.Add(13*time.Hour+20*time.Minute))
		s.merge()
		s.wantCauses("after a late transfer", merge.CauseStore, merge.CauseStore)
		// What is counted later hides what came before.
		s.move("noon", sales.Count, cola, 4, monday.Add(13*time.Hour+30*time.Minute))
		s.merge()
		s.wantCauses("after a count at half past one", merge.CauseStore, merge.CauseShelf)
		s.move("early", sales.Delivery, cola, 9, monday.Add(10*time.Hour))
		if done := s.merge(); done.Hours != 1 || done.Changed != 1 {
			t.Errorf("after a delivery before the count: %+v, want the hour before it", done)
		}
		s.wantCauses("after a delivery before the count", merge.CauseShelf, merge.CauseShelf)
		same(t, before, s.hours("s1")) // by now all is as at first
	}, tables()...)
}

// TestALateSaleRestatesLaterCauses: a late sale that empties the book changes the stockout two hours later.
func TestALateSaleRestatesLaterCauses(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.move("first", sales.Count, cola, 5, monday.Add(8*time.Hour))
		s.move("lemon", sales.Count, lemon, 5, monday.Add(8*time.Hour))
		s.move("again", sales.Count, cola, 5, monday.Add(13*time.Hour+time.Minute))
		s.day("s1")
		s.merge()
		before := s.hours("s1")
		s.sell("s1", "some", cola, 2, monday.Add(9*time.Hour))
		s.sell("s1", "other", lemon, 5, monday.Add(9*time.Hour))
		if done := s.merge(); done.Hours != 1 {
			t.Errorf("sales that change no cause: %+v, want their own hour alone", done)
		}
		s.wantCauses("with three left", merge.CauseShelf, merge.CauseShelf)
		s.sell("s1", "late", cola, 3, monday.Add(10*time.Hour))
		if done := s.merge(); done.Hours != 2 || done.Changed != 2 {
			t.Errorf("after the last ones: %+v, want the hour of the sale and the one out before the next count", done)
		}
		s.wantCauses("with none left", merge.CauseStore, merge.CauseShelf)
		if after := s.hours("s1"); after["02 11h"] != before["02 11h"] || after["02 13h"] != before["02 13h"] {
			t.Error("hours that the sale says nothing of have changed")
		}
	}, tables()...)
}

// hold reserves units of cola in a store for an order of the web shop.
func (s *shop) hold(order, store string, units int64) {
	s.t.Helper()
	name := sales.OrderName{Channel: "web", Order: order}
	err := s.ledger.AtCounter(context.Background(), s.tenant, []sales.OrderName{name}, []shelf.GTIN{cola}, func(c *sales.Counter) error {
		return c.Reserve(&sales.Reservation{Channel: "web", Order: order, Status: sales.Held, ExpiresAt: s.now.Add(100 * time.Hour), Holds: []sales.Hold{{Store: store, GTIN: cola, Units: units}}})
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// TestWhatALateCorrectionGivesBackRestatesTheCauses: units that an order held in one store and that its line, of another,
// took from there and gives back late, are in the book of the former again, for the hours since.
func TestWhatALateCorrectionGivesBackRestatesTheCauses(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.now = monday.Add(10 * time.Hour)
		s.move("first", sales.Count, cola, 4, monday.Add(8*time.Hour))
		s.hold("held", "s1", 4)
		s.line("web", "held", 1, "s2", cola, 4, s.now)
		s.now = monday.Add(48 * time.Hour)
		s.day("s1")
		s.merge()
		s.wantCauses("with all taken", merge.CauseStore, merge.CauseStore)
		s.skipTold()
		s.line("web", "held", 2, "s2", cola, 1, monday.Add(10*time.Hour))
		if done := s.merge(); done.Restated != 3 {
			t.Errorf("after three were given back: %+v, want the hour of the line in its own store and the two out in the other restated", done)
		}
		s.wantCauses("with three given back", merge.CauseShelf, merge.CauseShelf)
		told, err := merge.Restatements(context.Background(), db, s.tenant, s.told, 10)
		if err != nil || len(told) != 3 {
			t.Fatalf("told %+v, %v", told, err)
		}
		history, err := s.ledger.History(context.Background(), s.tenant, "s1", cola, monday, s.now)
		if err != nil || len(history) != 2 || history[1].Order != "held" || history[1].Units != -1 || history[1].After != 3 || !history[1].At.Equal(monday.Add(10*time.Hour)) {
			t.Errorf("the book of the store that held them: %+v, %v", history, err)
		}
		if own, err := s.ledger.History(context.Background(), s.tenant, "s2", cola, monday, s.now); err != nil || len(own) != 0 {
			t.Errorf("the book of the line's own store: %+v, %v, want nothing", own, err)
		}
	}, tables()...)
}

// TestALineThatTakesItsHoldLateRestatesTheCauses: a line that was here before its hold takes from it when it comes again.
func TestALineThatTakesItsHoldLateRestatesTheCauses(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.move("first", sales.Count, cola, 4, monday.Add(8*time.Hour))
		s.line("web", "held", 1, "s1", cola, 4, monday.Add(10*time.Hour))
		s.day("s1")
		s.merge()
		s.wantCauses("with all sold", merge.CauseStore, merge.CauseStore)
		s.move("in", sales.Delivery, cola, 4, monday.Add(20*time.Hour))
		s.hold("held", "s1", 4)
		s.line("web", "held", 2, "s1", cola, 4, monday.Add(10*time.Hour)) // paid, say
		s.merge()
		s.wantCauses("with what was held taken later", merge.CauseShelf, merge.CauseShelf)
	}, tables()...)
}

// TestWhatAnotherStoreHeldLeavesThatStore: units of a line that were held elsewhere are not out of its own store's book.
func TestWhatAnotherStoreHeldLeavesThatStore(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := newShop(t, db, "t")
		s.move("first", sales.Count, cola, 5, monday.Add(8*time.Hour))
		s.day("s1")
		s.merge()
		err := db.Write(context.Background(), func(tx *state.Tx) error {
			_, err := tx.Exec(context.Background(), "INSERT INTO sales_takings (tenant, channel, ord, line, store, gtin, at, units) VALUES ('t', 'pos', 'held', '1', 's2', ?, ?, 4)",
				string(cola), state.Micros(s.now))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		s.sell("s1", "held", cola, 5, monday.Add(10*time.Hour)) // one of them its own
		s.merge()
		s.wantCauses("with four left", merge.CauseShelf, merge.CauseShelf)
		s.sell("s1", "rest", cola, 4, monday.Add(11*time.Hour))
		s.merge()
		s.wantCauses("with none left", merge.CauseStore, merge.CauseStore)
	}, tables()...)
}
