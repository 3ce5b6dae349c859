package book_test

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const cola = shelf.GTIN("4006381333931")

// seen is a look at a slot some minutes after the day's begin, 08:00.
type seen struct {
	minute int
	slot   string
	state  shelf.State
}

// TestReconcile plays a store's day and asks for the verdict at its end. The store opens at 08:00 and closes
// at 20:00, and restocks within two hours.
func TestReconcile(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		for i, c := range []struct {
			name    string
			count   int64 // at 08:00; -1: never
			arrived int   // minute of a delivery of 24; 0: none
			looks   []seen
			at      int // minute
			verdict book.Verdict
			shown   book.Shown
		}{
			{"both have it", 10, 0, []seen{{1, "a", shelf.OK}}, 10, book.Agrees, book.OnShelf},
			{"neither has it", 0, 0, []seen{{1, "a", shelf.Empty}}, 10, book.Agrees, book.Empty},
			{"a low shelf shows it", 10, 0, []seen{{1, "a", shelf.Low}}, 10, book.Agrees, book.OnShelf},
			{"the shelf has it, the book not", 0, 0, []seen{{1, "a", shelf.OK}}, 10, book.BookShort, book.OnShelf},
			{"just emptied", 10, 0, []seen{{1, "a", shelf.OK}, {60, "a", shelf.Empty}, {100, "a", shelf.Empty}}, 110, book.Backroom, book.Empty},
			{"nobody restocks", 10, 0, []seen{{1, "a", shelf.OK}, {60, "a", shelf.Empty}, {190, "a", shelf.Empty}}, 200, book.Phantom, book.Empty},
			{"one of two slots is empty", 10, 0, []seen{{1, "a", shelf.Empty}, {1, "b", shelf.OK}, {190, "a", shelf.Empty}, {190, "b", shelf.OK}}, 200, book.Agrees, book.OnShelf},
			{"goods came since", 10, 100, []seen{{60, "a", shelf.Empty}, {190, "a", shelf.Empty}}, 200, book.Backroom, book.Empty},
			{"goods came before", 10, 30, []seen{{60, "a", shelf.Empty}, {190, "a", shelf.Empty}}, 200, book.Phantom, book.Empty},
			{"closed hours do not count", 10, 0, []seen{{690, "a", shelf.Empty}, {1400, "a", shelf.Empty}}, 1410, book.Backroom, book.Empty},
			{"unknown is not empty", 10, 0, []seen{{1, "a", shelf.Unknown}, {190, "a", shelf.Unknown}}, 200, book.Unknown, book.Unseen},
			{"a fogged look does not refill", 10, 0, []seen{{60, "a", shelf.Empty}, {150, "a", shelf.Empty}, {190, "a", shelf.Unknown}}, 200, book.Phantom, book.Empty},
			{"fogged for too long", 10, 0, []seen{{30, "a", shelf.Empty}, {190, "a", shelf.Unknown}}, 200, book.Unknown, book.Unseen},
			{"never counted", -1, 0, []seen{{1, "a", shelf.OK}}, 10, book.NotCounted, book.OnShelf},
			{"no camera", 10, 0, nil, 10, book.Unknown, book.NotDue},
		} {
			t.Run(c.name, func(t *testing.T) {
				ctx := context.Background()
				day := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
				at := func(minute int) time.Time { return day.Add(time.Duration(minute) * time.Minute) }
				now := at(c.at)
				tenant := fmt.Sprint("t", i)
				points, err := embedded.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "series.db"))
				if err != nil {
					t.Fatal(err)
				}
				defer points.Close()
				ledger := sales.NewLedger(db, func() time.Time { return now })
				if _, err := ledger.PutMasters(ctx, tenant, []sales.Product{{Product: shelf.Product{GTIN: cola}}}, []sales.Store{{Store: "s", TZ: "UTC", Hours: "08:00-20:00"}}); err != nil {
					t.Fatal(err)
				}
				err = db.Write(ctx, func(tx *state.Tx) error {
					return state.PutCooler(ctx, tx, &state.Cooler{Tenant: tenant, Device: "d", Store: "s", TopicStore: "s", CreatedAt: day, ChangedAt: day})
				})
				if err != nil {
					t.Fatal(err)
				}
				var moves []sales.Movement
				if c.count >= 0 {
					moves = append(moves, sales.Movement{ID: "c", Store: "s", GTIN: cola, Cause: sales.Count, Units: c.count, At: day})
				} else {
					moves = append(moves, sales.Movement{ID: "d", Store: "s", GTIN: cola, Cause: sales.Delivery, Units: 5, At: day})
				}
				if c.arrived > 0 {
					moves = append(moves, sales.Movement{ID: "d2", Store: "s", GTIN: cola, Cause: sales.Delivery, Units: 24, At: at(c.arrived)})
				}
				if _, err := ledger.Move(ctx, tenant, moves); err != nil {
					t.Fatal(err)
				}
				byMinute := map[int][]series.SlotPoint{}
				for _, s := range c.looks {
					p := series.SlotPoint{Slot: s.slot, GTIN: cola, State: s.state, Due: 2}
					switch s.state {
					case shelf.OK:
						p.Present = 2
					case shelf.Low:
						p.Present = 1
					case shelf.Unknown:
						p.Reason = shelf.Fog
					}
					byMinute[s.minute] = append(byMinute[s.minute], p)
				}
				var messages []series.Message
				for minute, slots := range byMinute {
					messages = append(messages, series.Message{Tenant: tenant, Store: "s", Device: "d", Boot: 1, Seq: uint64(minute), At: at(minute), Slots: slots})
				}
				if err := points.Write(ctx, messages); err != nil {
					t.Fatal(err)
				}
				desk := &book.Desk{DB: db, Ledger: ledger, Series: points, Now: func() time.Time { return now }}
				l, err := desk.Reconcile(ctx, tenant, "s")
				if err != nil {
					t.Fatal(err)
				}
				f := l.Findings[cola]
				if f.Verdict != c.verdict || f.Shown != c.shown {
					t.Errorf("got %s, %s; want %s, %s (%+v)", f.Verdict, f.Shown, c.verdict, c.shown, f)
				}
				if f.Verdict == book.Phantom && f.Confidence != 0 || f.Confidence < 0 || f.Confidence > 1 {
					t.Errorf("confidence %v of a %s", f.Confidence, f.Verdict)
				}
			})
		}
	}, sales.Tables)
}
