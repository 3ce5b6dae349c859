package route

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// maxPassed bounds how many stores an answer explains, the nearest first.
const maxPassed = 10

// against says why a store is not asked for a product at all, "" if it may be.
func against(o *Order, l *book.Look, s *sales.Stock, now time.Time) (reason, detail string) {
	f := l.Findings[s.GTIN]
	switch {
	case l.Store.NoOrders:
		return "no_orders", "the master says that it takes no orders"
	case !o.Weights.Closed && !l.Open(now):
		return "closed", "it is closed now; weights.closed: true asks closed stores too"
	case !o.Weights.Closed && !l.OpenFor(now, o.Weights.pick()):
		return "closes_soon", fmt.Sprintf("it closes in less than weights.pick_minutes %g: nobody could pick the order", o.Weights.pick().Minutes())
	case f == nil || !s.Known():
		return "not_counted", "its book does not say how much it has: nobody has counted or delivered the product"
	case f.Confidence < o.Weights.Confidence || f.Confidence == 0:
		return "unsure", fmt.Sprintf("confidence %.2g is below min_confidence %.2g (verdict %s)", f.Confidence, o.Weights.Confidence, f.Verdict)
	}
	return "", ""
}

// passed explains what is missing: for each of the nearest stores why it serves nothing or too little of it.
func passed(o *Order, missing []Item, stores []sales.Store, near map[string]*candidate, stock func(shelf.GTIN) []*sales.Stock, now time.Time) []Passed {
	type placed struct {
		sales.Store
		km float64
	}
	var all []placed
	for _, s := range stores {
		km := math.Inf(1)
		if s.Lat != nil && s.Lon != nil {
			km = distance(*o.Lat, *o.Lon, *s.Lat, *s.Lon)
		}
		all = append(all, placed{s, km})
	}
	slices.SortFunc(all, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.km, b.km), strings.Compare(a.Store.Store, b.Store.Store))
	})
	var list []Passed
	for _, s := range all[:min(len(all), maxPassed)] {
		p := Passed{Store: s.Store.Store}
		if !math.IsInf(s.km, 1) {
			km := math.Round(s.km*1000) / 1000
			p.KM = &km
		}
		if p.Reason, p.Detail = whole(o, &s.Store, s.km); p.Reason != "" {
			list = append(list, p)
			continue
		}
		if near[s.Store.Store] != nil {
			list = append(list, short(o, p, missing, near[s.Store.Store], stock, now)...)
		}
	}
	return list
}

// whole says why a store is not asked for anything.
func whole(o *Order, s *sales.Store, km float64) (reason, detail string) {
	switch {
	case math.IsInf(km, 1):
		return "no_place", "its master has no lat and lon"
	case s.NoOrders:
		return "no_orders", "the master says that it takes no orders"
	case km > o.Weights.MaxKM:
		return "too_far", fmt.Sprintf("%.1f km is beyond weights.max_km %g", km, o.Weights.MaxKM)
	}
	return "", ""
}

// short says of one store near the customer why it does not serve what is missing.
func short(o *Order, p Passed, missing []Item, c *candidate, stock func(shelf.GTIN) []*sales.Stock, now time.Time) (list []Passed) {
	for _, item := range missing {
		p.GTIN = item.GTIN
		p.Reason, p.Detail = "not_counted", "its book does not know the product"
		for _, s := range stock(item.GTIN) {
			if s.Store != c.look.Store.Store {
				continue
			}
			if p.Reason, p.Detail = against(o, c.look, s, now); p.Reason == "" {
				p.Reason, p.Detail = "short", fmt.Sprintf("it has %d to give (%d on hand, %d reserved, %d kept back)", max(0, free(c.look, s)), s.OnHand, s.Reserved, c.look.Store.SafetyUnits)
			}
		}
		list = append(list, p)
	}
	return list
}
