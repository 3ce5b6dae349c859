package merge

// Score is how one way to forecast did.
type Score struct {
	Method  string  `json:"method"`
	Pinball float64 `json:"pinball"` // mean over quantiles 0.1 … 0.9 and cases, units
	MAE     float64 `json:"mae"`     // of the median, units
	Covered float64 `json:"covered"` // share of cases within the 80 % interval
	Cases   int     `json:"cases"`
}
