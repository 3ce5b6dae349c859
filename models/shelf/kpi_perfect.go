package shelf

// Weighted is one KPI of a brand's perfect store and how much it counts there. For a KPI of which
// less is better, such as the out-of-stock rate, the caller gives Inverse of it.
type Weighted struct {
	Score  Ratio
	Weight float64 // ≥ 0
}

// Inverse gives 1 − value on the same coverage.
func (r Ratio) Inverse() Ratio {
	if r.Known {
		r.Value = 1 - r.Value
	}
	return r
}

// PerfectStore is Σ weight × score ÷ Σ weight over the scores that are known.
// Coverage: Σ weight × coverage ÷ Σ weight over all of them, so a score that is not known lowers it.
// Origin: BeatRoute.
func PerfectStore(scores []Weighted) Ratio {
	var sum, known, covered, all float64
	for _, s := range scores {
		w := max(0, s.Weight)
		all += w
		covered += w * s.Score.Coverage
		if s.Score.Known {
			known += w
			sum += w * s.Score.Value
		}
	}
	return NewRatio(sum, known, covered, all)
}
