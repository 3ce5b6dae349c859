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
	lost := map[string]float64{}
	excess := map[string]float64{}
	for _, l := range lessons {
		rate, ok := rates.Rate(l.GTIN, local)
		if !ok {
			continue
		}
		if g := r.groups[l.GTIN]; g != "" {
			lost[g] += rate.PerHour * l.Out
			if l.Hours > 0 && l.Out == 0 { // the missing one itself sold out because it was busy
				excess[g] += l.Units - rate.PerHour*l.Hours
			}
		}
		// Hours of tiny demand say nothing of dispersion but noise.
		if x := rate.PerHour * l.Hours; x > 0.05 && l.Out == 0 {
			r.squares += (l.Units - x) * (l.Units - x) / x
			r.count++
			r.excess += (l.Units-x)*(l.Units-x) - x
			r.expected += x * x
		}
	}
	for g, units := range lost {
		if units > 0 {
			r.lost[g] += units
			r.gained[g] += excess[g]
		}
	}
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
