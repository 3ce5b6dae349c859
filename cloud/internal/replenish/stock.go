package replenish

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// held is what a store has of a product, and where that is known from.
type held struct {
	units   float64
	source  string
	counted time.Time // of a book
	arrived time.Time // when goods last arrived according to the book; zero: never
}

// fresh is how recently a shelf must have been seen for its stock to be used.
const fresh = 6 * time.Hour

// stocks returns the stock by the book if it was ever counted, and otherwise by what the shelf showed lately:
// the share of facings present, times what the coolers hold.
func (p *Planner) stocks(ctx context.Context, tenant, store string, capacity map[shelf.GTIN]int64) (map[shelf.GTIN]held, error) {
	out := map[shelf.GTIN]held{}
	now, seen := p.Now(), map[shelf.GTIN]time.Time{}
	err := merge.Read(ctx, p.DB, merge.Stretch{Tenant: tenant, From: now.Add(-fresh), To: now.Add(time.Hour), ByHour: true, Stores: []string{store}},
		func(string) *time.Location { return time.UTC },
		func(_ string, h *merge.Hour, _ time.Time) {
			for i := range h.Cells { // the last hour that could be judged counts
				if c := &h.Cells[i]; c.Due > 0 && capacity[c.GTIN] > 0 && h.Start.After(seen[c.GTIN]) {
					seen[c.GTIN] = h.Start
					out[c.GTIN] = held{units: float64(min(c.Present, c.Due)) / float64(c.Due) * float64(capacity[c.GTIN]), source: "shelf"}
				}
			}
		})
	if err != nil {
		return nil, err
	}
	book, err := p.Ledger.Stock(ctx, tenant, store, "")
	if err != nil {
		return nil, err
	}
	for i := range book {
		if book[i].Known() {
			out[book[i].GTIN] = held{units: float64(max(0, book[i].OnHand-book[i].Reserved)), source: "book", counted: book[i].Counted}
		}
	}
	arrivals, err := p.Ledger.Arrivals(ctx, tenant, store)
	if err != nil {
		return nil, err
	}
	for g, h := range out {
		h.arrived = arrivals[g]
		out[g] = h
	}
	return out, nil
}

// capacities sums what a store's coolers hold of each product, according to their planograms. A product that
// has a slot without a known capacity is left out.
func capacities(ctx context.Context, q state.Querier, tenant, store string) (map[shelf.GTIN]int64, error) {
	coolers, err := state.ListCoolers(ctx, q, tenant, "", 1_000_000)
	if err != nil {
		return nil, err
	}
	out, unknown := map[shelf.GTIN]int64{}, map[shelf.GTIN]bool{}
	for _, c := range coolers {
		if c.Store != store {
			continue
		}
		id := c.Planogram
		if id == "" && c.Latest.Software != nil {
			id = c.Latest.Software.Value.Planogram
		}
		if id == "" {
			continue
		}
		plan, err := state.GetPlanogram(ctx, q, tenant, id, 0)
		if err != nil {
			if isNotFound(err) {
				continue // a board may name a planogram that was never published here
			}
			return nil, fmt.Errorf("capacity of %s: %w", c.Device, err)
		}
		for _, s := range plan.Shelves {
			for _, slot := range s.Slots {
				out[slot.GTIN] += int64(slot.Capacity)
				unknown[slot.GTIN] = unknown[slot.GTIN] || slot.Capacity == 0
			}
		}
	}
	for g := range unknown {
		if unknown[g] {
			delete(out, g)
		}
	}
	return out, nil
}
