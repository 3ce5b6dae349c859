package kpi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// MergedHour is what is known of one product in one store in one hour: the shelf beside the sales.
type MergedHour struct {
	Store      string          `json:"store"`
	GTIN       shelf.GTIN      `json:"gtin"`
	Hour       time.Time       `json:"hour"`          // its start, UTC
	Facings    *float64        `json:"facings"`       // mean number there; null: nobody saw
	Due        float64         `json:"facings_due"`   // by the planogram
	OSA        shelf.Ratio     `json:"osa"`           // time on the shelf ÷ time watched, with its coverage
	OutHours   ByCause         `json:"out_hours"`     // by cause
	Demand     *float64        `json:"demand"`        // units that the demand rate expects in the hour's opening time; null: no rate
	Lost       Estimate        `json:"lost_units"`    // with its 80 % interval
	LostMoney  []MoneyEstimate `json:"lost_money"`    //
	Units      int64           `json:"units"`         // all channels
	Channels   []ChannelSale   `json:"channels"`      //
	Prices     []Money         `json:"prices"`        // mean paid for one, by currency
	Promoted   int64           `json:"promoted"`      // units sold under a promotion
	Promotions []string        `json:"promotions"`    // that ran in the hour, by id
	PeopleIn   int64           `json:"people_in"`     // of the store
	Receipts   int64           `json:"receipts"`      // of the store
	Openings   int64           `json:"door_openings"` // of the store's coolers
	DoorOpen   float64         `json:"door_open_s"`   // of the store's coolers
}

// ErrTooLong says that a question reaches over more time than is answered at once.
var ErrTooLong = errors.New("too long")

// longestHours bounds what is listed at once.
const longestHours = 8 * 24 * time.Hour

// Hours lists the merged hours themselves, by store, product and time.
func (d *Desk) Hours(ctx context.Context, q Query) ([]MergedHour, error) {
	if q.To.Sub(q.From) > longestHours {
		return nil, fmt.Errorf("%w: hours are listed for %d days at most", ErrTooLong, int(longestHours.Hours()/24))
	}
	masters, err := merge.ReadMasters(ctx, d.DB, q.Tenant)
	if err != nil {
		return nil, err
	}
	campaigns, err := promotion.List(ctx, d.DB, q.Tenant)
	if err != nil {
		return nil, err
	}
	q.By = []Dim{Hour}
	s := &selector{Query: &q, masters: masters, wanted: map[shelf.GTIN]bool{}}
	list := []MergedHour{}
	err = d.scan(ctx, s, func(p *merge.Place, h *merge.Hour, at time.Time) {
		for i := range h.Cells {
			if c := &h.Cells[i]; s.sku(c.GTIN) {
				m := mergedHour(p.Store.Store, h, c, masters.Groups())
				m.Promotions = running(campaigns, m.Store, m.GTIN, at)
				list = append(list, m)
			}
		}
	})
	slices.SortFunc(list, func(a, b MergedHour) int {
		return cmp.Or(cmp.Compare(a.Store, b.Store), cmp.Compare(a.GTIN, b.GTIN), a.Hour.Compare(b.Hour))
	})
	return list, err
}

func mergedHour(store string, h *merge.Hour, c *merge.Cell, groups map[shelf.GTIN]string) MergedHour {
	g := &group{parts: map[part]*merge.Cell{{store, c.GTIN}: c}, loss: map[string]int64{}, groups: groups}
	g.days.Add(store, h.Start, c)
	if c.Loss != 0 {
		g.loss[h.Currency] = c.Loss
	}
	sold := g.sales()
	m := MergedHour{Store: store, GTIN: c.GTIN, Hour: h.Start.UTC(), OSA: ratio(c.OnShelf, c.Watched, c.Watched, c.Open), OutHours: byCause(c.Out, msPerHour),
		Units: sold.Units, Channels: sold.Channels, Promoted: sold.Promoted, Prices: []Money{}, Promotions: []string{},
		PeopleIn: h.In, Receipts: h.Receipts}
	if c.Open > 0 {
		m.Due = round3(float64(c.DueAll) / float64(c.Open))
	}
	if c.Due > 0 {
		v := round3(m.Due * float64(c.Present) / float64(c.Due))
		m.Facings = &v
	}
	if c.Demand > 0 {
		v := round3(float64(c.Demand) / merge.Micro)
		m.Demand = &v
	}
	m.Lost, _ = g.lost()
	m.LostMoney = g.lostMoney(m.Lost)
	paid := map[string]ChannelSale{}
	for _, s := range sold.Channels {
		sum := paid[s.Currency]
		paid[s.Currency] = ChannelSale{Units: sum.Units + s.Units, Minor: sum.Minor + s.Minor}
	}
	for _, r := range sold.Revenue {
		if n := paid[r.Currency].Units; n > 0 {
			m.Prices = append(m.Prices, Money{r.Currency, (r.Minor + n/2) / n})
		}
	}
	for i := range h.Coolers {
		m.Openings += h.Coolers[i].Openings
		m.DoorOpen += float64(h.Coolers[i].DoorOpen) / 1000
	}
	return m
}

// running lists the promotions of a product in a store that ran in an hour.
func running(all []promotion.Promotion, store string, g shelf.GTIN, hour time.Time) []string {
	list := []string{}
	for i := range all {
		if all[i].Covers(store, g) && all[i].From.Before(hour.Add(time.Hour)) && hour.Before(all[i].To) {
			list = append(list, all[i].ID)
		}
	}
	return list
}
