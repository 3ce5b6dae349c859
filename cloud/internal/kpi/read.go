package kpi

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Desk answers questions. It may be used from several goroutines.
type Desk struct{ DB *state.DB }

// group is what counts together.
type group struct {
	parts map[part]*merge.Cell // by store and product, so that a rate's error adds up within and not across
	loss  map[string]int64     // by currency, thousandths of a minor unit
	days  merge.LostDays

	groups map[shelf.GTIN]string // products that customers take for each other

	in, passing, receipts, countedReceipts, counted, open int64 // of stores
}

type part struct {
	store string
	gtin  shelf.GTIN
}

// cube is an answer before it is put into words.
type cube struct {
	query   Query
	masters *merge.Masters
	groups  map[string]*group
}

func (c *cube) group(key string) *group {
	g := c.groups[key]
	if g == nil {
		g = &group{parts: map[part]*merge.Cell{}, loss: map[string]int64{}, groups: c.masters.Groups()}
		c.groups[key] = g
	}
	return g
}

// read sums the merged hours that a query selects.
func (d *Desk) read(ctx context.Context, q Query) (*cube, error) {
	masters, err := merge.ReadMasters(ctx, d.DB, q.Tenant)
	if err != nil {
		return nil, err
	}
	return d.readWith(ctx, q, masters)
}

func (d *Desk) readWith(ctx context.Context, q Query, masters *merge.Masters) (*cube, error) {
	c := &cube{query: q, masters: masters, groups: map[string]*group{}}
	s := &selector{Query: &c.query, masters: masters, wanted: map[shelf.GTIN]bool{}}
	err := d.scan(ctx, s, func(p *merge.Place, h *merge.Hour, at time.Time) { c.add(s, p, h, at) })
	return c, err
}

// scan gives each merged hour, or whole day, of the stores and the time that are asked for; at is its
// start in the store's zone.
func (d *Desk) scan(ctx context.Context, s *selector, fn func(p *merge.Place, h *merge.Hour, at time.Time)) error {
	places := map[string]*merge.Place{}
	return merge.Read(ctx, d.DB, merge.Stretch{Tenant: s.Tenant, From: s.From, To: s.To, ByHour: s.byHour(), Stores: s.Stores},
		func(store string) *time.Location {
			p := places[store]
			if p == nil {
				p = s.masters.Place(store)
				places[store] = p
			}
			if !s.store(p) {
				return nil
			}
			return p.Zone
		},
		func(store string, h *merge.Hour, local time.Time) { fn(places[store], h, local) })
}

func (c *cube) add(s *selector, p *merge.Place, h *merge.Hour, at time.Time) {
	for i := range h.Cells {
		cell := &h.Cells[i]
		if !s.sku(cell.GTIN) {
			continue
		}
		g := c.group(s.key(p, cell.GTIN, at))
		k := part{p.Store.Store, cell.GTIN}
		sum := g.parts[k]
		if sum == nil {
			sum = &merge.Cell{GTIN: cell.GTIN}
			g.parts[k] = sum
		}
		sum.Add(cell)
		g.days.Add(k.store, at, cell)
		if cell.Loss != 0 {
			g.loss[h.Currency] += cell.Loss
		}
	}
	// People and receipts are the store's, whatever product is asked for; divided by product they would
	// be counted once for each.
	for _, d := range c.query.By {
		if d.ofProduct() {
			return
		}
	}
	if !s.allSKUs() {
		return
	}
	g := c.group(s.key(p, "", at))
	g.in, g.passing, g.receipts = g.in+h.In, g.passing+h.Passing, g.receipts+h.Receipts
	g.countedReceipts, g.counted, g.open = g.countedReceipts+h.CountedReceipts, g.counted+h.Counted, g.open+h.Open
}

// sum adds up all parts of a group.
func (g *group) sum() *merge.Cell {
	var all merge.Cell
	for _, c := range g.parts {
		all.Add(c)
	}
	return &all
}
