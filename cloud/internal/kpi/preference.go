package kpi

import (
	"context"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Preference is how much a region likes a product, beside all regions together.
type Preference struct {
	Units       int64       `json:"units"`
	Share       *float64    `json:"share"`                   // of the region's units
	ShareAll    *float64    `json:"share_all"`               // of all regions' units
	Index       *float64    `json:"index"`                   // 100 × share ÷ share_all: above 100 it is liked more here
	RatePerHour *float64    `json:"units_per_hour_in_stock"` // per store: what the index would be without stockouts rests on it
	RateIndex   *float64    `json:"index_in_stock"`          // 100 × units an hour on the shelf and store here ÷ everywhere, over the product's mean of all
	OSA         shelf.Ratio `json:"osa"`
}

// Preference answers which products which region prefers. A product that was often missing sells
// little though it is liked: index_in_stock counts only hours in which it stood on the shelf and was
// watched.
func (d *Desk) Preference(ctx context.Context, q Query, compare Compare) (*Answer[Preference], error) {
	product := SKU
	for _, dim := range q.By {
		if dim.ofProduct() {
			product = dim
		}
	}
	q.By = []Dim{Region, product}
	type rate struct{ units, hours int64 }
	type tally struct {
		all           int64
		region        map[string]int64
		product       map[string]int64
		inStock       map[string]rate // by product
		inStockRegion map[string]rate
		inStockAll    rate
	}
	tallies := map[*cube]*tally{}
	count := func(c *cube) *tally {
		t := &tally{region: map[string]int64{}, product: map[string]int64{}, inStock: map[string]rate{}, inStockRegion: map[string]rate{}}
		for key, g := range c.groups {
			v := c.query.values(key)
			cell := g.sum()
			n := cell.Units()
			t.all += n
			t.region[v[Region]] += n
			t.product[v[product]] += n
			for m, k := range map[*map[string]rate]string{&t.inStock: v[product], &t.inStockRegion: v[Region]} {
				r := (*m)[k]
				(*m)[k] = rate{r.units + cell.Basis, r.hours + cell.Rated}
			}
			t.inStockAll = rate{t.inStockAll.units + cell.Basis, t.inStockAll.hours + cell.Rated}
		}
		return t
	}
	per := func(r rate) float64 { return float64(r.units) / (float64(r.hours) / msPerHour) }
	return answer(ctx, d, q, compare, func(c *cube, key string, g *group) Preference {
		t := tallies[c]
		if t == nil {
			t = count(c)
			tallies[c] = t
		}
		v := c.query.values(key)
		cell := g.sum()
		p := Preference{Units: cell.Units(), OSA: ratio(cell.OnShelf, cell.Watched, cell.Watched, cell.Open)}
		if t.region[v[Region]] > 0 && t.product[v[product]] > 0 {
			share, all := float64(p.Units)/float64(t.region[v[Region]]), float64(t.product[v[product]])/float64(t.all)
			index := round3(100 * share / all)
			p.Share, p.ShareAll, p.Index = &share, &all, &index
		}
		here := rate{cell.Basis, cell.Rated}
		region, everywhere := t.inStockRegion[v[Region]], t.inStock[v[product]]
		if here.hours > 0 && region.units > 0 && everywhere.units > 0 {
			r := round3(per(here))
			// Against how the region sells at all, as the share above does.
			index := round3(100 * per(here) / per(everywhere) * per(t.inStockAll) / per(region))
			p.RatePerHour, p.RateIndex = &r, &index
		}
		return p
	})
}
