package merge_test

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestLostWhilePromoted holds what is lost in promoted hours to a market in which promotions really bring
// customers, each product its own number: learned from campaigns of the weeks before, judged on the next.
func TestLostWhilePromoted(t *testing.T) {
	t.Run("nothing instead", func(t *testing.T) { lostWhilePromoted(t, 0) })
	t.Run("substitutes", func(t *testing.T) { lostWhilePromoted(t, 0.35) })
}

func lostWhilePromoted(t *testing.T, substitute float64) {
	db := statetest.SQLite(t, tables()...)
	ctx := context.Background()
	w := market.Default()
	w.Seed, w.Stores, w.Products, w.Refills, w.Substitute = 7, 8, 12, 6, substitute
	const learn, judge = 28, 7
	day := func(n int) time.Time { return w.Start.AddDate(0, 0, n) }
	// Each product is promoted for a week of the first four in half of the stores, and in the fifth in all.
	truth := func(p int) float64 { return 1.4 + 0.1*float64(p) }
	runs := func(s, p int, at time.Time) bool {
		n := int(at.Sub(w.Start).Hours() / 24)
		return n >= learn || n/7 == p%4 && s%2 == p/4%2
	}
	w.Promote = func(s, p int, at time.Time) float64 {
		if runs(s, p, at) {
			return truth(p)
		}
		return 1
	}
	clock := func() time.Time { return day(learn) }
	ledger := sales.NewLedger(db, clock)
	var products []sales.Product
	var stores []sales.Store
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}, Group: market.Group(p)})
	}
	for s := range w.Stores {
		stores = append(stores, sales.Store{Store: market.StoreName(s), TZ: "UTC", Hours: market.Hours, Region: "r"})
	}
	if _, err := ledger.PutMasters(ctx, "t", products, stores); err != nil {
		t.Fatal(err)
	}
	var all []*market.Hour
	for s := range w.Stores {
		var past []*merge.Hour
		w.Run(s, learn+judge, func(h *market.Hour) {
			if !h.Facts.Start.Before(day(learn)) {
				all = append(all, h)
				return
			}
			past = append(past, merge.Fold(&h.Facts, nil))
		})
		if err := merge.Put(ctx, db, "t", market.StoreName(s), time.UTC, past...); err != nil {
			t.Fatal(err)
		}
	}
	for p := range w.Products {
		for id, from := range map[string]int{"past": 7 * (p % 4), "now": learn} {
			c := promotion.Promotion{ID: id + string(market.GTIN(p)), GTINs: []shelf.GTIN{market.GTIN(p)}, From: day(from), To: day(from + 7)}
			for s := range w.Stores {
				if runs(s, p, c.From) {
					c.Stores = append(c.Stores, market.StoreName(s))
				}
			}
			if err := c.Validate(); err != nil {
				t.Fatal(err)
			}
			if err := db.Write(ctx, func(tx *state.Tx) error { return promotion.Put(ctx, tx, "t", &c) }); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	var m *merge.Model
	for range 2 { // as each night knows what the night before learned of how uneven hours are
		var err error
		if m, err = f.Learn(ctx, "t"); err != nil || m == nil {
			t.Fatal(m, err)
		}
	}
	for p := range w.Products {
		if got := m.Lifts.Products[market.GTIN(p)]; math.Abs(got.Factor/truth(p)-1) > 0.25 {
			t.Errorf("product %d: lift %+v, want about %.2f", p, got, truth(p))
		}
	}
	plan, err := merge.ReadPlan(ctx, db, "t", m)
	if err != nil {
		t.Fatal(err)
	}
	groups := map[shelf.GTIN]string{}
	for p := range w.Products {
		groups[market.GTIN(p)] = market.Group(p)
	}
	lost, usual := merge.LostSum{Groups: groups}, merge.LostSum{Groups: groups}
	var real float64
	reader := merge.NewRateReader(db)
	for i, h := range all {
		store := market.StoreName(i / (judge * 24))
		rates, err := reader.Of(ctx, "t", store)
		if err != nil {
			t.Fatal(err)
		}
		plain := merge.Fold(&h.Facts, rates)
		h.Facts.Lifts = plan.Hour(store, h.Facts.Start, h.Facts.Until)
		lifted := merge.Fold(&h.Facts, rates)
		for p := range w.Products {
			lost.Add(store, lifted.Cell(market.GTIN(p)))
			lost.Days.Add(store, h.Facts.Start, lifted.Cell(market.GTIN(p)))
			usual.Add(store, plain.Cell(market.GTIN(p)))
			real += float64(h.Truth[p].LostSeen)
		}
	}
	value, low, high := lost.Units()
	without, _, _ := usual.Units()
	t.Logf("substitution: %v", m.Substitute)
	t.Logf("lost while promoted: %.0f estimated (%.0f to %.0f), %.0f true, %.0f without the lift", value, low, high, real, without)
	if real < 500 {
		t.Fatalf("%.0f lost: too few to prove anything", real)
	}
	if math.Abs(value/real-1) > 0.15 || real < low || real > high {
		t.Errorf("%.0f estimated (%.0f to %.0f), %.0f true", value, low, high, real)
	}
	if without/real > 0.75 {
		t.Errorf("without the lift %.0f of %.0f: the world does not ask for one", without, real)
	}
}
