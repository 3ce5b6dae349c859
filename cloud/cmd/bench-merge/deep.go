package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// deepDays is how late the latest lines are, and deepStores in how many stores they come.
const (
	deepDays   = 8
	deepStores = 20
)

// deep times late lines that reach far: of a sale of eight days ago the book says that the store has had none since,
// so that every stockout of the product has another cause. It is timed until the last of these hours is stored anew.
func (b *bench) deep(ctx context.Context, w *market.World, m *merged) error {
	old := *w
	old.Start = w.Start.AddDate(0, 0, -deepDays)
	n := min(deepStores, w.Stores)
	product := market.GTIN(0)
	var counts []sales.Movement
	for s := range n {
		if err := b.looks(ctx, &old, s, deepDays, nil); err != nil {
			return err
		}
		counts = append(counts, sales.Movement{ID: fmt.Sprint("deep-", s), Store: market.StoreName(s), GTIN: product, Cause: sales.Count, Units: 1, At: old.Start.Add(9 * time.Hour)},
			// The day that is merged already begins with a count, so that its many lines do not matter.
			sales.Movement{ID: fmt.Sprint("deep-end-", s), Store: market.StoreName(s), GTIN: product, Cause: sales.Count, Units: 1, At: w.Start})
	}
	if _, err := b.ledger.Move(ctx, tenant, counts); err != nil {
		return err
	}
	if _, err := b.settle(ctx); err != nil {
		return err
	}
	var took []float64
	one, price := int64(1), int64(150)
	for s := range n {
		_, err := b.ledger.Append(ctx, tenant, []sales.Draft{{Channel: "pos", Order: fmt.Sprint("deep-", s), Line: "1", Store: market.StoreName(s),
			GTIN: string(product), Quantity: &one, Price: &price, Currency: "EUR", SoldAt: old.Start.Add(10 * time.Hour).Format(time.RFC3339)}})
		if err != nil {
			return err
		}
		began, cpu := time.Now(), cpuTime()
		done, err := b.settle(ctx)
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
		m.DeepCPU += float64((cpuTime() - cpu).Microseconds()) / 1000 / float64(n)
		m.DeepHours += float64(done.Restated) / float64(n)
		if done.Restated == 0 || done.Restated != done.Hours {
			return fmt.Errorf("a line of %d days ago folded %d hours and restated %d, want the same and some", deepDays, done.Hours, done.Restated)
		}
	}
	slices.Sort(took)
	m.DeepP50, m.DeepMax = took[len(took)/2], took[len(took)-1]
	return nil
}
