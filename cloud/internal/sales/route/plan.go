package route

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// candidate is a store that may serve an order.
type candidate struct {
	look *book.Look
	km   float64
	free map[shelf.GTIN]int64 // that it could serve of what is ordered
	cost int64                // of picking, minor unit of a currency that all candidates share
}

// serves is how much of the need a store covers.
func (c *candidate) serves(need map[shelf.GTIN]int64) (units int64) {
	for g, n := range need {
		units += min(n, c.free[g])
	}
	return units
}

// points of a store for what it would serve; rounded so that answers can be compared.
func (c *candidate) points(w *Weights, need map[shelf.GTIN]int64, further bool) Points {
	var doubt, units float64
	for g, n := range need {
		if part := float64(min(n, c.free[g])); part > 0 {
			doubt += part * (1 - c.look.Findings[g].Confidence)
			units += part
		}
	}
	p := Points{Distance: w.Kilometre * c.km, Load: w.Load * c.look.Load, Cost: w.Cost * float64(c.cost) / 100}
	if units > 0 {
		p.Doubt = w.Doubt * doubt / units
	}
	if further {
		p.Parcel = w.Parcel
	}
	for _, f := range []*float64{&p.Distance, &p.Doubt, &p.Load, &p.Cost, &p.Parcel} {
		*f = math.Round(*f*1000) / 1000
	}
	p.Total = math.Round((p.Distance+p.Doubt+p.Load+p.Cost+p.Parcel)*1000) / 1000
	return p
}

// weigh takes the picking costs of those that may serve into account, where they are in one currency. Costs in several
// say nothing of each other: then none is weighed, and the currencies are given; "" is a master that names none.
func weigh(candidates []*candidate) (currencies []string) {
	for _, c := range candidates {
		s := c.look.Store
		if s.PickCost > 0 && c.any() && !slices.Contains(currencies, s.Currency) {
			currencies = append(currencies, s.Currency)
		}
	}
	if len(currencies) > 1 {
		slices.Sort(currencies)
		return currencies
	}
	for _, c := range candidates {
		c.cost = c.look.Store.PickCost
	}
	return nil
}

// any tells whether it could serve any of what is ordered.
func (c *candidate) any() bool {
	for _, units := range c.free {
		if units > 0 {
			return true
		}
	}
	return false
}

// inUnits is an order in what stands on the shelf, and what nobody knows of it.
func inUnits(c *sales.Counter, o *Order) (units *Order, unknown []Item) {
	of, resolved := map[shelf.GTIN]int{}, *o
	resolved.Lines = nil
	for _, l := range o.Lines {
		g, factor, known := c.Unit(l.GTIN)
		if !known {
			unknown = append(unknown, l)
			continue
		}
		at, again := of[g]
		if !again {
			at = len(resolved.Lines)
			of[g], resolved.Lines = at, append(resolved.Lines, Item{GTIN: g})
		}
		resolved.Lines[at].Units += l.Units * factor
	}
	return &resolved, unknown
}

// plan assigns an order: to the one store with the fewest points that can serve it whole, else, where it
// may be split, to stores in the order of points for each unit that they serve.
func plan(o *Order, candidates []*candidate) (assignments []Assignment, missing []Item) {
	need := map[shelf.GTIN]int64{}
	var all int64
	for _, l := range o.Lines {
		need[l.GTIN] = l.Units
		all += l.Units
	}
	// Sorted by name, so that equal points give the same store everywhere.
	slices.SortFunc(candidates, func(a, b *candidate) int { return strings.Compare(a.look.Store.Store, b.look.Store.Store) })
	split := o.Split == nil || *o.Split
	for all > 0 {
		best := pick(o.Weights, candidates, need, all, len(assignments) > 0, split)
		if best == nil {
			break
		}
		a := Assignment{Store: best.look.Store.Store, KM: math.Round(best.km*1000) / 1000, Points: best.points(o.Weights, need, len(assignments) > 0)}
		for _, l := range o.Lines {
			if n := min(need[l.GTIN], best.free[l.GTIN]); n > 0 {
				a.Lines = append(a.Lines, Item{l.GTIN, n})
				need[l.GTIN] -= n
				best.free[l.GTIN] -= n
				all -= n
			}
		}
		assignments = append(assignments, a)
		if !split {
			break
		}
	}
	for _, l := range o.Lines {
		if need[l.GTIN] > 0 {
			missing = append(missing, Item{l.GTIN, need[l.GTIN]})
		}
	}
	return assignments, missing
}

// pick chooses the next store. One that serves all that is left wins over any split, unless two parcels
// together have fewer points than it.
func pick(w *Weights, candidates []*candidate, need map[shelf.GTIN]int64, all int64, further, split bool) *candidate {
	var whole, part *candidate
	var wholePoints, partRate, partPoints float64
	for _, c := range candidates {
		units := c.serves(need)
		if units == 0 {
			continue
		}
		p := c.points(w, need, further).Total
		if units == all && (whole == nil || p < wholePoints) {
			whole, wholePoints = c, p
		}
		if rate := p / float64(units); part == nil || rate < partRate {
			part, partRate, partPoints = c, rate, p
		}
	}
	switch {
	case whole == nil:
		return part
	case !split || part == whole || partPoints+w.Parcel >= wholePoints:
		return whole
	}
	return part
}

const earthKM = 6371.0088

// distance over the ground by the haversine formula, in kilometres.
func distance(lat1, lon1, lat2, lon2 float64) float64 {
	rad := math.Pi / 180
	a := math.Pow(math.Sin((lat2-lat1)*rad/2), 2) + math.Cos(lat1*rad)*math.Cos(lat2*rad)*math.Pow(math.Sin((lon2-lon1)*rad/2), 2)
	return 2 * earthKM * math.Asin(math.Min(1, math.Sqrt(a)))
}

// may tells whether a store may serve a product, and how much of it: book and shelf must both have it.
func may(o *Order, l *book.Look, s *sales.Stock, now time.Time) int64 {
	if why, _ := against(o, l, s, now); why != "" {
		return 0
	}
	return max(0, free(l, s))
}

func free(l *book.Look, s *sales.Stock) int64 { return s.OnHand - s.Reserved - l.Store.SafetyUnits }
