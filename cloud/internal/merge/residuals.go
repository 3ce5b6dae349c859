package merge

import (
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
}

// NewResiduals begins a comparison; groups maps a product to its group, "" or missing: none.
func NewResiduals(rates map[string]*StoreRates, groups map[shelf.GTIN]string) *Residuals {
	return &Residuals{rates: rates, groups: groups, lost: map[string]float64{}, gained: map[string]float64{}}
}

// Hour takes the lessons of one store's hour, all products together.
func (r *Residuals) Hour(store string, local time.Time, lessons []Lesson) {
	rates := r.rates[store]
	crews := map[string]*crew{}
	for _, l := range lessons {
		rate, ok := rates.Rate(l.GTIN, local)
		if g := r.groups[l.GTIN]; g != "" {
			if crews[g] == nil {
				crews[g] = &crew{}
			}
			crews[g].add(l, rate, ok)
		}
		// Hours of tiny demand say nothing of dispersion but noise.
		if x := rate.PerHour * l.Hours; ok && x > 0.05 && l.Out == 0 {
			r.squares += (l.Units - x) * (l.Units - x) / x
			r.count++
			r.excess += (l.Units-x)*(l.Units-x) - x
			r.expected += x * x
		}
	}
	for g, c := range crews {
		if c.blind || c.lost == 0 {
			continue
		}
		r.lost[g] += c.lost
		r.gained[g] += c.gained()
	}
}

// crew is a group in one hour of one store.
type crew struct {
	blind   bool // somebody did not look: what was bought instead may have been bought there
	lost    float64
	outs    int
	excess  float64   // of the members that were there throughout
	without []float64 // of each that was there for a part
}

func (c *crew) add(l Lesson, rate Rate, rated bool) {
	if !rated || !l.Whole {
		c.blind = true
		return
	}
	c.lost += rate.PerHour * (l.Out - l.Alone)
	excess := l.Units - rate.PerHour*l.Hours
	if l.Out > 0 {
		c.outs++
		c.without = append(c.without, excess)
		return
	}
	c.excess += excess
}

// gained is what the members sold beyond their rates while another one was missing. A member that sold
// out itself counts for the time that it was there, but only where another one was missing too: alone it
// is in this hour because it was busy. To leave it out would leave out those that gained the most.
func (c *crew) gained() float64 {
	sum := c.excess
	if c.outs > 1 {
		for _, e := range c.without {
			sum += e
		}
	}
	return sum
}

// minLost is how many lost units it takes to say anything of substitution.
const minLost = 50

// Apply enters what was learned into the rates and the model.
func (r *Residuals) Apply(m *Model) {
	dispersion, uneven := 1.0, 0.0
	if r.count > 100 {
		dispersion = min(10, max(1, r.squares/r.count))
		uneven = min(2, max(0, r.excess/r.expected)) // method of moments
	}
	share := map[shelf.GTIN]float64{}
	for g, group := range r.groups {
		if r.lost[group] >= minLost {
			share[g] = min(0.9, max(0, r.gained[group]/r.lost[group]))
			m.Substitute[group] = share[g]
		}
	}
	for _, rates := range r.rates {
		rates.dispersion, rates.uneven = dispersion, uneven
		for g, s := range share {
			rates.substitute[g] = s
		}
	}
	m.Dispersion = max(m.Dispersion, dispersion)
}
