package kpi

import (
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// rivals are the other campaigns that move what a campaign's products sell: those of the same products, and of what
// customers take for them. A store in which one runs tells nothing of how things would have gone without any.
type rivals struct{ campaigns []promotion.Promotion }

func rivalsOf(p promotion.Promotion, all []promotion.Promotion, m *merge.Masters) rivals {
	kin := map[shelf.GTIN]bool{}
	groups := map[string]bool{}
	for _, g := range p.GTINs {
		kin[g] = true
		if group := m.Groups()[g]; group != "" {
			groups[group] = true
		}
	}
	var r rivals
	for _, c := range all {
		if c.ID != p.ID && slices.ContainsFunc(c.GTINs, func(g shelf.GTIN) bool { return kin[g] || groups[m.Groups()[g]] }) {
			r.campaigns = append(r.campaigns, c)
		}
	}
	return r
}

// in reports whether one of them runs in a store in a stretch of time.
func (r rivals) in(store string, from, to time.Time) bool {
	return slices.ContainsFunc(r.campaigns, func(c promotion.Promotion) bool {
		_, here := slices.BinarySearch(c.Stores, store)
		return here && c.From.Before(to) && from.Before(c.To)
	})
}

// told is the share of the units that tills say were promoted from which on a store or a day counts as promoted, whatever
// the calendar knows; below it are single coupons.
const told = 0.05

func (s *selling) promotedByTills() bool { return s != nil && s.promoted > told*s.units }

// leastDays is how many days without another campaign a store's own sales before need, to be told from chance.
const leastDays = 7

// ordinary sums a cube of stores and days by store, without the days on which a rival ran or the tills told of a
// promotion; the stretch that was read is [from, to).
func (c *cube) ordinary(from, to time.Time, r rivals) map[string]*selling {
	out, dropped := map[string]*selling{}, map[string]float64{}
	for key, g := range c.groups {
		values := c.query.values(key)
		store := values[Store]
		cell := g.sum()
		one := sellingOf(cell)
		begin, _ := time.ParseInLocation(time.DateOnly, values[Day], c.masters.Place(store).Zone)
		end := begin.AddDate(0, 0, 1)
		if r.in(store, begin, end) || one.promotedByTills() {
			if begin.Before(from) {
				begin = from
			}
			if end.After(to) {
				end = to
			}
			dropped[store] += end.Sub(begin).Hours() / 24
			continue
		}
		if out[store] == nil {
			out[store] = &selling{}
		}
		out[store].add(one)
	}
	for store, s := range out {
		days := to.Sub(from).Hours()/24 - dropped[store]
		if dropped[store] > 0 && days < leastDays {
			delete(out, store)
			continue
		}
		s.days = days * s.stood()
	}
	return out
}
