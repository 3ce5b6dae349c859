package merge

import (
	"cmp"
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Bounds of the strength of a shrinkage, in expected units that the level above speaks for.
const (
	leastPrior = 0.5
	mostPrior  = 200
)

// moments estimates the strength of a shrinkage: 1 ÷ the variance of the true ratios, which is the
// variance seen less what chance alone makes. The zero value is empty.
type moments struct{ excess, squares float64 }

func (m *moments) add(got, expected float64) {
	m.excess += (got-expected)*(got-expected) - expected
	m.squares += expected * expected
}

func (m *moments) prior() float64 {
	if m.excess <= 0 || m.squares <= 0 {
		return mostPrior
	}
	return min(mostPrior, max(leastPrior, m.squares/m.excess))
}

// week is what was got and what was expected in each hour of the week.
type week struct{ got, expected [Week]float64 }

// levels are what a week is learned by, one after the other: how the hours of the day differ, how the days
// do, and what is left to single hours of the week. The first two have seven and 24 times as much to
// learn from; an evening whose shelf is mostly empty is known by the other evenings.
var levels = []struct {
	of func(w int) int
	n  int
}{{func(w int) int { return w % 24 }, 24}, {func(w int) int { return w / 24 }, 7}, {func(w int) int { return w }, Week}}

// told is what weeks were learned from: units by level, with the strength of the shrinkage there.
type told[K comparable] struct {
	prior [3]float64
	units map[K]*[3][]float64
}

// doubt is the variance of what is lost, by hour of the week, that follows from how far off a learned week is, ÷
// its square. Each factor of a level is the mean of a gamma posterior, whose relative variance is 1 ÷ (units +
// prior); hours that share a factor are wrong together.
func (t told[K]) doubt(k K, lost *[Week]float64) (variance float64) {
	units := t.units[k]
	if units == nil {
		return 0
	}
	sum := 0.0
	for _, v := range lost {
		sum += v
	}
	for i, level := range levels {
		parts := make([]float64, level.n)
		for w, v := range lost {
			parts[level.of(w)] += v
		}
		for j, p := range parts {
			variance += p * p / (units[i][j] + t.prior[i])
		}
	}
	return variance / (sum * sum)
}

// doubt says how far off lost sales are because the weeks of stores and of products are, in the hours in which
// they were lost so far; where nothing was, in those in which most is sold.
func (f *counted) doubt(out map[string]*StoreRates, products told[shelf.GTIN], stores told[string]) {
	byProduct, byStore := map[shelf.GTIN]*[Week]float64{}, map[string]*[Week]float64{}
	for _, k := range f.order {
		s := f.Fit.sums[k]
		p, t := byProduct[k.gtin], byStore[k.store]
		if p == nil {
			p = new([Week]float64)
			byProduct[k.gtin] = p
		}
		if t == nil {
			t = new([Week]float64)
			byStore[k.store] = t
		}
		r := out[k.store]
		for w := range s {
			lost := r.at(k.gtin, w) * (float64(s[w].out) + 1e-6*float64(s[w].hours))
			p[w] += lost
			t[w] += lost
		}
	}
	shared := map[shelf.GTIN]float64{}
	for g, lost := range byProduct {
		if v := products.doubt(g, lost); v > 0 {
			shared[g] = math.Sqrt(v)
		}
	}
	for store, r := range out {
		r.shared = shared
		if v := stores.doubt(store, byStore[store]); v > 0 {
			r.local = math.Sqrt(v)
		}
	}
}

// profiles learns for each key how its week differs from what was expected, level by level, each shrunk to
// 1 by how much the keys differ there. It changes weeks.
func profiles[K cmp.Ordered](weeks map[K]*week) (map[K]*Profile, told[K]) {
	from := told[K]{units: make(map[K]*[3][]float64, len(weeks))}
	out := make(map[K]*Profile, len(weeks))
	for k := range weeks {
		p := new(Profile)
		for w := range p {
			p[w] = 1
		}
		out[k], from.units[k] = p, new([3][]float64)
	}
	for n, level := range levels {
		got, expected := map[K][]float64{}, map[K][]float64{}
		var m moments
		for k, v := range walk(weeks, cmp.Compare[K]) {
			g, x := make([]float64, level.n), make([]float64, level.n)
			for w := range v.got {
				g[level.of(w)] += v.got[w]
				x[level.of(w)] += v.expected[w]
			}
			for i := range g {
				m.add(g[i], x[i])
			}
			got[k], expected[k] = g, x
			from.units[k][n] = g
		}
		prior := m.prior()
		from.prior[n] = prior
		for k, v := range weeks {
			for w := range v.expected {
				i := level.of(w)
				factor := (got[k][i] + prior) / (expected[k][i] + prior)
				v.expected[w] *= factor
				out[k][w] *= float32(factor)
			}
		}
	}
	return out, from
}

// shapes shrinks each product's week to that of all products together.
func (f *counted) shapes(out map[string]*StoreRates, shapes map[shelf.GTIN]*Profile) told[shelf.GTIN] {
	weeks := map[shelf.GTIN]*week{}
	var got, expected [Week]float64
	for _, k := range f.order {
		s, r := f.sums[k], out[k.store]
		per, known := r.bases[k.gtin]
		if !known {
			continue
		}
		v := weeks[k.gtin]
		if v == nil {
			v = &week{}
			weeks[k.gtin] = v
		}
		for w, t := range s {
			x := per.PerHour * float64(r.traffic[w]) * t.hours
			v.got[w] += t.units
			v.expected[w] += x
			got[w] += t.units
			expected[w] += x
		}
	}
	var all Profile
	for w := range all {
		all[w] = float32((got[w] + 1) / (expected[w] + 1))
	}
	for _, v := range weeks {
		for w := range v.expected {
			v.expected[w] *= float64(all[w])
		}
	}
	learned, from := profiles(weeks)
	for g, p := range learned {
		for w := range p {
			p[w] *= all[w]
		}
		*shapes[g] = *p
	}
	return from
}

// bases shrinks each store's level of a product to the mean of the stores.
func (f *counted) bases(out map[string]*StoreRates) {
	type level struct{ got, hours float64 } // hours weighed by how busy they are
	levels, all := map[pair]level{}, map[shelf.GTIN]level{}
	for _, k := range f.order {
		s, r := f.sums[k], out[k.store]
		var l level
		for w, t := range s {
			l.got += t.units
			l.hours += float64(r.shapes[k.gtin][w]) * float64(r.traffic[w]) * t.hours
		}
		levels[k] = l
		sum := all[k.gtin]
		all[k.gtin] = level{sum.got + l.got, sum.hours + l.hours}
	}
	spread := map[shelf.GTIN]*moments{}
	mean := func(g shelf.GTIN) float64 { return all[g].got / max(all[g].hours, math.SmallestNonzeroFloat64) }
	for _, k := range f.order {
		l := levels[k]
		if spread[k.gtin] == nil {
			spread[k.gtin] = &moments{}
		}
		spread[k.gtin].add(l.got, mean(k.gtin)*l.hours)
	}
	for k, l := range levels {
		if all[k.gtin].got == 0 {
			continue // sold nowhere: more likely no till knows it than nobody wants it
		}
		prior, per := spread[k.gtin].prior(), mean(k.gtin)
		b := base{
			PerHour: per * (l.got + prior) / (per*l.hours + prior),
			Error:   1 / math.Sqrt(l.got+prior),
			Days:    len(f.days[k]),
		}
		if o := f.own[k]; o.Hours > 0 {
			b.Own = o.Units / o.Hours
		}
		if v := f.minor[k]; v.units > 0 {
			b.Minor, b.Currency = v.minor/v.units, v.currency
		}
		out[k.store].bases[k.gtin] = b
	}
}

// traffic is how a store's week differs from what its products do elsewhere, over all of them together.
func (f *counted) traffic(out map[string]*StoreRates) told[string] {
	weeks := map[string]*week{}
	for _, k := range f.order {
		s, r := f.sums[k], out[k.store]
		v := weeks[k.store]
		if v == nil {
			v = &week{}
			weeks[k.store] = v
		}
		per := r.bases[k.gtin].PerHour
		shape := r.shapes[k.gtin]
		for w, t := range s {
			v.got[w] += t.units
			v.expected[w] += per * float64(shape[w]) * t.hours
		}
	}
	learned, from := profiles(weeks)
	for store, p := range learned {
		out[store].traffic = *p
	}
	return from
}
