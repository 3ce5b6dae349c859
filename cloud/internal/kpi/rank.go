package kpi

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Weights say how much each KPI counts in the perfect-store score; only their proportion matters.
type Weights struct {
	OSA     float64 `json:"osa"`
	Facings float64 `json:"facings"` // present ÷ due
	Share   float64 `json:"share"`   // own ÷ all facing positions
	Order   float64 `json:"order"`   // facing positions due that hold nothing foreign or misplaced
}

// DefaultWeights are those of a brand that has not said otherwise: availability before all.
func DefaultWeights() Weights { return Weights{OSA: 40, Facings: 25, Share: 20, Order: 15} }

// Outlet is a store in the ranking.
type Outlet struct {
	Rank      int             `json:"rank"`  // 1 is the best
	Score     shelf.Ratio     `json:"score"` // docs/kpis.md, "Perfect store", 0 to 1
	OSA       shelf.Ratio     `json:"osa"`
	Facings   shelf.Ratio     `json:"facings"`
	Share     shelf.Ratio     `json:"share_of_shelf"`
	Order     shelf.Ratio     `json:"order"`
	Units     int64           `json:"units"`
	Revenue   []Money         `json:"revenue"`
	Lost      Estimate        `json:"lost_units"`
	Causes    ByCause         `json:"lost_units_by_cause"`
	LostMoney []MoneyEstimate `json:"lost_money"`
	Traffic   Traffic         `json:"traffic"`
}

// Outlets ranks stores by the perfect-store score; without a score they come last, by revenue lost.
func (d *Desk) Outlets(ctx context.Context, q Query, w Weights, compare Compare) (*Answer[Outlet], error) {
	q.By = []Dim{Store}
	a, err := answer(ctx, d, q, compare, func(c *cube, _ string, g *group) Outlet { return g.outlet(c, w) })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(a.Rows, func(x, y Row[Outlet]) int {
		return cmp.Or(byScore(x.Figures.Score, y.Figures.Score), cmp.Compare(y.Figures.Units, x.Figures.Units))
	})
	for i := range a.Rows {
		a.Rows[i].Figures.Rank = i + 1
	}
	return a, nil
}

// byScore puts the better first and the unknown last.
func byScore(a, b shelf.Ratio) int {
	if a.Known != b.Known {
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.Value, a.Value)
}

func (g *group) outlet(c *cube, w Weights) Outlet {
	all := g.sum()
	var own, pos int64
	for k, cell := range g.parts {
		pos += positions(cell.Present, cell.Stray, cell.Due)
		if p := c.masters.Products[k.gtin]; p != nil && p.Own {
			own += cell.Present
		}
	}
	o := Outlet{
		OSA:     ratio(all.OnShelf, all.Watched, all.Watched, all.Open),
		Facings: ratio(min(all.Present, all.Due), all.Due, all.Due, all.DueAll),
		Share:   ratio(own, pos, all.Due, all.DueAll),
		Order:   ratio(max(0, all.Due-all.Stray), all.Due, all.Due, all.DueAll),
		Units:   all.Units(), Revenue: revenue(all), Causes: byCause(all.Lost, merge.Micro), Traffic: g.traffic(),
	}
	o.Score = shelf.PerfectStore([]shelf.Weighted{{Score: o.OSA, Weight: w.OSA}, {Score: o.Facings, Weight: w.Facings},
		{Score: o.Share, Weight: w.Share}, {Score: o.Order, Weight: w.Order}})
	o.Lost, _ = g.lost()
	o.LostMoney = g.lostMoney(o.Lost)
	return o
}

// Cooler is a cooler in the ranking.
type Cooler struct {
	Rank       int         `json:"rank"`
	Score      shelf.Ratio `json:"score"`
	Filled     shelf.Ratio `json:"osa"`     // slots with their product, by time
	Facings    shelf.Ratio `json:"facings"` // present ÷ due
	Order      shelf.Ratio `json:"order"`
	Openings   int64       `json:"door_openings"`
	OpenSecond float64     `json:"door_open_mean_s"`
	Units      float64     `json:"units"` // sold off the shelf in its store, by its part of the facings
	Lost       float64     `json:"lost_units"`
	LostMoney  []Money     `json:"lost_money"`
}

// Coolers ranks coolers. What a store sold and lost of a product is divided over its coolers by their
// part of the product's facings due. The share of shelf does not count: a cooler has no name for what
// stands in it beyond its planogram.
func (d *Desk) Coolers(ctx context.Context, q Query, w Weights) (*Answer[Cooler], error) {
	masters, err := merge.ReadMasters(ctx, d.DB, q.Tenant)
	if err != nil {
		return nil, err
	}
	q.By = nil
	type name struct{ store, device string }
	sums, loss := map[name]*merge.Cooler{}, map[name]map[string]int64{}
	s := &selector{Query: &q, masters: masters, wanted: map[shelf.GTIN]bool{}}
	var watched, open int64
	err = d.scan(ctx, s, func(p *merge.Place, h *merge.Hour, _ time.Time) {
		for i := range h.Coolers {
			k := name{p.Store.Store, h.Coolers[i].Device}
			if sums[k] == nil {
				sums[k], loss[k] = &merge.Cooler{Device: k.device}, map[string]int64{}
			}
			sums[k].Add(&h.Coolers[i])
			if v := h.Coolers[i].Loss; v != 0 {
				loss[k][h.Currency] += v
			}
			watched, open = watched+h.Coolers[i].Watched, open+h.Coolers[i].Open
		}
	})
	if err != nil {
		return nil, err
	}
	a := &Answer[Cooler]{From: q.From, To: q.To, By: []Dim{Store, "cooler"}, Coverage: share(watched, open), Rows: []Row[Cooler]{}}
	for k, c := range sums {
		f := Cooler{
			Filled:   ratio(c.OnShelf, c.Watched, c.Watched, c.Open),
			Facings:  ratio(min(c.Present, c.Due), c.Due, c.Due, c.DueAll),
			Order:    ratio(max(0, c.Due-c.Stray), c.Due, c.Due, c.DueAll),
			Openings: c.Openings, Units: round3(float64(c.Sold) / merge.Micro), Lost: round3(float64(c.Lost) / merge.Micro), LostMoney: moneyOf(loss[k]),
		}
		if c.Openings > 0 {
			f.OpenSecond = round3(float64(c.DoorOpen) / 1000 / float64(c.Openings))
		}
		f.Score = shelf.PerfectStore([]shelf.Weighted{{Score: f.Filled, Weight: w.OSA}, {Score: f.Facings, Weight: w.Facings}, {Score: f.Order, Weight: w.Order}})
		a.Rows = append(a.Rows, Row[Cooler]{Key: map[Dim]string{Store: k.store, "cooler": k.device}, Name: masters.Place(k.store).Name, Figures: f})
	}
	slices.SortFunc(a.Rows, func(x, y Row[Cooler]) int {
		return cmp.Or(byScore(x.Figures.Score, y.Figures.Score), cmp.Compare(x.Key["cooler"], y.Key["cooler"]))
	})
	for i := range a.Rows {
		a.Rows[i].Figures.Rank = i + 1
	}
	return a, nil
}

func moneyOf(thousandths map[string]int64) []Money {
	list := []Money{}
	for currency, v := range thousandths {
		list = append(list, Money{currency, (v + 500) / 1000})
	}
	slices.SortFunc(list, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return list
}
