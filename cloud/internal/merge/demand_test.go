package merge_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestWhatAnEmptySlotLosesAnHour: the alert engine is told the money, more for what sells better, the
// same by night and by day, and nothing where nothing was learned.
func TestWhatAnEmptySlotLosesAnHour(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		w := market.Default()
		w.Stores, w.Products = 2, 4
		now := w.Start.AddDate(0, 0, 14)
		clock := func() time.Time { return now }
		ledger := sales.NewLedger(db, clock)
		var products []sales.Product
		for p := range w.Products {
			products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}})
		}
		stores := []sales.Store{{Store: market.StoreName(0), TZ: "UTC", Hours: market.Hours}, {Store: market.StoreName(1), TZ: "UTC", Hours: market.Hours}}
		if _, err := ledger.PutMasters(ctx, "t", products, stores); err != nil {
			t.Fatal(err)
		}
		f := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
		d := merge.NewDemand(db)
		id := wire.Identity{Tenant: "t", Store: market.StoreName(0), Device: "cooler"}
		if _, _, ok, err := d.PerHour(ctx, db, id, market.GTIN(0), now); ok || err != nil {
			t.Errorf("before anything was learned: %v, %v", ok, err)
		}
		sold := make([]float64, w.Products)
		hours := make([]float64, w.Products)
		for s := range w.Stores {
			var past []*merge.Hour
			w.Run(s, 14, func(h *market.Hour) {
				folded := merge.Fold(&h.Facts, nil)
				for p := range w.Products {
					if c := folded.Cell(market.GTIN(p)); s == 0 && c.Rated > 0 {
						sold[p], hours[p] = sold[p]+minor(c), hours[p]+float64(c.Rated)/3_600_000
					}
				}
				past = append(past, folded)
			})
			if err := merge.Put(ctx, db, "t", market.StoreName(s), time.UTC, past...); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := f.Learn(ctx, "t"); err != nil {
			t.Fatal(err)
		}
		// Looks of another tenant without a till teach nothing: what was lost there is not known, not 0.
		if _, err := ledger.PutMasters(ctx, "u", nil, stores[:1]); err != nil {
			t.Fatal(err)
		}
		var unsold []*merge.Hour
		w.Run(0, 7, func(h *market.Hour) {
			h.Facts.Sold = nil
			unsold = append(unsold, merge.Fold(&h.Facts, nil))
		})
		if err := merge.Put(ctx, db, "u", market.StoreName(0), time.UTC, unsold...); err != nil {
			t.Fatal(err)
		}
		if m, err := f.Learn(ctx, "u"); m != nil || err != nil {
			t.Errorf("learned from no sales: %+v, %v", m, err)
		}
		for p := range w.Products {
			noon, currency, ok, err := d.PerHour(ctx, db, id, market.GTIN(p), now.Add(12*time.Hour))
			if err != nil || !ok || currency != "EUR" {
				t.Fatalf("product %d: %v, %v", p, ok, err)
			}
			night, _, _, err := d.PerHour(ctx, db, id, market.GTIN(p), now.Add(3*time.Hour))
			if err != nil || night < noon/2 || night > noon*2 {
				t.Errorf("product %d: %d by night, %d at noon, %v", p, night, noon, err)
			}
			// Of the money that it took in an hour on the shelf some is left to substitutes.
			if took := sold[p] / hours[p]; float64(noon) > 1.6*took || float64(noon) < 0.3*took {
				t.Errorf("product %d: %d an hour, it took %.0f", p, noon, took)
			}
		}
	}, tables()...)
}

func minor(c *merge.Cell) (sum float64) {
	for _, s := range c.Sales {
		sum += float64(s.Minor)
	}
	return sum
}
