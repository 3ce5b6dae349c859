package merge

import (
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lift is by how much promotions were seen to change the demand for a product.
type Lift struct {
	Factor float64 `json:"factor"` // demand while promoted ÷ without
	Error  float64 `json:"error"`  // standard deviation of the next promotion's factor ÷ Factor
	Hours  float64 `json:"hours"`  // promoted, on the shelf and watched, that it was learned from
}

// Lifts are learned lifts, and what is expected of a product that was never promoted.
type Lifts struct {
	Products map[shelf.GTIN]Lift `json:"products"`
	Others   *Lift               `json:"others"` // null: nothing was ever promoted
}

// of gives a product's lift; ok is false where nothing is known of promotions.
func (l Lifts) of(g shelf.GTIN) (Lift, bool) {
	if own, ok := l.Products[g]; ok {
		return own, true
	}
	if l.Others != nil {
		return *l.Others, true
	}
	return Lift{}, false
}

// Plan is what is promoted where and when, with the lifts that were learned.
type Plan struct {
	campaigns []promotion.Promotion
	lifts     Lifts
}

// ReadPlan reads a tenant's promotions; m is its model, nil where nothing was learned yet.
func ReadPlan(ctx context.Context, q state.Querier, tenant string, m *Model) (*Plan, error) {
	list, err := promotion.List(ctx, q, tenant)
	p := &Plan{campaigns: list}
	if m != nil {
		p.lifts = m.Lifts
	}
	return p, err
}

// promoted reports whether a product is promoted in a store at a time.
func (p *Plan) promoted(store string, g shelf.GTIN, at time.Time) bool {
	return p != nil && slices.ContainsFunc(p.campaigns, func(c promotion.Promotion) bool {
		return !at.Before(c.From) && at.Before(c.To) && c.Covers(store, g)
	})
}

// within keeps the promotions that touch a stretch of one store, so that its hours ask few of them.
func (p *Plan) within(store string, from, to time.Time) *Plan {
	if p == nil {
		return nil
	}
	out := &Plan{lifts: p.lifts}
	for _, c := range p.campaigns {
		if _, here := slices.BinarySearch(c.Stores, store); here && c.From.Before(to) && from.Before(c.To) {
			out.campaigns = append(out.campaigns, c)
		}
	}
	return out
}

// HourLifts are what promotions do to demand in one hour of a store. The zero value knows of none.
type HourLifts struct {
	lifts     Lifts
	campaigns []promotion.Promotion // that run in the hour
	store     string
}

// Hour gives what the plan does in an hour of a store. p may be nil.
func (p *Plan) Hour(store string, start, until time.Time) HourLifts {
	if p == nil {
		return HourLifts{}
	}
	in := p.within(store, start, until)
	return HourLifts{p.lifts, in.campaigns, store}
}

// of is the lift of a product in the hour: where the calendar promotes it, or where the tills told of a promotion
// (told). ok is false where it is not promoted, or nothing is known of what promotions do.
func (h HourLifts) of(g shelf.GTIN, told bool) (Lift, bool) {
	if !told && !h.promotes(g) {
		return Lift{}, false
	}
	l, ok := h.lifts.of(g)
	return l, ok && l.Factor > 0
}

func (h HourLifts) promotes(g shelf.GTIN) bool {
	return slices.ContainsFunc(h.campaigns, func(c promotion.Promotion) bool { return c.Covers(h.store, g) })
}

// lifted is a rate while its product is promoted. What is not known of the lift is wrong for the product
// wherever the promotion runs.
func (r Rate) lifted(l Lift) Rate {
	r.PerHour *= l.Factor
	r.Shared = math.Hypot(r.Shared, l.Error)
	return r
}

// lifting learns lifts: promoted hours on the shelf against the rates that the others taught.
type lifting struct {
	sums map[shelf.GTIN]*liftSum
	out  []storeHour // in which something promoted was missing
}

// liftSum is a product in promoted hours. Its parts by store are apart, because a rate is wrong for a store as a whole.
type liftSum struct {
	got, hours float64
	expected   float64
	chance     float64            // variance of got ÷ lift: Poisson
	uneven     float64            // variance of got ÷ lift²: how uneven hours are
	stores     map[string]float64 // of expected
	errors     map[string]float64 // of the rates, relative standard deviations
}

// hour takes the lessons of one store's hour, all products together. Hours in which another of the group was missing
// count little, as in Fit.Hour: what was bought then was partly meant for that one.
func (l *lifting) hour(list []Lesson, rates *StoreRates, groups map[shelf.GTIN]string) {
	others := othersOut(list, groups)
	for _, lesson := range list {
		rate, ok := rates.Rate(lesson.GTIN, lesson.Local)
		if !ok || lesson.Promoted.Hours <= 0 {
			continue
		}
		// An hour counts by what it tells, as in tallied.at: the busiest are cut short by the empty shelf.
		x := rate.PerHour * lesson.Promoted.Hours
		w := 1 / (1 + rates.uneven*x)
		if others(lesson) > 0 {
			w *= crowded
		}
		s := l.of(lesson.GTIN)
		s.got += w * lesson.Promoted.Units
		s.expected += w * x
		s.chance += w * w * x
		s.uneven += w * w * rates.uneven * x * x
		s.hours += lesson.Promoted.Hours
		s.stores[lesson.Store] += w * x
		s.errors[lesson.Store] = rate.Error
	}
}

func (l *lifting) of(g shelf.GTIN) *liftSum {
	if l.sums == nil {
		l.sums = map[shelf.GTIN]*liftSum{}
	}
	if l.sums[g] == nil {
		l.sums[g] = &liftSum{stores: map[string]float64{}, errors: map[string]float64{}}
	}
	return l.sums[g]
}

// ratio is what was sold ÷ what was expected without the promotion.
func (s *liftSum) ratio() float64 { return s.got / s.expected }

// variance of the ratio where the lift is one that is given: by chance, and because rates are off.
func (s *liftSum) variance(lift float64) float64 {
	v := lift*s.chance + lift*lift*s.uneven
	for store, x := range walk(s.stores, strings.Compare) {
		off := lift * x * s.errors[store]
		v += off * off
	}
	return v / (s.expected * s.expected)
}

// Bounds of a lift: what is beyond them was no promotion, or no rate.
const (
	leastLift = 0.2
	mostLift  = 20
	// leastExpected is how many units without the promotion it takes to say anything.
	leastExpected = 5
)

// Lifts of products differ, by our judgement, by some three tenths; that counts for as much as three promoted products.
const (
	liftsDiffer   = 0.3
	liftsDifferBy = 2 // degrees of freedom
)

// solve shrinks each product's lift to the mean of the products (random effects: DerSimonian & Laird 1986), each by how
// well it is known and how much they differ. The mean is that of products and not of units: else the best sellers, whose
// own lifts need no other's, would be what the slow ones are shrunk to.
func (l *lifting) solve() Lifts {
	out := Lifts{Products: map[shelf.GTIN]Lift{}}
	var products []shelf.GTIN
	var units, expected, hours float64
	for _, g := range slices.Sorted(maps.Keys(l.sums)) {
		if s := l.sums[g]; s.expected > 0 {
			products = append(products, g)
			units, expected, hours = units+s.got, expected+s.expected, hours+s.hours
		}
	}
	if expected < leastExpected {
		return out
	}
	mean := units / expected
	ratios, variances := make([]float64, len(products)), make([]float64, len(products))
	var all randomEffects
	for range rounds { // variances are of the mean that is learned
		for i, g := range products {
			ratios[i], variances[i] = l.sums[g].ratio(), l.sums[g].variance(min(mostLift, max(leastLift, mean)))
		}
		all = pauleMandel(ratios, variances).believing(liftsDiffer*liftsDiffer*mean*mean, liftsDifferBy, ratios, variances)
		mean = all.mean
	}
	lift := func(factor, variance, hours float64) Lift {
		f := min(mostLift, max(leastLift, factor))
		return Lift{f, math.Sqrt(variance) / f, hours}
	}
	others := lift(all.mean, all.variance+all.between, hours)
	out.Others = &others
	for i, g := range products {
		out.Products[g] = lift(all.shrunk(ratios[i], variances[i]), all.left(variances[i]), l.sums[g].hours)
	}
	return out
}
