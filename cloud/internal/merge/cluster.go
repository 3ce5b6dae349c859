package merge

import (
	"cmp"
	"math"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// comparison holds rates against what was sold in the hours that are most like those that were lost, and learns
// how far rates are off there: everywhere, for a product in all stores, for a store with all its
// products, and on a single day of a store. Slots of one store or one product are wrong together, so these
// errors do not average out where their lost sales are added.
//
// The hours most like the lost ones begin with a shelf that was just refilled. What is sold in them says
// what was wanted a little before: refills do not ask how busy it is, and a full shelf is seldom empty
// within the hour. Other hours with the product are those that demand left it in; and a shelf that ran
// empty counts as full until the next look, so that they seem slower than they were. They are weighed by
// how often the product is missed at that time of day, and by how much an hour tells (see tallied.at).
//
// Each effect is a random one: its variance is what the clusters' ratios differ by beyond chance (method of
// moments, DerSimonian & Laird 1986; for crossed effects Henderson's method III, Searle, Casella & McCulloch
// 1992, ch. 5, of which this takes one effect after the other), and a cluster's own ratio is shrunk
// accordingly (best linear unbiased prediction). What is left of its variance is the error's.
type comparison struct {
	pairs map[pair]*likeness
	days  map[storeDay]*likeness
}

type storeDay struct {
	store string
	day   int64 // since 1970, local
}

func (d storeDay) compare(o storeDay) int {
	return cmp.Or(strings.Compare(d.store, o.store), cmp.Compare(d.day, o.day))
}

// likeness compares units with what a rate expected, with the variance that chance gives the former.
type likeness struct{ got, expected, variance float64 }

// alike weighs what one hour sold and was expected to by what it tells (see tallied.at), and by weight.
func alike(units, expected, uneven, weight float64) likeness {
	w := weight / (1 + uneven*expected)
	return likeness{w * units, w * expected, w * w * (expected + uneven*expected*expected)}
}

func (k *likeness) add(o likeness) {
	k.got, k.expected, k.variance = k.got+o.got, k.expected+o.expected, k.variance+o.variance
}

// ratio is how units stand to what was expected, and its variance by chance; false where nothing was expected.
func (k *likeness) ratio() (r, variance float64, ok bool) {
	if k == nil || k.expected <= 0 {
		return 1, 0, false
	}
	return k.got / k.expected, k.variance / (k.expected * k.expected), true
}

func newComparison() *comparison {
	return &comparison{map[pair]*likeness{}, map[storeDay]*likeness{}}
}

func (c *comparison) like(l Lesson, one likeness) { entry(c.pairs, pair{l.Store, l.GTIN}).add(one) }

func (c *comparison) day(l Lesson, one likeness) {
	entry(c.days, storeDay{l.Store, dayNumber(l.Local)}).add(one)
}

func dayNumber(local time.Time) int64 {
	y, m, d := local.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
}

func entry[K comparable](m map[K]*likeness, k K) *likeness {
	v := m[k]
	if v == nil {
		v = &likeness{}
		m[k] = v
	}
	return v
}

// factor is what lost sales are multiplied by, and its relative standard deviation.
type factor struct{ factor, sd float64 }

// effectsOf are what solve learned. Products and stores that it has nothing of are as far off as any other.
type effectsOf struct {
	all                            factor
	products                       map[shelf.GTIN]factor
	stores                         map[string]factor
	betweenProducts, betweenStores float64 // variances
	daily                          float64 // standard deviation
}

func (e *effectsOf) product(g shelf.GTIN) factor {
	if f, ok := e.products[g]; ok {
		return f
	}
	return factor{1, math.Sqrt(e.betweenProducts)}
}

func (e *effectsOf) store(s string) factor {
	if f, ok := e.stores[s]; ok {
		return f
	}
	return factor{1, math.Sqrt(e.betweenStores)}
}

const (
	// unlike is how far off rates may be where a product is missed as long as no hour tells, as a standard
	// deviation: our judgement. Some hundred units outweigh it.
	unlike = 0.1
	// mostMissed bounds how much more is wanted while a product is missed than its rate says.
	mostMissed = 2
)

// solve learns the effects one after the other, each beside those before it.
func (c *comparison) solve() *effectsOf {
	var sum likeness
	for _, k := range inOrder(c.pairs) {
		sum.add(*k)
	}
	e := &effectsOf{all: factor{1, unlike}}
	if r, v, ok := sum.ratio(); ok {
		e.all = shrunk(r, v, unlike*unlike)
	}
	products, stores := map[shelf.GTIN]*likeness{}, map[string]*likeness{}
	for k, v := range inOrder(c.pairs) {
		entry(products, k.gtin).add(likeness{v.got, v.expected * e.all.factor, v.variance})
	}
	e.products, e.betweenProducts = effects(products, cmp.Compare[shelf.GTIN])
	for k, v := range inOrder(c.pairs) {
		entry(stores, k.store).add(likeness{v.got, v.expected * e.all.factor * e.products[k.gtin].factor, v.variance})
	}
	e.stores, e.betweenStores = effects(stores, strings.Compare)
	e.daily = c.daily()
	return e
}

// daily is how much a store's days differ beyond chance.
func (c *comparison) daily() float64 {
	stores, days := map[string]*likeness{}, map[storeDay]*likeness{}
	for k, v := range walk(c.days, storeDay.compare) {
		entry(stores, k.store).add(*v)
	}
	for k, v := range c.days {
		if r, _, ok := stores[k.store].ratio(); ok && r > 0 {
			days[k] = &likeness{v.got, v.expected * r, v.variance}
		}
	}
	_, between := effects(days, storeDay.compare)
	return math.Sqrt(between)
}

// effects gives each cluster its factor, and the variance between them.
func effects[K comparable](of map[K]*likeness, compare func(a, b K) int) (map[K]factor, float64) {
	var between, weights float64
	for _, k := range walk(of, compare) {
		if r, v, ok := k.ratio(); ok {
			between += k.expected * ((r-1)*(r-1) - v)
			weights += k.expected
		}
	}
	if weights == 0 {
		return map[K]factor{}, 0
	}
	between = max(0, between/weights)
	out := make(map[K]factor, len(of))
	for key, k := range of {
		if r, v, ok := k.ratio(); ok {
			out[key] = shrunk(r, v, between)
		}
	}
	return out, between
}

// shrunk is a ratio with its variance by chance, shrunk to 1 by how much true ratios vary.
func shrunk(r, chance, between float64) factor {
	if between <= 0 {
		return factor{1, 0}
	}
	part := between / (between + chance)
	return factor{1 + (r-1)*part, math.Sqrt(part * chance)}
}
