package market

import (
	"math"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Report is how the estimate of lost sales did in a world.
type Report struct {
	Stores      int     `json:"stores"`
	Products    int     `json:"products"`
	LearnedDays int     `json:"learned_days"`
	JudgedDays  int     `json:"judged_days"`
	Watched     float64 `json:"watched"` // share of the open time that was seen
	OSA         float64 `json:"osa"`
	Wanted      int     `json:"customers"`

	LostSeen      int     `json:"lost_seen_true"` // units, while somebody looked
	LostSeenEst   float64 `json:"lost_seen_estimated"`
	SeenError     float64 `json:"lost_seen_error"` // estimated ÷ true − 1
	Lost          int     `json:"lost_true"`
	LostEst       float64 `json:"lost_estimated"` // with what was lost in the gaps
	Error         float64 `json:"lost_error"`
	Naive         float64 `json:"lost_error_of_mean_rate"` // the same by a mean rate a product, without shrinkage, hours or substitutes
	MAPEProducts  float64 `json:"error_by_product"`        // mean of |estimated ÷ true − 1|, seen
	MAPEStores    float64 `json:"error_by_store"`
	Covered       float64 `json:"interval_covers"` // share of stores × products whose truth lies in the 80 % interval
	CoveredStores float64 `json:"interval_covers_by_store"`
	CoveredSKUs   float64 `json:"interval_covers_by_product"`
	Cases         int     `json:"cases"`
	Substitution  float64 `json:"substitution_estimated"`
	SubstTrue     float64 `json:"substitution_true"`
	Dispersion    float64 `json:"dispersion_estimated"`

	Own      float64       `json:"own_average"` // weight of a store's own average in the forecast
	Forecast []merge.Score `json:"forecast"`    // of the three days after, beside its baselines
}

// tally is an estimate and the truth of the same.
type tally struct {
	sum  merge.LostSum
	true int
}

func (t *tally) covered() bool {
	_, low, high := t.sum.Units()
	// Customers are whole: a count lies in the interval where its unit touches it.
	return float64(t.true) >= math.Floor(low) && float64(t.true) <= math.Ceil(high)
}

// Measure learns rates from the first days of a world and judges the rest by them.
func Measure(w *World, learn, judge int) Report {
	r := Report{Stores: w.Stores, Products: w.Products, LearnedDays: learn, JudgedDays: judge}
	until := w.Start.AddDate(0, 0, learn)
	groups := map[shelf.GTIN]string{}
	for p := range w.Products {
		groups[GTIN(p)] = Group(p)
	}
	trial := merge.NewTrial(until)
	fit, early := &merge.Fit{Now: until, Groups: groups}, &merge.Fit{Now: trial.From(), Groups: groups}
	w.learn(learn, func(_ string, local time.Time, list []merge.Lesson) {
		fit.Hour(list)
		if local.Before(trial.From()) {
			early.Hour(list)
		}
	})
	tried := early.Solve(0, "all")
	w.learn(learn, func(store string, local time.Time, list []merge.Lesson) { trial.Hour(store, local, list, tried[store]) })
	var rates map[string]*merge.StoreRates
	var model *merge.Model
	for range 2 { // as each night's fit knows what the night before learned of how uneven hours are
		rates = fit.Solve(1, "all")
		residuals := merge.NewResiduals(rates, groups)
		w.learn(learn, residuals.Hour)
		model = &merge.Model{Substitute: map[string]float64{}}
		residuals.Apply(model)
		fit.Uneven = model.Uneven
	}
	r.Dispersion = model.Dispersion
	for _, v := range model.Substitute {
		r.Substitution += v / float64(len(model.Substitute))
	}
	r.Own = trial.Weight(model.Dispersion)
	w.judge(&r, rates, learn, judge)
	return r
}

// learn folds the first days without rates and gives each hour's lessons.
func (w *World) learn(days int, fn func(store string, local time.Time, list []merge.Lesson)) {
	for s := range w.Stores {
		w.Run(s, days, func(h *Hour) {
			fn(StoreName(s), h.Facts.Start, merge.Lessons(StoreName(s), merge.Fold(&h.Facts, nil), h.Facts.Start))
		})
	}
}

func (w *World) judge(r *Report, rates map[string]*merge.StoreRates, learn, judge int) {
	until := w.Start.AddDate(0, 0, learn)
	board := merge.NewScoreboard(until.Add(merge.ScoredCycle))
	board.Own = r.Own
	groups := map[shelf.GTIN]string{}
	for p := range w.Products {
		groups[GTIN(p)] = Group(p)
	}
	empty := func() tally { return tally{sum: merge.LostSum{Groups: groups}} }
	var all, naive = empty(), 0.0
	bySKU := make([]tally, w.Products)
	for p := range bySKU {
		bySKU[p] = empty()
	}
	var watched, open, onShelf int64
	var missed, instead int
	units, hours := make([]float64, w.Products), make([]float64, w.Products)
	type out struct{ hours float64 }
	outs := make([]out, w.Products)
	var stores int
	for s := range w.Stores {
		name := StoreName(s)
		store := empty()
		cases := make([]tally, w.Products)
		w.Run(s, learn+judge, func(h *Hour) {
			folded := merge.Fold(&h.Facts, rates[name])
			board.Hour(name, h.Facts.Start, merge.Lessons(name, folded, h.Facts.Start), rates[name])
			if h.Facts.Start.Before(until) {
				return
			}
			for p, t := range h.Truth {
				c := folded.Cell(GTIN(p))
				for _, to := range []*tally{&all, &store, &cases[p], &bySKU[p]} {
					to.sum.Add(name, c)
					to.sum.Days.Add(name, h.Facts.Start, c)
					to.true += t.LostSeen
				}
				r.Wanted, r.Lost, r.LostSeen = r.Wanted+t.Wanted, r.Lost+t.Lost, r.LostSeen+t.LostSeen
				missed, instead = missed+t.Lost+t.Instead, instead+t.Instead
				watched, open, onShelf = watched+c.Watched, open+c.Open, onShelf+c.OnShelf
				units[p], hours[p] = units[p]+float64(c.Units()), hours[p]+float64(c.OnShelf)
				outs[p].hours += float64(c.OutTime())
			}
		})
		for p := range cases {
			if value, _, _ := cases[p].sum.Units(); cases[p].true == 0 && value < 0.5 {
				continue // nothing was lost and nothing is said to be: no case
			}
			r.Cases++
			r.Covered += one(cases[p].covered())
		}
		if value, _, _ := store.sum.Units(); store.true > 0 {
			stores++
			r.MAPEStores += math.Abs(value/float64(store.true) - 1)
			r.CoveredStores += one(store.covered())
		}
	}
	skus := 0
	for p := range bySKU {
		if value, _, _ := bySKU[p].sum.Units(); bySKU[p].true > 0 {
			skus++
			r.MAPEProducts += math.Abs(value/float64(bySKU[p].true) - 1)
			r.CoveredSKUs += one(bySKU[p].covered())
		}
		if hours[p] > 0 {
			naive += units[p] / hours[p] * outs[p].hours
		}
	}
	r.LostSeenEst, _, _ = all.sum.Units()
	r.LostEst = r.LostSeenEst + all.sum.InGaps()
	r.SeenError, r.Error = r.LostSeenEst/float64(r.LostSeen)-1, r.LostEst/float64(r.Lost)-1
	r.Naive = naive/float64(r.LostSeen) - 1
	r.Covered /= float64(max(1, r.Cases))
	r.CoveredStores, r.MAPEStores = r.CoveredStores/float64(max(1, stores)), r.MAPEStores/float64(max(1, stores))
	r.CoveredSKUs, r.MAPEProducts = r.CoveredSKUs/float64(max(1, skus)), r.MAPEProducts/float64(max(1, skus))
	r.Watched, r.OSA = float64(watched)/float64(max(1, open)), float64(onShelf)/float64(max(1, watched))
	board.Close(r.Dispersion)
	r.Forecast = board.Scores()
	r.SubstTrue = float64(instead) / float64(max(1, missed))
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
