package market_test

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
)

// TestLostSalesAgainstTheTruth holds the estimate to what really happened in a small world. make
// bench-merge measures a larger one.
func TestLostSalesAgainstTheTruth(t *testing.T) {
	w := market.Default()
	r := market.Measure(&w, 28, 14)
	t.Logf("%+v", r)
	if r.LostSeen < 1000 || r.Watched > 0.97 || r.OSA > 0.99 {
		t.Fatalf("a world in which little is lost or all is seen proves nothing: %+v", r)
	}
	if math.Abs(r.SeenError) > 0.1 {
		t.Errorf("lost while watched: %.0f estimated, %d true", r.LostSeenEst, r.LostSeen)
	}
	if math.Abs(r.Error) > 0.15 {
		t.Errorf("lost in all: %.0f estimated, %d true", r.LostEst, r.Lost)
	}
	if r.Covered < 0.72 || r.Covered > 0.95 {
		t.Errorf("the 80 %% interval covers %.1f %%", 100*r.Covered)
	}
	if len(r.Forecast) != 3 || r.Forecast[0].Cases < 50 || r.Forecast[0].Pinball >= r.Forecast[1].Pinball {
		t.Errorf("a forecast that is no better than the week before: %+v", r.Forecast)
	}
	if math.Abs(r.Substitution-r.SubstTrue) > 0.12 {
		t.Errorf("substitution: %.2f estimated, %.2f true", r.Substitution, r.SubstTrue)
	}
}
