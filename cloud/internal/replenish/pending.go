package replenish

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	// early is how long before its time the arrival of a delivery may be booked.
	early = 6 * time.Hour
	// overdue is how long after its time an order whose arrival nobody has booked is still expected.
	overdue = 24 * time.Hour
)

// product is a product in a store.
type product struct {
	store string
	gtin  shelf.GTIN
}

// pending reads what was ordered and may not have arrived yet, in the order of deliveries.
func (p *Planner) pending(ctx context.Context, tenant string) (map[product][]Suggestion, error) {
	since := p.Now().Add(-overdue)
	list, err := List(ctx, p.DB, tenant, Filter{Statuses: []Status{Approved, Sent}, Since: since, Limit: 1_000_000})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b Suggestion) int { return cmp.Compare(a.Delivery.Unix(), b.Delivery.Unix()) })
	out := map[product][]Suggestion{}
	for i := range list {
		s := &list[i]
		if s.Cases > 0 && s.Delivery.After(since) {
			k := product{s.Store, s.GTIN}
			out[k] = append(out[k], *s)
		}
	}
	return out, nil
}

// coming reports whether an order is still to arrive, according to what is known about the stock at now.
func (h *held) coming(s *Suggestion, now time.Time) bool {
	if !h.arrived.Before(s.Delivery.Add(-early)) {
		return false // it has arrived, perhaps early
	}
	// After its time only a book can show that it is missing: a shelf merely shows what is there.
	return s.Delivery.After(now) || h.source == "book" && h.counted.Before(s.Delivery)
}

// reach plays a stock forward to the last order that comes before the delivery until, and gives the stock
// then and the time. forecast gives the demand of a stretch; ok is false where there is none.
func (h *held) reach(orders []Suggestion, now, until time.Time, forecast func(from, to time.Time) (merge.Forecast, bool)) (units float64, from time.Time, ok bool) {
	units, from = h.units, now
	for i := range orders {
		s := &orders[i]
		if !h.coming(s, now) || !s.Delivery.Before(until) {
			continue
		}
		if s.Delivery.After(from) {
			demand, ok := forecast(from, s.Delivery)
			if !ok {
				return 0, from, false
			}
			units, from = max(0, units-merge.Served(units, demand.Mean, demand.Variance)), s.Delivery
		}
		units += float64(s.Cases * s.Pack)
	}
	return units, from, true
}
