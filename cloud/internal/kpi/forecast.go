package kpi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Forecast is the demand off the shelf, and by online orders that the store picks, of one product in one store over a stretch to come.
type Forecast struct {
	Mean   float64 `json:"mean"`
	P10    float64 `json:"p10"`
	P50    float64 `json:"p50"`
	P90    float64 `json:"p90"`
	Lift   float64 `json:"lift"`   // of the mean: what planned promotions add, by what past ones did
	Online float64 `json:"online"` // of the mean: online orders that the store picks
}

// Forecasts are the rows, and how the method did over the last cycle beside its baselines.
type Forecasts struct {
	Answer[Forecast]
	FittedAt *time.Time    `json:"fitted_at"`
	Scores   []merge.Score `json:"scores"` // off the shelf
	Online   []merge.Score `json:"online_scores"`
}

// Forecast answers demand from now on, by store and product; what has no rate is left out. The coverage
// is the share of the asked stores that have rates.
func (d *Desk) Forecast(ctx context.Context, rates *merge.RateReader, q Query) (*Forecasts, error) {
	masters, err := merge.ReadMasters(ctx, d.DB, q.Tenant)
	if err != nil {
		return nil, err
	}
	out := &Forecasts{Answer: Answer[Forecast]{From: q.From, To: q.To, By: []Dim{Store, SKU}, Rows: []Row[Forecast]{}}, Scores: []merge.Score{}, Online: []merge.Score{}}
	model, err := merge.ReadModel(ctx, d.DB, q.Tenant)
	if err != nil || model == nil {
		return out, err
	}
	out.FittedAt, out.Scores = &model.FittedAt, model.Forecast
	if model.Online != nil { // a model of before has none
		out.Online = model.Online
	}
	plan, err := merge.ReadPlan(ctx, d.DB, q.Tenant, model)
	if err != nil {
		return nil, err
	}
	s := &selector{Query: &q, masters: masters, wanted: map[shelf.GTIN]bool{}}
	asked, known := 0, 0
	for _, place := range masters.Places {
		if !s.store(place) {
			continue
		}
		asked++
		r, err := rates.Of(ctx, q.Tenant, place.Store.Store)
		if err != nil {
			return nil, err
		}
		if r != nil {
			known++
		}
		for _, g := range r.Products() {
			f, ok := r.Total(g, place, q.From, q.To, plan)
			if !ok || !s.sku(g) {
				continue
			}
			row := Row[Forecast]{Key: map[Dim]string{Store: place.Store.Store, SKU: string(g)},
				Figures: Forecast{round3(f.Mean), f.Quantile(0.1), f.Quantile(0.5), f.Quantile(0.9), round3(f.Lift), round3(f.Online)}}
			if p := masters.Products[g]; p != nil {
				row.Name, row.NameZH = p.Name, p.NameZH
			}
			out.Rows = append(out.Rows, row)
		}
	}
	out.Coverage = share(int64(known), int64(asked))
	slices.SortFunc(out.Rows, func(a, b Row[Forecast]) int {
		return cmp.Or(cmp.Compare(a.Key[Store], b.Key[Store]), cmp.Compare(a.Key[SKU], b.Key[SKU]))
	})
	return out, nil
}
