package kpi

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Answer is the rows of one question, and of the same question of another time beside them.
type Answer[T any] struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	By       []Dim     `json:"by"`
	Coverage float64   `json:"coverage"` // of the shelf, over all rows: time watched ÷ time open
	Compared *Span     `json:"compared,omitempty"`
	Rows     []Row[T]  `json:"rows"`
}

// Span is the time that rows are compared with.
type Span struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Row is one group: its place in the dims, the names that people know these by, and its figures.
type Row[T any] struct {
	Key     map[Dim]string `json:"key"`
	Name    string         `json:"name,omitempty"`
	NameZH  string         `json:"name_zh,omitempty"`
	Figures T              `json:"figures"`
	Before  *T             `json:"before,omitempty"` // of the time compared with
}

// Compare says what a question's answer stands beside.
type Compare string

// Comparisons: the stretch of the same length right before, and the same weeks a year (52 weeks) before.
const (
	CompareNone     Compare = ""
	ComparePrevious Compare = "previous"
	CompareYear     Compare = "year"
)

func (q Query) before(c Compare) (Query, bool) {
	switch c {
	case ComparePrevious:
		return q.shifted(-q.To.Sub(q.From)), true
	case CompareYear:
		return q.shifted(-52 * 7 * 24 * time.Hour), true
	}
	return q, false
}

// answer asks, groups, and puts each group into figures.
func answer[T any](ctx context.Context, d *Desk, q Query, compare Compare, figures func(c *cube, key string, g *group) T) (*Answer[T], error) {
	c, err := d.read(ctx, q)
	if err != nil {
		return nil, err
	}
	a := &Answer[T]{From: q.From, To: q.To, By: q.By, Rows: []Row[T]{}}
	if a.By == nil {
		a.By = []Dim{}
	}
	var old *cube
	if was, ok := q.before(compare); ok {
		if old, err = d.readWith(ctx, was, c.masters); err != nil {
			return nil, err
		}
		a.Compared = &Span{was.From, was.To}
	}
	var watched, open int64
	for _, key := range slices.Sorted(maps.Keys(c.groups)) {
		g := c.groups[key]
		for _, cell := range g.parts {
			watched, open = watched+cell.Watched, open+cell.Open
		}
		row := Row[T]{Key: q.values(key), Figures: figures(c, key, g)}
		row.Name, row.NameZH = c.names(row.Key)
		if old != nil {
			// A group that was not there then has figures of nothing, so that what is new can be seen.
			before := figures(old, key, old.group(key))
			row.Before = &before
		}
		a.Rows = append(a.Rows, row)
	}
	a.Coverage = share(watched, open)
	return a, nil
}

// names are what people call a row that is about one product or one store.
func (c *cube) names(key map[Dim]string) (name, zh string) {
	if g, ok := key[SKU]; ok {
		if p := c.masters.Products[shelf.GTIN(g)]; p != nil {
			return p.Name, p.NameZH
		}
		return "", ""
	}
	if s, ok := key[Store]; ok {
		if p := c.masters.Places[s]; p != nil {
			return p.Name, ""
		}
	}
	return "", ""
}

// Availability answers OSA, OOS and lost sales.
func (d *Desk) Availability(ctx context.Context, q Query, compare Compare) (*Answer[Availability], error) {
	return answer(ctx, d, q, compare, func(_ *cube, _ string, g *group) Availability { return g.availability() })
}

// Sales answers units and revenue by channel.
func (d *Desk) Sales(ctx context.Context, q Query, compare Compare) (*Answer[Sales], error) {
	return answer(ctx, d, q, compare, func(_ *cube, _ string, g *group) Sales { return g.sales() })
}

// Traffic is people, receipts and their ratio, of stores.
type Traffic struct {
	PeopleIn   int64       `json:"people_in"`
	Passing    int64       `json:"passing"`
	Receipts   int64       `json:"receipts"`
	Counted    int64       `json:"receipts_counted"` // of Receipts: while somebody counted people
	Conversion shelf.Ratio `json:"conversion"`       // docs/kpis.md, "Footfall, conversion"; coverage: time counted ÷ time open
}

// Conversion answers how many of those who came in bought. Products do not divide it.
func (d *Desk) Conversion(ctx context.Context, q Query, compare Compare) (*Answer[Traffic], error) {
	return answer(ctx, d, q, compare, func(_ *cube, _ string, g *group) Traffic { return g.traffic() })
}

func (g *group) traffic() Traffic {
	return Traffic{PeopleIn: g.in, Passing: g.passing, Receipts: g.receipts, Counted: g.countedReceipts,
		Conversion: ratio(g.countedReceipts, g.in, g.counted, g.open)}
}

// Shares is a part of the shelf beside its part of the sales.
type Shares struct {
	OfShelf   shelf.Ratio  `json:"share_of_shelf"` // docs/kpis.md, "Share of shelf", by time
	OfUnits   *float64     `json:"share_of_units"`
	OfRevenue []MoneyShare `json:"share_of_revenue"`
	Index     *float64     `json:"index"`   // share of units ÷ share of shelf: above 1 it sells more than its place
	Facings   float64      `json:"facings"` // mean number on the shelf
	Empty     shelf.Ratio  `json:"empty"`   // of its facings due
	Units     int64        `json:"units"`
}

// MoneyShare is a part of the revenue in one currency.
type MoneyShare struct {
	Currency string  `json:"currency"`
	Share    float64 `json:"share"`
}

// Shares answers share of shelf against share of sales. Of the dims, those of the product say what is
// shared; the others say within what: by store, each store's shelf is a whole.
func (d *Desk) Shares(ctx context.Context, q Query, compare Compare) (*Answer[Shares], error) {
	if !slices.ContainsFunc(q.By, Dim.ofProduct) {
		q.By = append(slices.Clone(q.By), Brand)
	}
	wholes := map[*cube]map[string]*whole{}
	return answer(ctx, d, q, compare, func(c *cube, key string, g *group) Shares {
		if wholes[c] == nil {
			wholes[c] = c.wholes()
		}
		return g.shares(wholes[c][c.frame(key)])
	})
}

// whole is the shelf and the sales that shares are parts of.
type whole struct {
	positions, due, dueAll, units int64
	revenue                       map[string]int64
}

// frame is a key without its product.
func (c *cube) frame(key string) string {
	var b strings.Builder
	values := c.query.values(key)
	for _, d := range c.query.By {
		if !d.ofProduct() {
			b.WriteString(values[d] + "\x1f")
		}
	}
	return b.String()
}

func (c *cube) wholes() map[string]*whole {
	out := map[string]*whole{}
	for key, g := range c.groups {
		f := c.frame(key)
		w := out[f]
		if w == nil {
			w = &whole{revenue: map[string]int64{}}
			out[f] = w
		}
		cell := g.sum()
		w.positions += positions(cell.Present, cell.Stray, cell.Due)
		w.due, w.dueAll, w.units = w.due+cell.Due, w.dueAll+cell.DueAll, w.units+cell.Units()
		for _, s := range cell.Sales {
			w.revenue[s.Currency] += s.Minor
		}
	}
	return out
}

// positions are the facing positions of some slots: those due, and what stands there beyond.
func positions(present, stray, due int64) int64 { return max(due, present+stray) }

func (g *group) shares(w *whole) Shares {
	c := g.sum()
	s := Shares{Units: c.Units(), OfRevenue: []MoneyShare{}}
	if w == nil {
		return s
	}
	s.OfShelf = ratio(c.Present, w.positions, w.due, w.dueAll)
	s.Empty = ratio(max(0, c.Due-c.Present-c.Stray), c.Due, c.Due, c.DueAll)
	if c.DueAll > 0 && c.Due > 0 {
		// Facing-time ÷ time watched, each product by its own.
		for _, cell := range g.parts {
			if cell.Due > 0 && cell.Open > 0 {
				s.Facings += float64(cell.Present) / float64(cell.Due) * float64(cell.DueAll) / float64(cell.Open)
			}
		}
		s.Facings = round3(s.Facings)
	}
	if w.units > 0 {
		v := float64(c.Units()) / float64(w.units)
		s.OfUnits = &v
		if s.OfShelf.Known && s.OfShelf.Value > 0 {
			i := round3(v / s.OfShelf.Value)
			s.Index = &i
		}
	}
	for _, m := range revenue(c) {
		if all := w.revenue[m.Currency]; all > 0 {
			s.OfRevenue = append(s.OfRevenue, MoneyShare{m.Currency, float64(m.Minor) / float64(all)})
		}
	}
	slices.SortFunc(s.OfRevenue, func(a, b MoneyShare) int { return cmp.Compare(a.Currency, b.Currency) })
	return s
}
