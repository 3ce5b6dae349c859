package merge_test

import (
	"math"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestPauleMandel holds the estimator to what others make of the 13 trials of the BCG vaccine (Colditz et al. 1994, as log
// relative risks): between 0.3181, mean −0.7150, by the same method in metafor (Viechtbauer 2010).
func TestPauleMandel(t *testing.T) {
	risks := []float64{-0.8893, -1.5854, -1.3481, -1.4416, -0.2175, -0.7861, -1.6209, 0.0120, -0.4694, -1.3713, -0.3394, 0.4459, -0.0173}
	variances := []float64{0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714}
	between, mean := merge.Between(risks, variances)
	if math.Abs(between-0.3181) > 0.001 || math.Abs(mean+0.7150) > 0.001 {
		t.Errorf("between %.4f, mean %.4f; want 0.3181 and -0.7150", between, mean)
	}
	if between, mean := merge.Between([]float64{1, 1.1, 0.9}, []float64{0.1, 0.1, 0.1}); between != 0 || math.Abs(mean-1) > 1e-9 {
		t.Errorf("what chance explains: between %v, mean %v", between, mean)
	}
	if between, mean := merge.Between([]float64{1.5}, []float64{0.1}); between != 0 || mean != 1.5 {
		t.Errorf("one alone: between %v, mean %v", between, mean)
	}
}

// TestARateNeedsThreeDays: docs/kpis.md, "Demand rate".
func TestARateNeedsThreeDays(t *testing.T) {
	for days := 1; days <= 4; days++ {
		fit := &merge.Fit{Now: monday.AddDate(0, 0, days)}
		for d := range days {
			for h := 8; h < 20; h++ {
				fit.Hour([]merge.Lesson{{Store: "s1", GTIN: cola, Local: monday.AddDate(0, 0, d).Add(time.Duration(h) * time.Hour), Hours: 1, Units: 2, Whole: true}})
			}
		}
		rate, ok := fit.Solve(1, "")["s1"].Rate(cola, monday.Add(9*time.Hour))
		if ok != (days >= 3) {
			t.Errorf("after %d days: %+v, %v", days, rate, ok)
		}
		if ok && math.Abs(rate.PerHour-2) > 0.3 {
			t.Errorf("two were sold in each hour, the rate is %.2f", rate.PerHour)
		}
	}
}

// TestSubstitutionOfAnotherCluster: a cluster in which too little was lost of a group says nothing of it, whatever another
// one found; least of all without a doubt.
func TestSubstitutionOfAnotherCluster(t *testing.T) {
	cola, water := shelf.GTIN("5449000000996"), shelf.GTIN("96385074")
	m := &merge.Model{Substitute: map[string]float64{}}
	groups := map[shelf.GTIN]string{cola: "cola", water: "water"}
	if share, _ := merge.Substitution(m, groups, map[string]float64{"cola": 200, "water": 100}, map[string]float64{"cola": 400, "water": 400}); len(share) != 2 {
		t.Fatalf("shares %v, want two", share)
	}
	share, shared := merge.Substitution(m, groups, map[string]float64{"cola": 200, "water": 10}, map[string]float64{"cola": 400, "water": 20})
	if _, ok := share[water]; ok || shared[cola] <= 0 {
		t.Errorf("shares %v, doubts %v, want the share of cola alone, with its doubt", share, shared)
	}
}
