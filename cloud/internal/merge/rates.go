package merge

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Week is the number of hours that a demand rate tells apart, from Monday 00:00 local time.
const Week = 7 * 24

// HourOfWeek is the place of a local time in the week, 0 to Week − 1.
func HourOfWeek(local time.Time) int {
	return (int(local.Weekday())+6)%7*24 + local.Hour()
}

// Profile is how demand is spread over the week: factors about 1 by hour of week.
type Profile [Week]float32

// StoreRates are the rates of one store: a base for each product, times how the product sells over the
// week in similar stores, times how this store differs from them over the week.
type StoreRates struct {
	version    int64
	store      string
	cluster    string
	dispersion float64
	uneven     float64
	traffic    Profile
	bases      map[shelf.GTIN]base
	shapes     map[shelf.GTIN]*Profile // shared by the stores of a cluster
	substitute map[shelf.GTIN]float64  // shared
	shared     map[shelf.GTIN]float64  // relative standard deviation of what is wrong with a product in all stores alike
	local      float64                 // the same of all products of the store
	daily      float64                 // and of the store on a single day
	alike      float64                 // and everywhere
	picks      map[shelf.GTIN]pick     // for online orders
	own        float64                 // weight of the store's own average in a forecast

	pressed map[shelf.GTIN]*[24]float32 // hours without it ÷ hours with it, by hour of the day; only right after a fit
}

// base is one product's level in one store.
type base struct {
	PerHour  float64 `json:"r"` // units an hour of average demand
	Error    float64 `json:"e"` // relative standard deviation
	Days     int     `json:"d"` // days in stock that it was learned from
	Minor    float64 `json:"m,omitempty"`
	Currency string  `json:"c,omitempty"`
	Listed   bool    `json:"l,omitempty"` // nothing was sold: Minor is the list price
	Own      float64 `json:"o,omitempty"` // units an hour on the shelf over the last four weeks, all hours alike; 0: not known
	Pressed  float64 `json:"p,omitempty"` // demand while it is missed ÷ what PerHour says; 0: not known
}

// MinDays is how many days in stock a rate needs: docs/kpis.md, "Demand rate".
const MinDays = 3

// Weigh says how much the store's own average counts in a forecast: see Scoreboard.Weight.
func (r *StoreRates) Weigh(own float64) { r.own = own }

// Version names the fit.
func (r *StoreRates) Version() int64 {
	if r == nil {
		return 0
	}
	return r.version
}

// Rate is docs/kpis.md, "Demand rate".
func (r *StoreRates) Rate(g shelf.GTIN, local time.Time) (Rate, bool) {
	if r == nil {
		return Rate{}, false
	}
	b, ok := r.bases[g]
	if !ok || b.Days < MinDays {
		return Rate{}, false
	}
	missed := b.Pressed
	if missed == 0 {
		missed = 1
	}
	return Rate{PerHour: r.at(g, HourOfWeek(local)), Missed: missed, Error: b.Error, Dispersion: r.dispersion, Uneven: r.uneven, Substitute: r.substitute[g], Shared: r.shared[g], Local: r.local, Daily: r.daily, Alike: r.alike, Minor: b.Minor, Currency: b.Currency, Listed: b.Listed}, true
}

// at is units an hour of a product in an hour of the week; 0 where nothing is known.
func (r *StoreRates) at(g shelf.GTIN, w int) float64 {
	if r == nil {
		return 0
	}
	per := r.bases[g].PerHour * float64(r.traffic[w])
	if shape := r.shapes[g]; shape != nil {
		per *= float64(shape[w])
	}
	return per
}

// ownAverage is what the store itself sold of a product in an hour on the shelf; 0 where it is not known.
func (r *StoreRates) ownAverage(g shelf.GTIN) float64 { return r.bases[g].Own }

// Products lists what the store has a rate for.
func (r *StoreRates) Products() []shelf.GTIN {
	if r == nil {
		return nil
	}
	out := make([]shelf.GTIN, 0, len(r.bases))
	for g := range r.bases {
		out = append(out, g)
	}
	return out
}
