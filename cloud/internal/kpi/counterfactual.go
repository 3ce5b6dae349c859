package kpi

import (
	"cmp"
	"math"
	"slices"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// selling is what one store sold of some products over a stretch of days.
type selling struct {
	units, minor     float64
	promoted         float64 // of units: as the tills told
	days             float64 // in stock: days × the share of the time watched in which they stood there
	watched, onShelf int64
	open             int64
}

func (s *selling) perDay() float64 {
	if s == nil || s.days == 0 {
		return 0
	}
	return s.units / s.days
}

// stood is the share of the time watched in which the products stood there. Where nobody looked they count as there.
func (s *selling) stood() float64 {
	if s.watched == 0 {
		return 1
	}
	return float64(s.onShelf) / float64(s.watched)
}

func (s *selling) add(o *selling) {
	s.units, s.minor, s.promoted = s.units+o.units, s.minor+o.minor, s.promoted+o.promoted
	s.watched, s.onShelf, s.open = s.watched+o.watched, s.onShelf+o.onShelf, s.open+o.open
}

// sellingOf is what a cell sold, without its days.
func sellingOf(cell *merge.Cell) *selling {
	s := &selling{units: float64(cell.Units()), watched: cell.Watched, onShelf: cell.OnShelf, open: cell.Open}
	for _, line := range cell.Sales {
		s.promoted += float64(line.Promoted)
	}
	for _, m := range revenue(cell) {
		s.minor += float64(m.Minor)
	}
	return s
}

// selling sums a cube by store.
func (c *cube) selling(days float64) map[string]*selling {
	out := map[string]*selling{}
	for key, g := range c.groups {
		s := sellingOf(g.sum())
		s.days = days * s.stood()
		out[key] = s
	}
	return out
}

// counterfactual is what some stores sold beside what they would have without a change.
type counterfactual struct {
	known            bool
	units            int64
	actual, baseline float64
	sd               float64 // of the baseline
	minor, preMinor  float64 // money for one unit, while and before
	matched          int
	coverage         float64
}

// counter gives each treated store its own sales a day before, times how its matched stores went
// on: those that were not treated, nor promoted otherwise (clean), and sold most like it before, of its own region rather
// than of another. Both sides count days in stock, so that an empty shelf is not taken for a failed campaign. The
// spread of the matched stores about their common way says how far off a single store may be.
func counter(treated []string, pre, during map[string]*selling, m *merge.Masters, clean func(store string) bool) (c counterfactual) {
	isTreated := map[string]bool{}
	for _, s := range treated {
		isTreated[s] = true
	}
	var controls []string
	for store, s := range pre {
		if !isTreated[store] && s.perDay() > 0 && during[store].perDay() > 0 && !during[store].promotedByTills() && clean(store) {
			controls = append(controls, store)
		}
	}
	slices.Sort(controls)
	used := map[string]bool{}
	var watched, open int64
	var variance, common, preUnits, preMoney, money float64
	for _, store := range treated {
		was, is := pre[store], during[store]
		if is != nil {
			c.units += int64(is.units)
			money += is.minor
			watched, open = watched+is.watched, open+is.open
		}
		if was.perDay() == 0 || is == nil {
			continue // nothing before to compare with
		}
		c.known = true
		near := nearest(store, controls, pre, m)
		trend, spread := 1.0, 0.0
		if len(near) > 0 {
			var a, b float64
			for _, n := range near {
				used[n] = true
				a, b = a+during[n].perDay(), b+pre[n].perDay()
			}
			trend = a / b
			for _, n := range near {
				e := math.Log(during[n].perDay()/pre[n].perDay()) - math.Log(trend)
				spread += e * e
			}
			spread /= float64(max(1, len(near)-1))
		}
		expected := was.perDay() * trend * is.days
		c.actual += is.units
		c.baseline += expected
		// Its own way, and the chance in its days before.
		variance += expected*expected*spread + expected*expected/max(1, was.units)
		common += expected * math.Sqrt(spread/float64(max(1, len(near))))
		preUnits, preMoney = preUnits+was.units, preMoney+was.minor
	}
	c.sd = math.Sqrt(variance + common*common + c.baseline) // and the customers' chance
	c.matched, c.coverage = len(used), share(watched, open)
	if preUnits > 0 {
		c.preMinor = preMoney / preUnits
	}
	if c.units > 0 {
		c.minor = money / float64(c.units)
	}
	return c
}

// elsewhere is how much further a store of another region counts, in logarithms of sales.
const elsewhere = 0.5

func nearest(store string, controls []string, pre map[string]*selling, m *merge.Masters) []string {
	region, own := m.Place(store).Region, math.Log(pre[store].perDay())
	far := func(n string) float64 {
		d := math.Abs(math.Log(pre[n].perDay()) - own)
		if m.Place(n).Region != region {
			d += elsewhere
		}
		return d
	}
	near := slices.Clone(controls)
	slices.SortStableFunc(near, func(a, b string) int { return cmp.Compare(far(a), far(b)) })
	return near[:min(matched, len(near))]
}

// others are the own products that customers take for the promoted ones.
func others(m *merge.Masters, promoted []shelf.GTIN) (list []shelf.GTIN) {
	groups := map[string]bool{}
	for _, g := range promoted {
		if p := m.Products[g]; p != nil && p.Group != "" {
			groups[p.Group] = true
		}
	}
	for g, p := range m.Products {
		if p.Own && groups[p.Group] && !slices.Contains(promoted, g) {
			list = append(list, g)
		}
	}
	slices.Sort(list)
	return list
}

// settle puts the units into money: margin of what was sold at its price, less that of the baseline at
// the price before, with what other products and the time after gained or lost. Without a cost price
// there is no margin.
func (l *Lift) settle(m *merge.Masters, main, taken, after counterfactual) {
	cost, known := unitCost(m, l.GTINs)
	if !known {
		return
	}
	margin := main.actual*(main.minor-cost) - main.baseline*(main.preMinor-cost)
	if taken.known {
		theirs, known := unitCost(m, others(m, l.GTINs))
		if !known {
			return
		}
		margin += (taken.actual - taken.baseline) * (taken.preMinor - theirs)
	}
	if after.known {
		margin += (after.actual - after.baseline) * (main.preMinor - cost)
	}
	l.Margin = rounded(margin)
	if l.Cost > 0 {
		l.ROI = rounded((margin - float64(l.Cost)) / float64(l.Cost))
	}
}

// unitCost is the mean cost price of some products; known where all have one.
func unitCost(m *merge.Masters, list []shelf.GTIN) (minor float64, known bool) {
	for _, g := range list {
		p := m.Products[g]
		if p == nil || p.Cost == 0 {
			return 0, false
		}
		minor += float64(p.Cost) / float64(len(list))
	}
	return minor, len(list) > 0
}
