package merge

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Residuals compares lessons with the rates that were learned from them, to learn what rates alone do
// not say: how much customers vary beyond chance, and how many of them buy another product of the
// group when theirs is missing.
type Residuals struct {
	rates  map[string]*StoreRates
	groups map[shelf.GTIN]string // products that customers take for each other

	squares, count float64
	all, calm      spread

	instead  map[string]*instead // by group
	recent   map[pair]recent
	clusters *comparison
}

// instead is what the products of a group sold beyond their rates while another of it was missing.
type instead struct {
	lost, gained float64          // units
	chance       float64          // variance of gained by who came
	expected     map[pair]float64 // units of those that gained, by the rate that may be off
}

// share is the share of customers that bought another one, and its variance: by chance, and because rates are off. A rate
// that is 3 % too low makes of all its hours beside an empty slot customers that came from there.
func (i *instead) share(rates map[string]*StoreRates) (share, variance float64) {
	variance = i.chance
	for k, x := range inOrder(i.expected) {
		off := x * rates[k.store].bases[k.gtin].Error
		variance += off * off
	}
	return i.gained / i.lost, variance / (i.lost * i.lost)
}

// spread is Σ (n−x)² − x and Σ x² over hours: their quotient is how uneven hours are (method of moments).
type spread struct{ excess, expected float64 }

// recent is the last hour of a product in a store: whether it was gone for all of it, or came back in it.
type recent struct {
	at         time.Time
	gone, back bool
}

// NewResiduals begins a comparison; groups maps a product to its group, "" or missing: none.
func NewResiduals(rates map[string]*StoreRates, groups map[shelf.GTIN]string) *Residuals {
	return &Residuals{rates: rates, groups: groups, instead: map[string]*instead{}, recent: map[pair]recent{}, clusters: newComparison()}
}

// Hour takes the lessons of one store's hour, all products together, each store's in order of time.
func (r *Residuals) Hour(store string, local time.Time, lessons []Lesson) {
	rates := r.rates[store]
	crews := map[string]*crew{}
	others := othersOut(lessons, r.groups)
	for _, l := range lessons {
		rate, ok := rates.Rate(l.GTIN, local)
		g := r.groups[l.GTIN]
		if g != "" {
			if crews[g] == nil {
				crews[g] = &crew{}
			}
			crews[g].add(l, rate, ok)
		}
		fresh := r.refilled(l)
		if !ok || l.Hours <= 0 {
			continue
		}
		if others(l) == 0 {
			r.usual(l, rates, rate, fresh)
		}
	}
	for g, c := range crews {
		if c.blind || c.lost == 0 {
			continue
		}
		if r.instead[g] == nil {
			r.instead[g] = &instead{expected: map[pair]float64{}}
		}
		r.instead[g].add(store, c)
	}
}

// refilled reports whether a shelf was full as an hour began: the product was gone for all of the hour before
// last, and came back in the last one.
func (r *Residuals) refilled(l Lesson) bool {
	k := pair{l.Store, l.GTIN}
	was := r.recent[k]
	follows := l.Local.Sub(was.at) == time.Hour
	r.recent[k] = recent{l.Local, l.Out > 0 && l.Hours <= 0, follows && was.gone && l.Hours > 0}
	return follows && was.back && l.Hours > 0
}

// calm is how much a product may be missed at a time of day (see press) where its hours still show how uneven
// hours are. Elsewhere the busiest are cut short by the empty shelf.
const calm = 0.05

// usual compares an hour in which nothing else was missing with its rate. Hours that a product sold out in
// count too: to leave them out would leave out the busiest.
func (r *Residuals) usual(l Lesson, rates *StoreRates, rate Rate, fresh bool) {
	x := rate.PerHour * l.Hours
	pressed := 0.0
	if p := rates.pressed[l.GTIN]; p != nil {
		pressed = float64(p[l.Local.Hour()])
	}
	if x > 0.05 { // hours of tiny demand say nothing of dispersion but noise
		d := (l.Units-x)*(l.Units-x) - l.Units
		r.squares += d / x
		r.count++
		r.all = spread{r.all.excess + d, r.all.expected + x*x}
		if pressed < calm {
			r.calm = spread{r.calm.excess + d, r.calm.expected + x*x}
		}
	}
	r.clusters.day(l, alike(l.Units, x, rates.uneven, 1))
	if fresh && pressed > 0 {
		if l.Out > 0 {
			x = rate.PerHour * max(l.Hours/2, l.Hours-late)
		}
		r.clusters.like(l, alike(l.Units, x, rates.uneven, pressed))
	}
}

// late is by how many hours, on average, a shelf is seen empty after it ran empty: half of the usual time
// between looks, of which Hold is two.
const late = float64(Hold/4) / float64(time.Hour)

// crew is a group in one hour of one store.
type crew struct {
	blind   bool // somebody did not look: what was bought instead may have been bought there
	lost    float64
	members []crewMember
}

// crewMember is a product of the group that stood there, for a while at least.
type crewMember struct {
	gtin             shelf.GTIN
	expected, excess float64 // units by its rate, and beyond
	chance           float64 // variance of excess by who came
	out              bool    // it was missing for a part
}

func (c *crew) add(l Lesson, rate Rate, rated bool) {
	if l.Lifted.Factor > 0 {
		rate.PerHour *= l.Lifted.Factor
		l.Hours, l.Units, l.Whole = l.Promoted.Hours, l.Promoted.Units, l.Lifted.Whole
	}
	if !rated || !l.Whole {
		c.blind = true
		return
	}
	busy, _ := rate.busy(l.Units, l.Hours)
	c.lost += rate.PerHour * busy * (l.Out - l.Alone)
	x := rate.PerHour * l.Hours
	c.members = append(c.members, crewMember{l.GTIN, x, l.Units - x, x + rate.Uneven*x*x, l.Out > 0})
}

// add takes an hour of a group in which somebody was missing. A member that sold
// out itself counts for the time that it was there, but only where another one was missing too: alone it
// is in this hour because it was busy. To leave it out would leave out those that gained the most.
func (i *instead) add(store string, c *crew) {
	outs := 0
	for _, m := range c.members {
		if m.out {
			outs++
		}
	}
	i.lost += c.lost
	for _, m := range c.members {
		if m.out && outs < 2 {
			continue
		}
		i.gained += m.excess
		i.chance += m.chance
		i.expected[pair{store, m.gtin}] += m.expected
	}
}

// minLost is how many lost units it takes to say anything of substitution.
const minLost = 50

// Shares of groups differ, by our judgement, by a tenth; that counts for as much as three groups.
const (
	sharesDiffer   = 0.1
	sharesDifferBy = 2 // degrees of freedom
)

// substitution learns which share of customers buys another product of the group instead, each group's shrunk to the mean
// of the groups, and the relative standard deviation of what is lost that follows from how far off it is.
func (r *Residuals) substitution(m *Model) (share, shared map[shelf.GTIN]float64) {
	var groups []string
	var shares, variances []float64
	for _, group := range slices.Sorted(maps.Keys(r.instead)) {
		if i := r.instead[group]; i.lost >= minLost {
			s, v := i.share(r.rates)
			groups, shares, variances = append(groups, group), append(shares, s), append(variances, v)
		}
	}
	share, shared = map[shelf.GTIN]float64{}, map[shelf.GTIN]float64{}
	if len(groups) == 0 {
		return share, shared
	}
	all := pauleMandel(shares, variances).believing(sharesDiffer*sharesDiffer, sharesDifferBy, shares, variances)
	doubt := map[string]float64{}
	for i, group := range groups {
		s := min(0.9, max(0, all.shrunk(shares[i], variances[i])))
		m.Substitute[group], doubt[group] = s, math.Sqrt(all.left(variances[i]))/(1-s)
	}
	for g, group := range r.groups {
		if d, ok := doubt[group]; ok { // the model has those of other clusters too
			share[g], shared[g] = m.Substitute[group], d
		}
	}
	return share, shared
}

// enough is how many squared units it takes to say how uneven hours are.
const enough = 100

// Apply enters what was learned into the rates and the model.
func (r *Residuals) Apply(m *Model) {
	dispersion, uneven := 1.0, 0.0
	if r.count > 100 {
		dispersion = min(10, max(1, 1+r.squares/r.count))
		hours := r.all
		if r.calm.expected > enough {
			hours = r.calm
		}
		uneven = min(2, max(0, hours.excess/hours.expected))
	}
	share, shared := r.substitution(m)
	e := r.clusters.solve()
	for _, rates := range r.rates {
		rates.dispersion, rates.uneven = dispersion, uneven
		weeks := rates.shared
		rates.shared = map[shelf.GTIN]float64{}
		for g, s := range share {
			rates.substitute[g] = s
		}
		store := e.store(rates.store)
		rates.local, rates.daily, rates.alike = math.Hypot(rates.local, store.sd), e.daily, e.all.sd
		for g, b := range rates.bases {
			product := e.product(g)
			b.Pressed = min(mostMissed, max(1/mostMissed, e.all.factor*product.factor*store.factor))
			rates.bases[g] = b
			rates.shared[g] = math.Sqrt(shared[g]*shared[g] + weeks[g]*weeks[g] + product.sd*product.sd)
		}
	}
	m.Dispersion, m.Uneven = max(m.Dispersion, dispersion), max(m.Uneven, uneven)
	m.Missed = Missed{e.all.factor, e.all.sd, math.Sqrt(e.betweenProducts), math.Sqrt(e.betweenStores), e.daily}
}
