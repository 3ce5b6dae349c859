package merge

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Quantile is the p-quantile of a count with a mean and a variance: negative binomial, Poisson where
// the variance is not above the mean, and rounded normal where the mean is large.
func Quantile(p, mean, variance float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean > 500 {
		return math.Max(0, math.Round(mean+math.Sqrt(math.Max(variance, mean))*distuv.UnitNormal.Quantile(p)))
	}
	cdf := 0.0
	for k, pmf := range counts(mean, variance) {
		cdf += pmf
		if cdf >= p {
			return float64(k)
		}
	}
	return mean // not reached: counts ends at the whole
}

// counts yields the probability of 0, 1, 2, … until nothing to speak of is left.
func counts(mean, variance float64) func(yield func(int, float64) bool) {
	return func(yield func(int, float64) bool) {
		poisson := variance <= mean*1.0001
		r := mean * mean / (variance - mean)
		q := mean / (r + mean)
		pmf := math.Exp(-mean)
		if !poisson {
			pmf = math.Exp(r * math.Log(r/(r+mean)))
		}
		left := 1.0
		for k := 0; ; k++ {
			if !yield(k, pmf) {
				return
			}
			left -= pmf
			if left < 1e-9 || float64(k) > mean+60*math.Sqrt(variance+1) {
				yield(k+1, max(0, left))
				return
			}
			if poisson {
				pmf *= mean / float64(k+1)
			} else {
				pmf *= (float64(k) + r) / float64(k+1) * q
			}
		}
	}
}

// Served is the expected number of units that a stock serves of a demand: E[min(D, stock)].
func Served(stock, mean, variance float64) float64 {
	if mean <= 0 || stock <= 0 {
		return 0
	}
	if mean > 500 {
		sd := math.Sqrt(math.Max(variance, mean))
		z := (stock - mean) / sd
		return mean - sd*(distuv.UnitNormal.Prob(z)-z*(1-distuv.UnitNormal.CDF(z)))
	}
	sum := 0.0
	for k, pmf := range counts(mean, variance) {
		sum += pmf * math.Min(float64(k), stock)
	}
	return sum
}

// Pinball is the loss of forecasting a quantile: Koenker & Bassett 1978.
func Pinball(p, forecast, actual float64) float64 {
	if actual >= forecast {
		return p * (actual - forecast)
	}
	return (1 - p) * (forecast - actual)
}

// Interval80 is the 80 % interval of a sum that cannot be negative, of a mean and a variance: gamma.
func Interval80(mean, variance float64) (low, high float64) {
	if mean <= 0 || variance <= 0 {
		return max(0, mean), max(0, mean)
	}
	g := distuv.Gamma{Alpha: mean * mean / variance, Beta: mean / variance}
	return g.Quantile(0.1), g.Quantile(0.9)
}
