package kpi

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lift is the effect of a promotion: docs/kpis.md, "lift" and "roi".
type Lift struct {
	promotion.Promotion
	Units       int64    `json:"units"`    // sold while it ran
	Baseline    *float64 `json:"baseline"` // units that would have been sold without it; null: not known
	Lift        Estimate `json:"lift_units"`
	LiftShare   *float64 `json:"lift"` // of the baseline
	Matched     int      `json:"matched_stores"`
	Cannibalism *float64 `json:"cannibalised_units"` // how much more (or, negative, less) of the group's other own products was sold than without it
	Dip         *float64 `json:"after_units"`        // the same for the products themselves afterwards; null until as much time has passed
	Margin      *float64 `json:"incremental_margin_minor"`
	ROI         *float64 `json:"roi"`
	Coverage    float64  `json:"coverage"` // of the shelf while it ran
}

const (
	before  = 28 * 24 * time.Hour // the period on which the baseline is based
	longDip = 14 * 24 * time.Hour
	matched = 10 // matched stores for each promoted one

	z80 = 1.2816 // standard deviations to either side of the mean of an 80 % interval
)

// Promotions returns lift and return on investment of a tenant's promotions that overlap a period of time.
func (d *Desk) Promotions(ctx context.Context, tenant string, from, to, now time.Time) ([]Lift, error) {
	all, err := promotion.List(ctx, d.DB, tenant)
	if err != nil {
		return nil, err
	}
	masters, err := merge.ReadMasters(ctx, d.DB, tenant)
	if err != nil {
		return nil, err
	}
	list := []Lift{}
	for _, p := range all {
		if !p.From.Before(to) || !from.Before(p.To) {
			continue
		}
		l, err := d.lift(ctx, tenant, masters, p, rivalsOf(p, all, masters), now)
		if err != nil {
			return nil, err
		}
		list = append(list, *l)
	}
	return list, nil
}

// lifting computes the Lift of one promotion of a tenant.
type lifting struct {
	desk    *Desk
	tenant  string
	masters *merge.Masters
	p       promotion.Promotion
	rivals  rivals
}

// lift returns what came of a promotion so far. If nothing was sold from which a baseline could be computed, only the units are known.
func (d *Desk) lift(ctx context.Context, tenant string, m *merge.Masters, p promotion.Promotion, r rivals, now time.Time) (*Lift, error) {
	w := lifting{d, tenant, m, p, r}
	l := &Lift{Promotion: p}
	end := p.To
	if now.Before(end) {
		end = now // it still runs
	}
	pre, err := w.before(ctx, p.GTINs)
	if err != nil {
		return nil, err
	}
	main, err := w.against(ctx, pre, p.GTINs, p.From, end)
	if err != nil {
		return nil, err
	}
	l.setMain(main)
	if !main.known {
		return l, nil
	}
	others := others(m, p.GTINs)
	preOthers, err := w.before(ctx, others)
	if err != nil {
		return nil, err
	}
	taken, err := w.against(ctx, preOthers, others, p.From, end)
	if err != nil {
		return nil, err
	}
	l.Cannibalism = rounded(taken.actual - taken.baseline)
	var after counterfactual
	if recovered := p.To.Add(min(p.To.Sub(p.From), longDip)); !now.Before(recovered) {
		if after, err = w.against(ctx, pre, p.GTINs, p.To, recovered); err != nil {
			return nil, err
		}
		l.Dip = rounded(after.actual - after.baseline)
	}
	l.settle(m, main, taken, after)
	return l, nil
}

// before reads what the stores sold of the products before the promotion, on ordinary days.
func (w lifting) before(ctx context.Context, gtins []shelf.GTIN) (map[string]*selling, error) {
	if len(gtins) == 0 {
		return nil, nil
	}
	from := w.p.From.Add(-before)
	c, err := w.desk.readWith(ctx, Query{Tenant: w.tenant, From: from, To: w.p.From, By: []Dim{Store, Day}, GTINs: gtins}, w.masters)
	if err != nil {
		return nil, err
	}
	return c.ordinary(from, w.p.From, w.rivals), nil
}

// against compares what the promotion's stores sold of the products in a stretch of time with what they would have sold without the
// promotion, judging by what was sold before it.
func (w lifting) against(ctx context.Context, before map[string]*selling, gtins []shelf.GTIN, from, to time.Time) (counterfactual, error) {
	during, err := w.sold(ctx, gtins, from, to)
	if err != nil {
		return counterfactual{}, err
	}
	return counter(w.p.Stores, before, during, w.masters, w.clean(to)), nil
}

// sold reads what the stores sold of the products in a stretch of time.
func (w lifting) sold(ctx context.Context, gtins []shelf.GTIN, from, to time.Time) (map[string]*selling, error) {
	if len(gtins) == 0 || !from.Before(to) {
		return nil, nil
	}
	c, err := w.desk.readWith(ctx, Query{Tenant: w.tenant, From: from, To: to, By: []Dim{Store}, GTINs: gtins}, w.masters)
	if err != nil {
		return nil, err
	}
	return c.selling(to.Sub(from).Hours() / 24), nil
}

// clean returns whether a store had no other promotion from the beginning of the baseline until a time.
func (w lifting) clean(until time.Time) func(store string) bool {
	return func(store string) bool { return !w.rivals.in(store, w.p.From.Add(-before), until) }
}

// setMain sets the figures of the promoted products themselves while the promotion runs.
func (l *Lift) setMain(main counterfactual) {
	l.Units, l.Matched, l.Coverage = main.units, main.matched, main.coverage
	l.Lift.Coverage = main.coverage
	if !main.known {
		return
	}
	lift, margin := main.actual-main.baseline, z80*main.sd
	l.Baseline, l.Lift.Value = rounded(main.baseline), rounded(lift)
	l.Lift.Low, l.Lift.High = rounded(lift-margin), rounded(lift+margin)
	if main.baseline > 0 {
		l.LiftShare = rounded(lift / main.baseline)
	}
}

func rounded(v float64) *float64 { v = round3(v); return &v }
