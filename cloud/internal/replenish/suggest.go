package replenish

import (
	"math"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
)

// Need is the input of one suggestion.
type Need struct {
	Stock    float64        // units in the store now
	Before   merge.Forecast // demand until the delivery
	Cycle    merge.Forecast // demand from the delivery until the next one
	Capacity int64          // units that the coolers hold; 0: not known
	Pack     int64          // units of a pack, ≥ 1
	Margin   float64        // money for one unit sold, minor unit
	Service  float64        // share of cycles in which nothing should run out, 0 to 1
}

// Advice is the result.
type Advice struct {
	Packs    int64
	Arrival  float64 // units expected to be left when the delivery comes
	Target   float64 // units that the cycle needs
	Without  float64 // units expected to be sold in the cycle without the order
	With     float64 // units expected to be sold in the cycle with the order
	Gain     float64 // money that the difference is worth, in the minor unit
	Capped   bool    // the coolers hold less than the target
	Over     int64   // units for which there is no room in the coolers, because they hold less than a pack
	Rounding int64   // units more (or fewer) than needed, from whole packs
}

// Suggest orders, in whole packs, up to the demand that the cycle needs at the service level, but no more than
// the coolers hold. If they hold less than one pack, the product would never be ordered; then one pack is
// ordered, and the rest waits in the back room. The gain is E[min(D, stock + order)] − E[min(D, stock)] times
// the margin: the newsvendor's, over one cycle.
func Suggest(n Need) Advice {
	a := Advice{Arrival: max(0, n.Stock-merge.Served(n.Stock, n.Before.Mean, n.Before.Variance)), Target: n.Cycle.Quantile(n.Service)}
	up := a.Target
	if n.Capacity > 0 && float64(n.Capacity) < up {
		up, a.Capped = float64(n.Capacity), true
	}
	need := up - a.Arrival
	if need > 0 {
		a.Packs = int64(math.Ceil(need / float64(n.Pack)))
		switch {
		case n.Capacity > 0 && n.Capacity < n.Pack:
			a.Packs = 1
			a.Over = max(0, int64(math.Ceil(a.Arrival+float64(n.Pack-n.Capacity)-1e-9)))
		case n.Capacity > 0:
			a.Packs = max(0, min(a.Packs, int64(math.Floor((float64(n.Capacity)-a.Arrival)/float64(n.Pack)+1e-9))))
		}
		a.Rounding = a.Packs*n.Pack - int64(math.Ceil(need))
	}
	a.Without = merge.Served(a.Arrival, n.Cycle.Mean, n.Cycle.Variance)
	a.With = merge.Served(a.Arrival+float64(a.Packs*n.Pack), n.Cycle.Mean, n.Cycle.Variance)
	a.Gain = max(0, a.With-a.Without) * n.Margin
	return a
}
