package merge

import "github.com/coldshelf/coldshelf/models/shelf"

// Between is the variance between clusters that pauleMandel learns, and their mean.
func Between(ratios, variances []float64) (between, mean float64) {
	e := pauleMandel(ratios, variances)
	return e.between, e.mean
}

// Substitution gives what one cluster's comparison says of its products, where the model may know groups of other clusters
// already: gained units of so many lost ones, by group.
func Substitution(m *Model, groups map[shelf.GTIN]string, gained, lost map[string]float64) (share, shared map[shelf.GTIN]float64) {
	r := NewResiduals(nil, groups)
	for g := range lost {
		r.instead[g] = &instead{lost: lost[g], gained: gained[g], chance: lost[g], expected: map[pair]float64{}}
	}
	return r.substitution(m)
}
