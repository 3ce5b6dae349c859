package merge_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestErrorsThatSlotsShare: by how much the days of a store, and stores and products after a refill, differ
// beyond chance is found where it is there, and is next to nothing where it is not.
func TestErrorsThatSlotsShare(t *testing.T) {
	for _, c := range []struct {
		name                   string
		days, stores, products float64 // standard deviations that are put in
	}{
		{"nothing is shared", 0, 0, 0},
		{"days differ", 0.25, 0, 0},
		{"stores differ after a refill", 0, 0.25, 0},
		{"products differ after a refill", 0, 0, 0.25},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := missed(c.days, c.stores, c.products)
			for name, v := range map[string][2]float64{"days": {got.Days, c.days}, "stores": {got.Stores, c.stores}, "products": {got.Products, c.products}} {
				if math.Abs(v[0]-v[1]) > 0.1 {
					t.Errorf("%s: %.3f, want about %.3f; all %+v", name, v[0], v[1], got)
				}
			}
		})
	}
}

// missed learns from four weeks of 16 stores with 16 products. Each product is gone for two hours of each day,
// comes back in the next, and is then wanted differently by store and product.
func missed(days, stores, products float64) merge.Missed {
	const n, perHour = 16, 4
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	// Half is so much more and half so much less: the deviation is exactly what is asked for.
	apart := func(sd float64, i int) float64 { return 1 + sd*float64(1-2*(i%2)) }
	each := func(fn func(store string, local time.Time, list []merge.Lesson)) {
		rng := rand.New(rand.NewPCG(1, 2))
		for s := range n {
			for h := range 28 * 24 {
				local := start.Add(time.Duration(h) * time.Hour)
				if local.Hour() < 8 || local.Hour() >= 20 {
					continue
				}
				var list []merge.Lesson
				for p := range n {
					l := merge.Lesson{Store: fmt.Sprint("s", s), GTIN: market.GTIN(p), Local: local, Hours: 1, Whole: true}
					mean := perHour * apart(days, h/24+s)
					switch (local.Hour() - 8) - (h/24+p)%8 {
					case 0, 1:
						l.Hours, l.Out, l.Alone = 0, 1, 1
					case 2:
						l.Hours, l.Out, l.Alone = 0.5, 0.5, 0.5
					case 3:
						mean *= apart(stores, s) * apart(products, p)
					}
					for gap := rng.ExpFloat64(); gap < mean*l.Hours; gap += rng.ExpFloat64() {
						l.Units++
					}
					list = append(list, l)
				}
				fn(fmt.Sprint("s", s), local, list)
			}
		}
	}
	fit := &merge.Fit{Now: start.AddDate(0, 0, 28)}
	each(func(_ string, _ time.Time, list []merge.Lesson) { fit.Hour(list) })
	residuals := merge.NewResiduals(fit.Solve(1, "all"), map[shelf.GTIN]string{})
	each(residuals.Hour)
	m := &merge.Model{Substitute: map[string]float64{}}
	residuals.Apply(m)
	return m.Missed
}
