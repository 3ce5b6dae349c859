package merge

import (
	"context"
	"math"
	"slices"
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

type liftSum struct{ got, expected, hours float64 }

func (l *lifting) hour(lesson Lesson, rates *StoreRates) {
	rate, ok := rates.Rate(lesson.GTIN, lesson.Local)
	if !ok || lesson.Promoted.Hours <= 0 {
		return
	}
	if l.sums == nil {
		l.sums = map[shelf.GTIN]*liftSum{}
	}
	s := l.sums[lesson.GTIN]
	if s == nil {
		s = &liftSum{}
		l.sums[lesson.GTIN] = s
	}
	// An hour counts by what it tells, as in tallied.at: the busiest are cut short by the empty shelf.
	x := rate.PerHour * lesson.Promoted.Hours
	w := 1 / (1 + rates.uneven*x)
	s.got += w * lesson.Promoted.Units
	s.expected += w * x
	s.hours += lesson.Promoted.Hours
}

// Bounds of a lift: what is beyond them was no promotion, or no rate.
const (
	leastLift = 0.2
	mostLift  = 20
	// leastExpected is how many units without the promotion it takes to say anything.
	leastExpected = 5
)

// solve shrinks each product's lift to that of all, as a gamma–Poisson whose strength is taken from how
// much the products differ.
func (l *lifting) solve() Lifts {
	out := Lifts{Products: map[shelf.GTIN]Lift{}}
	var all liftSum
	for _, s := range l.sums {
		all.got, all.expected, all.hours = all.got+s.got, all.expected+s.expected, all.hours+s.hours
	}
	if all.expected < leastExpected {
		return out
	}
	mean := min(mostLift, max(leastLift, all.got/all.expected))
	var m moments
	for _, s := range l.sums {
		m.add(s.got, s.expected*mean)
	}
	prior := m.prior()
	out.Others = &Lift{mean, math.Sqrt(1/prior + 1/(all.got+1)), all.hours}
	for g, s := range l.sums {
		factor := mean * (s.got + prior) / (s.expected*mean + prior)
		out.Products[g] = Lift{min(mostLift, max(leastLift, factor)), 1 / math.Sqrt(s.got+prior), s.hours}
	}
	return out
}
