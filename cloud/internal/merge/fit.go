package merge

import (
	"cmp"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"
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
	Alone    float64   // of Out: without any other of its group
	Whole    bool      // Hours and Out are all of the hour's opening time
	Minor    float64   // revenue of Units, in Currency
	Currency string
	Promoted Stood // the same hour where it was promoted; then Hours is 0
	Lifted   Lifted
}

// Lifted is what is known of an hour in which the calendar promoted the product.
type Lifted struct {
	Factor float64 // demand ÷ what the rate says; 0: not known
	Whole  bool    // Promoted.Hours and Out are all of the hour's opening time
}

// Stood is time on the shelf, in hours that were watched throughout, and what was bought in it.
type Stood struct{ Hours, Units float64 }

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
	HalfLife time.Duration         // a lesson so old counts half; 0: HalfLife
	Uneven   float64               // Rate.Uneven as an earlier fit learned it; 0: all hours count alike
	Groups   map[shelf.GTIN]string // products that customers take for each other; missing: none
	sums     map[pair]*[Week]tallied
	days     map[pair]map[int64]bool
	minor    map[pair]*money
	before   map[pair]unseen
	own      map[pair]Stood // of the last four weeks, as it was
}

// unseen is what was sold in an hour in which nobody saw the product.
type unseen struct {
	at    time.Time
	units float32
}

// HalfLife is how fast lessons age: level changes show within weeks.
const HalfLife = 28 * 24 * time.Hour

type pair struct {
	store string
	gtin  shelf.GTIN
}

func (p pair) compare(o pair) int {
	return cmp.Or(strings.Compare(p.store, o.store), cmp.Compare(p.gtin, o.gtin))
}

// inOrder walks a map by its keys: a sum of fractions depends on their order, and must be the same to the last bit each
// time that it is made.
func inOrder[V any](m map[pair]V) iter.Seq2[pair, V] { return walk(m, pair.compare) }

func walk[K comparable, V any](m map[K]V, compare func(a, b K) int) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(m), compare) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// tallied is units and hours, all by the weight of their age. Hours in which the product was out for a while
// are kept apart: see at.
type tallied struct {
	units, hours float32 // of hours that it stood there throughout
	part, stood  float32 // of the others: units, and hours that it stood there
	parts        float32 // how many others
	out          float32 // hours without it
}

// at gives units and hours as they count for a rate, in units an hour, where the hours' own means vary
// about it by uneven (Rate.Uneven). A shelf is empty the sooner the busier the hour is, so units ÷ time
// over all hours would see too little of the busy ones. What is unbiased is the score of the
// gamma–Poisson, which weighs an hour by 1 ÷ (1 + uneven · rate · time); it does not mind that sales ended
// the time, as no likelihood does. Whole hours count 1.
func (t tallied) at(rate, uneven float64) (units, hours float64) {
	units, hours = float64(t.units), float64(t.hours)
	w := 1.0
	if t.parts > 0 {
		w = (1 + uneven*rate) / (1 + uneven*rate*float64(t.stood/t.parts))
	}
	return units + w*float64(t.part), hours + w*float64(t.stood)
}

type money struct {
	minor, units float64
	currency     string
}

// crowded is what a lesson counts while another product of the group is missing: what was bought then
// was partly meant for that one. It is not nothing, so that a product which is never alone has a rate.
const crowded = 0.02

// Hour takes the lessons of one store's hour, all products together.
func (f *Fit) Hour(list []Lesson) {
	others := othersOut(list, f.Groups)
	for _, l := range list {
		if others(l) > 0 {
			f.learn(l, crowded)
		} else {
			f.learn(l, 1)
		}
	}
}

// othersOut tells how many others of a lesson's group were missing in the same hour, for a while at least.
func othersOut(list []Lesson, groups map[shelf.GTIN]string) func(l Lesson) int {
	out := map[string]int{}
	for _, l := range list {
		if g := groups[l.GTIN]; g != "" && l.Out > 0 {
			out[g]++
		}
	}
	return func(l Lesson) int {
		g := groups[l.GTIN]
		if g == "" {
			return 0
		}
		if l.Out > 0 {
			return out[g] - 1
		}
		return out[g]
	}
}

func (f *Fit) learn(l Lesson, weight float64) {
	if f.sums == nil {
		f.sums, f.days, f.minor, f.before = map[pair]*[Week]tallied{}, map[pair]map[int64]bool{}, map[pair]*money{}, map[pair]unseen{}
		f.own = map[pair]Stood{}
	}
	if l.Hours <= 0 && l.Out <= 0 {
		return
	}
	half := f.HalfLife
	if half == 0 {
		half = HalfLife
	}
	weight *= math.Exp2(-f.Now.Sub(l.Local).Hours() / half.Hours())
	k := pair{l.Store, l.GTIN}
	s := f.sums[k]
	if s == nil {
		s = new([Week]tallied)
		f.sums[k], f.days[k], f.minor[k] = s, map[int64]bool{}, &money{}
	}
	t := &s[HourOfWeek(l.Local)]
	t.out += float32(weight * l.Out)
	if l.Hours <= 0 {
		f.before[k] = unseen{l.Local, float32(weight * l.Units)}
		return
	}
	// It was back before anybody looked, and sold: as much as a shelf that has run empty counts as full
	// until the next look. Goods that sell while the shelf stays empty stand elsewhere.
	if u, ok := f.before[k]; ok && l.Local.Sub(u.at) == time.Hour {
		t.part += u.units
	}
	if l.Out > 0 {
		t.part += float32(weight * l.Units)
		t.stood += float32(weight * l.Hours)
		t.parts += float32(weight)
	} else {
		t.units += float32(weight * l.Units)
		t.hours += float32(weight * l.Hours)
	}
	if f.Now.Sub(l.Local) <= averaged {
		o := f.own[k]
		f.own[k] = Stood{o.Hours + l.Hours, o.Units + l.Units}
	}
	y, m, d := l.Local.Date()
	f.days[k][time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()] = true
	if v := f.minor[k]; v.currency == "" || v.currency == l.Currency {
		v.minor, v.units = v.minor+l.Minor, v.units+l.Units
		if l.Currency != "" {
			v.currency = l.Currency
		}
	}
}

// Solve gives each store's rates. dispersion and substitution come from Residuals over the same
// lessons, afterwards.
func (f *Fit) Solve(version int64, cluster string) map[string]*StoreRates {
	rates := f.counted(nil).solve(version, cluster)
	if f.Uneven > 0 {
		rates = f.counted(rates).solve(version, cluster)
	}
	for k, s := range f.sums {
		if r := rates[k.store]; r != nil {
			r.press(k.gtin, s)
		}
	}
	return rates
}

// press notes how much a product is missed in which hours of the day.
func (r *StoreRates) press(g shelf.GTIN, s *[Week]tallied) {
	var out, stood [24]float32
	for w, t := range s {
		out[w%24] += t.out
		stood[w%24] += t.hours + t.stood
	}
	p := new([24]float32)
	for h := range p {
		if stood[h] > 0 {
			p[h] = min(mostPressed, out[h]/stood[h])
		}
	}
	if r.pressed == nil {
		r.pressed = map[shelf.GTIN]*[24]float32{}
	}
	r.pressed[g] = p
}

// mostPressed bounds how much more an hour can count than one in which nothing is missed.
const mostPressed = 3

// counted is what the lessons of a fit come to under rates; nil: all hours count alike.
type counted struct {
	*Fit
	sums  map[pair]*[Week]tally
	order []pair // of sums, in which all is added
}

type tally struct{ units, hours float64 }

func (f *Fit) counted(rates map[string]*StoreRates) *counted {
	c := &counted{f, make(map[pair]*[Week]tally, len(f.sums)), slices.SortedFunc(maps.Keys(f.sums), pair.compare)}
	for k, s := range f.sums {
		r := rates[k.store]
		out := new([Week]tally)
		for w, t := range s {
			out[w].units, out[w].hours = t.at(r.at(k.gtin, w), f.Uneven)
		}
		c.sums[k] = out
	}
	return c
}

// rounds is how often the factors are learned anew, each with the others as they were learned before it.
const rounds = 4

// solve learns the factors in turn (iterative proportional fitting: Deming & Stephan 1940; Bishop, Fienberg &
// Holland 1975, ch. 3), each shrunk. In one round alone a product's evening would be what it sold in the
// evenings of those stores that still had it then, which are those that sell the least.
func (f *counted) solve(version int64, cluster string) map[string]*StoreRates {
	out := map[string]*StoreRates{}
	shapes := map[shelf.GTIN]*Profile{}
	for k := range f.sums {
		if out[k.store] == nil {
			out[k.store] = &StoreRates{version: version, store: k.store, cluster: cluster, dispersion: 1, uneven: f.Uneven, traffic: flat(), bases: map[shelf.GTIN]base{}, shapes: shapes, substitute: map[shelf.GTIN]float64{}}
		}
		if shapes[k.gtin] == nil {
			p := flat()
			shapes[k.gtin] = &p
		}
	}
	var products told[shelf.GTIN]
	var stores told[string]
	for range rounds {
		f.bases(out)
		products = f.shapes(out, shapes)
		stores = f.traffic(out)
	}
	f.bases(out)
	f.doubt(out, products, stores)
	return out
}

func flat() (p Profile) {
	for w := range p {
		p[w] = 1
	}
	return p
}
