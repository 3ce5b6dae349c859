package kpi

import (
	"cmp"
	"math"
	"slices"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Estimate is a quantity that was not counted, with its 80 % interval; null where nothing is known.
type Estimate struct {
	Value    *float64 `json:"value"`
	Low      *float64 `json:"low"`
	High     *float64 `json:"high"`
	Coverage float64  `json:"coverage"`
}

// Money is an amount in the minor unit of its currency.
type Money struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

// MoneyEstimate is an amount that was not counted, with its 80 % interval.
type MoneyEstimate struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
	Low      int64  `json:"low"`
	High     int64  `json:"high"`
}

// ByCause divides a quantity by the cause of the stockout: docs/kpis.md, "Cause of a stockout".
type ByCause struct {
	Shelf   float64 `json:"shelf"`   // the book has it: phantom or backroom
	Store   float64 `json:"store"`   // the book has none
	Unknown float64 `json:"unknown"` // there is no stock feed
}

// Availability is OSA, the out-of-stock rate and what was lost, of one group.
type Availability struct {
	OSA        shelf.Ratio     `json:"osa"` // docs/kpis.md, "OSA, over time"
	OOS        shelf.Ratio     `json:"oos"` // "Out-of-stock rate", by time
	Occupancy  shelf.Ratio     `json:"occupancy"`
	OutHours   ByCause         `json:"out_hours"`
	Lost       Estimate        `json:"lost_units"` // "Lost sales", in the time that was watched
	InGaps     *float64        `json:"lost_units_in_gaps"`
	LostCauses ByCause         `json:"lost_units_by_cause"`
	LostMoney  []MoneyEstimate `json:"lost_money"`
	Facings    shelf.Ratio     `json:"facings"` // present ÷ due
	SKUs       int             `json:"skus"`
	Stores     int             `json:"stores"`
}

const msPerHour = 3_600_000

func ratio(part, whole, observed, due int64) shelf.Ratio {
	return shelf.NewRatio(float64(part), float64(whole), float64(observed), float64(due))
}

func (g *group) availability() Availability {
	c := g.sum()
	a := Availability{
		OSA:        ratio(c.OnShelf, c.Watched, c.Watched, c.Open),
		OOS:        ratio(c.OutTime(), c.Watched, c.Watched, c.Open),
		Facings:    ratio(min(c.Present, c.Due), c.Due, c.Due, c.DueAll),
		OutHours:   byCause(c.Out, msPerHour),
		LostCauses: byCause(c.Lost, merge.Micro),
	}
	a.Occupancy = a.Facings
	stores, skus := map[string]bool{}, map[shelf.GTIN]bool{}
	for k, cell := range g.parts {
		if cell.Open > 0 {
			stores[k.store], skus[k.gtin] = true, true
		}
	}
	a.Stores, a.SKUs = len(stores), len(skus)
	a.Lost, a.InGaps = g.lost()
	a.LostMoney = g.lostMoney(a.Lost)
	return a
}

func byCause(v [3]int64, per float64) ByCause {
	return ByCause{Shelf: float64(v[merge.CauseShelf]) / per, Store: float64(v[merge.CauseStore]) / per, Unknown: float64(v[merge.CauseUnknown]) / per}
}

// lost is docs/kpis.md, "Lost sales": what was lost in the time that was watched and rated, and what
// may have been lost while nobody looked.
func (g *group) lost() (Estimate, *float64) {
	sum := merge.LostSum{Groups: g.groups, Days: g.days}
	for k, c := range g.parts {
		sum.Add(k.store, c)
	}
	e := Estimate{Coverage: sum.Coverage()}
	if e.Coverage == 0 {
		return e, nil
	}
	value, low, high := sum.Units()
	value, low, high = round3(value), round3(low), round3(high)
	gaps := round3(sum.InGaps())
	e.Value, e.Low, e.High = &value, &low, &high
	return e, &gaps
}

// lostMoney is the lost units at their prices; its interval is as wide as theirs.
func (g *group) lostMoney(lost Estimate) []MoneyEstimate {
	list := []MoneyEstimate{}
	for currency, thousandths := range g.loss {
		m := MoneyEstimate{Currency: currency, Minor: int64(math.Round(float64(thousandths) / 1000))}
		m.Low, m.High = m.Minor, m.Minor
		if lost.Value != nil && *lost.Value > 0 {
			m.Low = int64(math.Round(float64(m.Minor) * *lost.Low / *lost.Value))
			m.High = int64(math.Round(float64(m.Minor) * *lost.High / *lost.Value))
		}
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b MoneyEstimate) int { return cmp.Compare(a.Currency, b.Currency) })
	return list
}

// Sales is what was sold, of one group.
type Sales struct {
	Units    int64         `json:"units"`
	Promoted int64         `json:"promoted_units"`
	Revenue  []Money       `json:"revenue"`
	Channels []ChannelSale `json:"channels"`
	Coverage float64       `json:"coverage"` // of the shelf beside it
}

// ChannelSale is what one channel sold, in one currency.
type ChannelSale struct {
	Channel  string `json:"channel"`
	Currency string `json:"currency"`
	Units    int64  `json:"units"`
	Minor    int64  `json:"minor"`
}

func (g *group) sales() Sales {
	c := g.sum()
	s := Sales{Units: c.Units(), Revenue: revenue(c), Channels: []ChannelSale{}, Coverage: share(c.Watched, c.Open)}
	for _, line := range c.Sales {
		s.Promoted += line.Promoted
		s.Channels = append(s.Channels, ChannelSale{line.Channel, line.Currency, line.Units, line.Minor})
	}
	return s
}

func revenue(c *merge.Cell) []Money {
	sums := map[string]int64{}
	for _, s := range c.Sales {
		sums[s.Currency] += s.Minor
	}
	list := []Money{}
	for currency, minor := range sums {
		list = append(list, Money{currency, minor})
	}
	slices.SortFunc(list, func(a, b Money) int { return cmp.Compare(a.Currency, b.Currency) })
	return list
}

func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return min(1, max(0, float64(part)/float64(whole)))
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }
