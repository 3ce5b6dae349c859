package merge_test

import (
	"context"
	"log/slog"
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

// TestAPlannedPromotionLiftsTheForecast: what past promotions did is expected of the next one, and they do
// not spoil the rate of ordinary days, whether or not the tills told of them.
func TestAPlannedPromotionLiftsTheForecast(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	ctx := context.Background()
	w := market.Default()
	w.Stores, w.Products, w.Refills, w.Substitute = 2, 4, 40, 0 // hardly anything runs out
	now := w.Start.AddDate(0, 0, 21)
	clock := func() time.Time { return now }
	ledger := sales.NewLedger(db, clock)
	products := []sales.Product{}
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}})
	}
	stores := []sales.Store{{Store: market.StoreName(0), TZ: "UTC", Hours: market.Hours}, {Store: market.StoreName(1), TZ: "UTC", Hours: market.Hours}}
	if _, err := ledger.PutMasters(ctx, "t", products, stores); err != nil {
		t.Fatal(err)
	}
	put := func(id string, product int, stores []string, from, to time.Time) {
		t.Helper()
		p := promotion.Promotion{ID: id, GTINs: []shelf.GTIN{market.GTIN(product)}, Stores: stores, From: from, To: to}
		if err := p.Validate(); err != nil {
			t.Fatal(err)
		}
		if err := db.Write(ctx, func(tx *state.Tx) error { return promotion.Put(ctx, tx, "t", &p) }); err != nil {
			t.Fatal(err)
		}
	}
	both := []string{market.StoreName(0), market.StoreName(1)}
	day := func(n int) time.Time { return w.Start.AddDate(0, 0, n) }
	// In the second week product 0 sells three times as much. Only one store's till tells why.
	fill := func(tenant string, lift int) {
		for s := range w.Stores {
			var past []*merge.Hour
			w.Run(s, 21, func(h *market.Hour) {
				var sold []merge.Sold
				for _, one := range h.Facts.Sold {
					sold = append(sold, one)
					if one.GTIN == market.GTIN(0) && !h.Facts.Start.Before(day(7)) && h.Facts.Start.Before(day(14)) {
						sold[len(sold)-1].Promoted = s == 0
						for range lift - 1 {
							sold = append(sold, sold[len(sold)-1])
						}
					}
				}
				h.Facts.Sold = sold
				past = append(past, merge.Fold(&h.Facts, nil))
			})
			if err := merge.Put(ctx, db, tenant, market.StoreName(s), time.UTC, past...); err != nil {
				t.Fatal(err)
			}
		}
	}
	fill("t", 3)
	put("past", 0, both, day(7), day(14))
	put("next", 0, both[:1], day(22), day(23))
	put("new", 1, both[:1], day(22), day(23))
	f := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	m, err := f.Learn(ctx, "t")
	if err != nil || m == nil {
		t.Fatal(m, err)
	}
	if got := m.Lifts.Products[market.GTIN(0)]; got.Factor < 2.5 || got.Factor > 3.5 || got.Error <= 0 || m.Lifts.Others == nil {
		t.Fatalf("lifts %+v, want 3 for what sold three times as much", m.Lifts)
	}
	masters, err := merge.ReadMasters(ctx, db, "t")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := merge.ReadPlan(ctx, db, "t", m)
	if err != nil {
		t.Fatal(err)
	}
	forecast := func(store, product, from int, plan *merge.Plan) merge.Forecast {
		t.Helper()
		rates, err := merge.NewRateReader(db).Of(ctx, "t", both[store])
		if err != nil {
			t.Fatal(err)
		}
		out, ok := rates.Forecast(market.GTIN(product), masters.Place(both[store]), day(from), day(from+1), plan)
		if !ok {
			t.Fatalf("no rate of product %d in store %d", product, store)
		}
		return out
	}
	usual, lifted := forecast(0, 0, 22, nil), forecast(0, 0, 22, plan)
	if r := lifted.Mean / usual.Mean; r < 2.5 || r > 3.5 || lifted.Lift != lifted.Mean-usual.Mean && lifted.Lift-(lifted.Mean-usual.Mean) > 1e-9 {
		t.Errorf("promoted %+v, else %+v", lifted, usual)
	}
	if lifted.Variance/lifted.Mean <= usual.Variance/usual.Mean {
		t.Errorf("a promoted day is as certain as any: %+v, %+v", lifted, usual)
	}
	if other := forecast(1, 0, 22, plan); other.Lift != 0 {
		t.Errorf("a store without the promotion: %+v", other)
	}
	if after := forecast(0, 0, 23, plan); after.Lift != 0 {
		t.Errorf("the day after: %+v", after)
	}
	if first := forecast(0, 1, 22, plan); first.Lift <= 0 {
		t.Errorf("a product's first promotion is expected to do nothing: %+v", first)
	}
	// The promoted week does not raise the rate of ordinary days: the same world without it has the same.
	var ordinary, days float64
	for s := range w.Stores {
		w.Run(s, 21, func(h *market.Hour) {
			in := !h.Facts.Start.Before(day(7)) && h.Facts.Start.Before(day(14))
			for _, one := range h.Facts.Sold {
				if one.GTIN == market.GTIN(0) && !in {
					ordinary++
				}
			}
		})
		days += 14
	}
	mean := 0.0
	for s := range w.Stores {
		for d := 21; d < 28; d++ {
			mean += forecast(s, 0, d, nil).Mean / 7
		}
	}
	if want := ordinary / days * float64(w.Stores); mean > 1.25*want || mean < 0.8*want {
		t.Errorf("%.1f units are expected of an ordinary day, want about %.1f", mean, want)
	}
}
