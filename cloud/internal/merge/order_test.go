package merge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestTheSameHoursTeachTheSame: what is learned from the same hours is the same to the last bit each time that it is
// learned, with promotions and substitution in it.
func TestTheSameHoursTeachTheSame(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	ctx := context.Background()
	w := market.Default()
	w.Stores, w.Products = 5, 6
	now := w.Start.AddDate(0, 0, 30)
	clock := func() time.Time { return now }
	ledger := sales.NewLedger(db, clock)
	var products []sales.Product
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}, Group: fmt.Sprint("g", p%2)})
	}
	var stores []sales.Store
	for s := range w.Stores {
		stores = append(stores, sales.Store{Store: market.StoreName(s), TZ: "UTC", Hours: market.Hours})
	}
	f := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: clock, Log: slog.New(slog.DiscardHandler)})
	var first []byte
	for try := range 4 {
		tenant := fmt.Sprint("t", try)
		if _, err := ledger.PutMasters(ctx, tenant, products, stores); err != nil {
			t.Fatal(err)
		}
		for s := range w.Stores {
			var past []*merge.Hour
			w.Run(s, 30, func(h *market.Hour) {
				var sold []merge.Sold
				for _, one := range h.Facts.Sold {
					one.Promoted = one.GTIN == market.GTIN(0) && h.Facts.Start.Day() < 12
					sold = append(sold, one)
				}
				h.Facts.Sold = sold
				past = append(past, merge.Fold(&h.Facts, nil))
			})
			if err := merge.Put(ctx, db, tenant, market.StoreName(s), time.UTC, past...); err != nil {
				t.Fatal(err)
			}
		}
		m, err := f.Learn(ctx, tenant)
		if err != nil || m == nil {
			t.Fatal(m, err)
		}
		all := []any{m}
		masters, err := merge.ReadMasters(ctx, db, tenant)
		if err != nil {
			t.Fatal(err)
		}
		rates := merge.NewRateReader(db)
		for s := range w.Stores {
			r, err := rates.Of(ctx, tenant, market.StoreName(s))
			if err != nil {
				t.Fatal(err)
			}
			for p := range w.Products {
				forecast, _ := r.Total(market.GTIN(p), masters.Place(market.StoreName(s)), now, now.AddDate(0, 0, 2), nil)
				all = append(all, forecast)
			}
		}
		got, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			if first = got; m.Lifts.Others == nil || len(m.Substitute) == 0 {
				t.Fatalf("the market teaches too little to tell: %s", got)
			}
		}
		if !bytes.Equal(first, got) {
			t.Fatalf("learned anew it is\n%s\nand was\n%s", got, first)
		}
	}
}
