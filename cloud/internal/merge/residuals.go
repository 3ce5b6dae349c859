package merge

import (
	"math"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Residuals compares lessons with the rates that were learned from them, to learn what rates alone do
// not say: how much customers vary beyond chance, and how many of them buy another product of the
// group when theirs is missing.
type Residuals struct {
	rates  map[string]*StoreRates
	groups map[shelf.GTIN]string // products that customers take for each other

	squares, count   float64
	excess, expected float64 // Σ (n−x)² − x, Σ x²

	lost, gained map[string]float64 // by group, units
	chance       map[string]float64 // by group: variance of gained
	like         map[shelf.GTIN]*likeness
}

// likeness compares rates with what was sold in the hours that are most like those that were lost.
type likeness struct{ got, expected, variance float64 }

// NewResiduals begins a comparison; groups maps a product to its group, "" or missing: none.
func NewResiduals(rates map[string]*StoreRates, groups map[shelf.GTIN]string) *Residuals {
	return &Residuals{rates: rates, groups: groups, lost: map[string]float64{}, gained: map[string]float64{}, chance: map[string]float64{}, like: map[shelf.GTIN]*likeness{}}
}

// Hour takes the lessons of one store's hour, all products together.
func (r *Residuals) Hour(store string, local time.Time, lessons []Lesson) {
	rates := r.rates[store]
	crews := map[string]*crew{}
	outs := map[string]int{}
	for _, l := range lessons {
		if g := r.groups[l.GTIN]; g != "" && l.Out > 0 {
			outs[g]++
		}
	}
	for _, l := range lessons {
		rate, ok := rates.Rate(l.GTIN, local)
		g := r.groups[l.GTIN]
		if g != "" {
			if crews[g] == nil {
				crews[g] = &crew{}
			}
			crews[g].add(l, rate, ok)
		}
		if !ok || l.Hours <= 0 {
			continue
		}
		others := outs[g]
		if g != "" && l.Out > 0 {
			others--
		}
		if others == 0 {
			r.usual(l, rates, rate)
		}
	}
	for g, c := range crews {
		if c.blind || c.lost == 0 {
			continue
		}
		r.lost[g] += c.lost
		gained, chance := c.gained()
		r.gained[g] += gained
		r.chance[g] += chance
	}
}

// usual compares an hour in which nothing else was missing with its rate. Hours that a product sold out in
// count too: to leave them out would leave out the busiest.
func (r *Residuals) usual(l Lesson, rates *StoreRates, rate Rate) {
	x := rate.PerHour * l.Hours
	if x > 0.05 { // hours of tiny demand say nothing of dispersion but noise
		r.squares += ((l.Units-x)*(l.Units-x) - l.Units) / x
		r.count++
		r.excess += (l.Units-x)*(l.Units-x) - l.Units
		r.expected += x * x
	}
	if p := rates.pressed[l.GTIN]; p != nil && p[l.Local.Hour()] > 0 {
		k := r.like[l.GTIN]
		if k == nil {
			k = &likeness{}
			r.like[l.GTIN] = k
		}
		w := float64(p[l.Local.Hour()]) / (1 + rates.uneven*x)
		k.got += w * l.Units
		k.expected += w * x
		k.variance += w * w * (x + rates.uneven*x*x)
	}
}

// crew is a group in one hour of one store.
type crew struct {
	blind   bool // somebody did not look: what was bought instead may have been bought there
	lost    float64
	outs    int
	excess  float64   // of the members that were there throughout
	chance  float64   // its variance
	without []float64 // of each that was there for a part
	chances []float64
}

func (c *crew) add(l Lesson, rate Rate, rated bool) {
	if !rated || !l.Whole {
		c.blind = true
		return
	}
	busy, _ := rate.busy(l.Units, l.Hours)
	c.lost += rate.PerHour * busy * (l.Out - l.Alone)
	x := rate.PerHour * l.Hours
	excess, chance := l.Units-x, x+rate.Uneven*x*x
	if l.Out > 0 {
		c.outs++
		c.without, c.chances = append(c.without, excess), append(c.chances, chance)
		return
	}
	c.excess, c.chance = c.excess+excess, c.chance+chance
}

// gained is what the members sold beyond their rates while another one was missing. A member that sold
// out itself counts for the time that it was there, but only where another one was missing too: alone it
// is in this hour because it was busy. To leave it out would leave out those that gained the most.
func (c *crew) gained() (units, variance float64) {
	units, variance = c.excess, c.chance
	if c.outs > 1 {
		for i, e := range c.without {
			units, variance = units+e, variance+c.chances[i]
		}
	}
	return units, variance
}

// minLost is how many lost units it takes to say anything of substitution.
const minLost = 50

// Apply enters what was learned into the rates and the model.
func (r *Residuals) Apply(m *Model) {
	dispersion, uneven := 1.0, 0.0
	if r.count > 100 {
		dispersion = min(10, max(1, 1+r.squares/r.count))
		uneven = min(2, max(0, r.excess/r.expected)) // method of moments
	}
	share, shared := map[shelf.GTIN]float64{}, map[shelf.GTIN]float64{}
	for g, group := range r.groups {
		if lost := r.lost[group]; lost >= minLost {
			s := min(0.9, max(0, r.gained[group]/lost))
			share[g], m.Substitute[group] = s, s
			shared[g] = math.Sqrt(r.chance[group]) / lost / (1 - s)
		}
	}
	factors := r.calibrate()
	for g, f := range factors {
		shared[g] = math.Hypot(shared[g], f.sd)
	}
	for _, rates := range r.rates {
		rates.dispersion, rates.uneven = dispersion, uneven
		rates.shared = shared
		for g, s := range share {
			rates.substitute[g] = s
		}
		for g, b := range rates.bases {
			if f, ok := factors[g]; ok {
				b.Pressed = f.factor
				rates.bases[g] = b
			}
		}
	}
	m.Dispersion, m.Uneven = max(m.Dispersion, dispersion), max(m.Uneven, uneven)
}

// factor is what lost sales are multiplied by, and its relative standard deviation.
type factor struct{ factor, sd float64 }

// calibrate learns how far rates are off where a product is missed: hours with it are weighed by how often
// it is out in the same store at the same time of day, so that together they are like the hours without it.
// A rate is right on the whole week, and still a little low where demand is high, as every shrunk
// estimate is; that is where shelves are empty. Each product's ratio is shrunk to that of all.
func (r *Residuals) calibrate() map[shelf.GTIN]factor {
	var got, expected, variance float64
	for _, k := range r.like {
		got, expected, variance = got+k.got, expected+k.expected, variance+k.variance
	}
	if expected <= 0 || got <= 0 {
		return nil
	}
	all := got / expected
	common := variance / (expected * expected)
	var between, weights float64
	for _, k := range r.like {
		if k.expected > 0 {
			d := k.got/k.expected - all
			between += k.expected * (d*d - k.variance/(k.expected*k.expected))
			weights += k.expected
		}
	}
	tau := max(0, between/weights)
	out := map[shelf.GTIN]factor{}
	for g, k := range r.like {
		if k.expected <= 0 {
			continue
		}
		own := k.variance / (k.expected * k.expected)
		f := factor{factor: all, sd: math.Sqrt(common)}
		if tau > 0 {
			f.factor += (k.got/k.expected - all) * tau / (tau + own)
			f.sd = math.Sqrt(common + tau*own/(tau+own))
		}
		f.factor = min(2, max(0.5, f.factor))
		out[g] = f
	}
	return out
}
