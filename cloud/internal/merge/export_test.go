package merge

// Between is the variance between clusters that pauleMandel learns, and their mean.
func Between(ratios, variances []float64) (between, mean float64) {
	e := pauleMandel(ratios, variances)
	return e.between, e.mean
}
