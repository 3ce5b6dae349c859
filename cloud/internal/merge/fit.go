package merge

import (
	"math"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lesson is one hour of one product in one store from which demand can be learned.
type Lesson struct {
	Store    string
	GTIN     shelf.GTIN
	Local    time.Time // start of the hour in the store's zone
	Hours    float64   // on the shelf and watched
	Units    float64   // bought off the shelf in them
	Out      float64   // hours without it in the same hour, watched: what its substitutes may have gained
	Minor    float64   // revenue of Units, in Currency
	Currency string
}

// Fit learns demand rates for a cluster of similar stores from in-stock hours:
//
//	rate(store, product, hour of week) = base(store, product) · shape(product, hour) · traffic(store, hour)
//
// Each factor is Σ units ÷ Σ expected units, shrunk towards the level above it as the mean of a
// gamma–Poisson: base to the product's mean over the stores, with a strength taken from how much the
// stores differ (method of moments); shape to the cluster's; traffic to 1. A stockout that demand
// itself brought about does not bias a rate: time on the shelf is a stopping time, and units ÷ time
// stays the maximum likelihood (docs/kpis.md, "Demand rate"; the shrinkage is ours).
type Fit struct {
	Now      time.Time
	HalfLife time.Duration // a lesson so old counts half; 0: HalfLife
	sums     map[pair]*[Week]tallied
	days     map[pair]map[int64]bool
	minor    map[pair]*money
}

// HalfLife is how fast lessons age: level changes show within weeks.
const HalfLife = 28 * 24 * time.Hour

type pair struct {
	store string
	gtin  shelf.GTIN
}

// tallied is units and hours, both by the weight of their age.
type tallied struct{ units, hours float32 }

type money struct {
	minor, units float64
	currency     string
}

// Learn takes one lesson.
func (f *Fit) Learn(l Lesson) {
	if f.sums == nil {
		f.sums, f.days, f.minor = map[pair]*[Week]tallied{}, map[pair]map[int64]bool{}, map[pair]*money{}
	}
	if l.Hours <= 0 {
		return
	}
	half := f.HalfLife
	if half == 0 {
		half = HalfLife
	}
	weight := math.Exp2(-f.Now.Sub(l.Local).Hours() / half.Hours())
	k := pair{l.Store, l.GTIN}
	s := f.sums[k]
	if s == nil {
		s = new([Week]tallied)
		f.sums[k], f.days[k], f.minor[k] = s, map[int64]bool{}, &money{}
	}
	t := &s[HourOfWeek(l.Local)]
	t.units += float32(weight * l.Units)
	t.hours += float32(weight * l.Hours)
	y, m, d := l.Local.Date()
	f.days[k][time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()] = true
	if v := f.minor[k]; v.currency == "" || v.currency == l.Currency {
		v.minor, v.units = v.minor+l.Minor, v.units+l.Units
		if l.Currency != "" {
			v.currency = l.Currency
		}
	}
}

// Strengths of the shrinkage, in units that a level above speaks for.
const (
	shapePrior   = 30
	trafficPrior = 30
	minBase      = 0.5 // of base: never less, so that one odd store does not stand alone
	maxBase      = 200
)

// Solve gives each store's rates. dispersion and substitution come from Residuals over the same
// lessons, afterwards.
func (f *Fit) Solve(version int64, cluster string) map[string]*StoreRates {
	mean, cluster168 := f.means()
	shapes := f.shapes(mean, cluster168)
	bases := f.bases(mean, shapes)
	out := map[string]*StoreRates{}
	for k, b := range bases {
		r := out[k.store]
		if r == nil {
			r = &StoreRates{version: version, store: k.store, cluster: cluster, dispersion: 1, bases: map[shelf.GTIN]base{}, shapes: shapes, substitute: map[shelf.GTIN]float64{}}
			out[k.store] = r
		}
		r.bases[k.gtin] = b
	}
	f.traffic(out)
	return out
}

// means are each product's units an hour over all stores, and how all products together sell over
// the week against that.
func (f *Fit) means() (map[shelf.GTIN]float64, *Profile) {
	units, hours := map[shelf.GTIN]float64{}, map[shelf.GTIN]float64{}
	for k, s := range f.sums {
		for _, t := range s {
			units[k.gtin] += float64(t.units)
			hours[k.gtin] += float64(t.hours)
		}
	}
	mean := map[shelf.GTIN]float64{}
	for g, u := range units {
		if hours[g] > 0 {
			mean[g] = u / hours[g]
		}
	}
	var got, expected [Week]float64
	for k, s := range f.sums {
		for w, t := range s {
			got[w] += float64(t.units)
			expected[w] += mean[k.gtin] * float64(t.hours)
		}
	}
	var p Profile
	for w := range p {
		p[w] = float32((got[w] + 1) / (expected[w] + 1))
	}
	return mean, &p
}

// shapes shrinks each product's week to the cluster's.
func (f *Fit) shapes(mean map[shelf.GTIN]float64, all *Profile) map[shelf.GTIN]*Profile {
	got, expected := map[shelf.GTIN]*[Week]float64{}, map[shelf.GTIN]*[Week]float64{}
	for k, s := range f.sums {
		u, x := got[k.gtin], expected[k.gtin]
		if u == nil {
			u, x = new([Week]float64), new([Week]float64)
			got[k.gtin], expected[k.gtin] = u, x
		}
		for w, t := range s {
			u[w] += float64(t.units)
			x[w] += mean[k.gtin] * float64(all[w]) * float64(t.hours)
		}
	}
	out := map[shelf.GTIN]*Profile{}
	for g, u := range got {
		p := new(Profile)
		for w := range p {
			p[w] = all[w] * float32((u[w]+shapePrior)/(expected[g][w]+shapePrior))
		}
		out[g] = p
	}
	return out
}

// bases shrinks each store's level of a product to the mean of the stores. The strength of the prior is
// 1 ÷ the variance of the true ratios between stores, estimated as the variance seen less what chance
// alone makes.
func (f *Fit) bases(mean map[shelf.GTIN]float64, shapes map[shelf.GTIN]*Profile) map[pair]base {
	type level struct{ got, expected float64 }
	levels := map[pair]level{}
	spread := map[shelf.GTIN]*level{} // Σ((n−x)² − x), Σx²
	for k, s := range f.sums {
		var l level
		for w, t := range s {
			l.got += float64(t.units)
			l.expected += mean[k.gtin] * float64(shapes[k.gtin][w]) * float64(t.hours)
		}
		levels[k] = l
		v := spread[k.gtin]
		if v == nil {
			v = &level{}
			spread[k.gtin] = v
		}
		v.got += (l.got-l.expected)*(l.got-l.expected) - l.expected
		v.expected += l.expected * l.expected
	}
	out := map[pair]base{}
	for k, l := range levels {
		v := spread[k.gtin]
		prior := float64(maxBase)
		if v.got > 0 && v.expected > 0 {
			prior = min(maxBase, max(minBase, v.expected/v.got))
		}
		b := base{
			PerHour: mean[k.gtin] * (l.got + prior) / (l.expected + prior),
			Error:   1 / math.Sqrt(l.got+prior),
			Days:    len(f.days[k]),
		}
		if v := f.minor[k]; v.units > 0 {
			b.Minor, b.Currency = v.minor/v.units, v.currency
		}
		out[k] = b
	}
	return out
}

// traffic is how a store's week differs from its cluster's, over all its products together.
func (f *Fit) traffic(out map[string]*StoreRates) {
	type week struct{ got, expected [Week]float64 }
	weeks := map[string]*week{}
	for k, s := range f.sums {
		v := weeks[k.store]
		if v == nil {
			v = &week{}
			weeks[k.store] = v
		}
		r := out[k.store]
		per := r.bases[k.gtin].PerHour
		shape := r.shapes[k.gtin]
		for w, t := range s {
			v.got[w] += float64(t.units)
			v.expected[w] += per * float64(shape[w]) * float64(t.hours)
		}
	}
	for store, r := range out {
		for w := range r.traffic {
			r.traffic[w] = float32((weeks[store].got[w] + trafficPrior) / (weeks[store].expected[w] + trafficPrior))
		}
	}
}
