package kpi

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lift is what came of a promotion: docs/kpis.md, "lift" and "roi".
type Lift struct {
	promotion.Promotion
	Units       int64    `json:"units"`    // sold in it
	Baseline    *float64 `json:"baseline"` // units that would have been sold without it; null: nothing to tell by
	Lift        Estimate `json:"lift_units"`
	LiftShare   *float64 `json:"lift"` // of the baseline
	Matched     int      `json:"matched_stores"`
	Cannibalism *float64 `json:"cannibalised_units"` // what other own products of the group sold more (or, negative, less) than without it
	Dip         *float64 `json:"after_units"`        // the same of the products themselves afterwards; null until as long has passed
	Margin      *float64 `json:"incremental_margin_minor"`
	ROI         *float64 `json:"roi"`
	Coverage    float64  `json:"coverage"` // of the shelf while it ran
}

const (
	before  = 28 * 24 * time.Hour // what the baseline looks back on
	longDip = 14 * 24 * time.Hour
	matched = 10 // stores for each
)

// Promotions answers lift and return of a tenant's promotions that touch a stretch of time.
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

func (d *Desk) lift(ctx context.Context, tenant string, m *merge.Masters, p promotion.Promotion, r rivals, now time.Time) (*Lift, error) {
	l := &Lift{Promotion: p}
	end := p.To
	if now.Before(end) {
		end = now // it still runs
	}
	read := func(gtins []shelf.GTIN, from, to time.Time) (map[string]*selling, error) {
		if len(gtins) == 0 || !from.Before(to) {
			return nil, nil
		}
		c, err := d.readWith(ctx, Query{Tenant: tenant, From: from, To: to, By: []Dim{Store}, GTINs: gtins}, m)
		if err != nil {
			return nil, err
		}
		return c.selling(to.Sub(from).Hours() / 24), nil
	}
	// What was sold before, on ordinary days.
	readBefore := func(gtins []shelf.GTIN) (map[string]*selling, error) {
		if len(gtins) == 0 {
			return nil, nil
		}
		from := p.From.Add(-before)
		c, err := d.readWith(ctx, Query{Tenant: tenant, From: from, To: p.From, By: []Dim{Store, Day}, GTINs: gtins}, m)
		if err != nil {
			return nil, err
		}
		return c.ordinary(from, p.From, r), nil
	}
	clean := func(until time.Time) func(string) bool {
		return func(store string) bool { return !r.in(store, p.From.Add(-before), until) }
	}
	pre, err := readBefore(p.GTINs)
	if err != nil {
		return nil, err
	}
	during, err := read(p.GTINs, p.From, end)
	if err != nil {
		return nil, err
	}
	main := counter(p.Stores, pre, during, m, clean(end))
	l.Units, l.Matched, l.Coverage = main.units, main.matched, main.coverage
	l.Lift.Coverage = main.coverage
	if !main.known {
		return l, nil
	}
	lift := main.actual - main.baseline
	low, high := lift-1.2816*main.sd, lift+1.2816*main.sd
	l.Baseline, l.Lift.Value, l.Lift.Low, l.Lift.High = rounded(main.baseline), rounded(lift), rounded(low), rounded(high)
	if main.baseline > 0 {
		l.LiftShare = rounded(lift / main.baseline)
	}
	others := others(m, p.GTINs)
	preOthers, err := readBefore(others)
	if err != nil {
		return nil, err
	}
	duringOthers, err := read(others, p.From, end)
	if err != nil {
		return nil, err
	}
	taken := counter(p.Stores, preOthers, duringOthers, m, clean(end))
	l.Cannibalism = rounded(taken.actual - taken.baseline)
	dip := min(p.To.Sub(p.From), longDip)
	var after counterfactual
	if !now.Before(p.To.Add(dip)) {
		late, err := read(p.GTINs, p.To, p.To.Add(dip))
		if err != nil {
			return nil, err
		}
		after = counter(p.Stores, pre, late, m, clean(p.To.Add(dip)))
		l.Dip = rounded(after.actual - after.baseline)
	}
	l.settle(m, main, taken, after)
	return l, nil
}

func rounded(v float64) *float64 { v = round3(v); return &v }
