package merge

// randomEffects are ratios of clusters that truly differ, each known with a variance of its own (random-effects
// meta-analysis: DerSimonian & Laird 1986).
type randomEffects struct {
	mean     float64
	variance float64 // of mean
	between  float64 // variance of the true ratios
}

// pauleMandel learns how much clusters differ: the variance by which their weighted squares about the weighted mean come
// to as many as there are degrees of freedom (Paule & Mandel 1982; of the usual estimators the one that errs least where
// clusters are of very different size, Veroniki et al. 2016). 0 where chance explains it all.
func pauleMandel(ratios, variances []float64) randomEffects {
	free := float64(len(ratios) - 1)
	squares := func(between float64) (sum float64) {
		e := randomEffects{}.differing(between, ratios, variances)
		for i, r := range ratios {
			sum += (r - e.mean) * (r - e.mean) / (variances[i] + between)
		}
		return sum
	}
	low, high := 0.0, 1.0
	if squares(low) <= free {
		return randomEffects{}.differing(0, ratios, variances)
	}
	for squares(high) > free {
		high *= 2
	}
	for range 50 {
		if middle := (low + high) / 2; squares(middle) > free {
			low = middle
		} else {
			high = middle
		}
	}
	return randomEffects{}.differing(high, ratios, variances)
}

// differing is the mean where the true ratios have a variance that is given.
func (randomEffects) differing(between float64, ratios, variances []float64) randomEffects {
	var sum, weights float64
	for i, r := range ratios {
		w := 1 / (variances[i] + between)
		sum, weights = sum+w*r, weights+w
	}
	return randomEffects{sum / weights, 1 / weights, between}
}

// believing is the same where it is believed beforehand that true ratios have a variance, as firmly as if it had been
// learned with some degrees of freedom. Few clusters say little of how much they differ.
func (e randomEffects) believing(variance, freedom float64, ratios, variances []float64) randomEffects {
	own := float64(len(ratios) - 1)
	return e.differing((e.between*own+variance*freedom)/(own+freedom), ratios, variances)
}

// shrunk is the best prediction of a cluster's true ratio.
func (e randomEffects) shrunk(ratio, variance float64) float64 {
	return e.mean + (ratio-e.mean)*e.between/(e.between+variance)
}

// left is the variance of that prediction: of what is left of chance, and of the mean.
func (e randomEffects) left(variance float64) float64 {
	part := variance / (e.between + variance)
	return part*e.between + part*part*e.variance
}
