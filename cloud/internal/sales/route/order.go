package route

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Order is an online order to be routed.
type Order struct {
	Channel string   `json:"channel"`
	Order   string   `json:"order"`
	Lat     *float64 `json:"lat"` // of the customer, WGS 84 degrees
	Lon     *float64 `json:"lon"`
	Lines   []Item   `json:"lines"`
	HoldFor int64    `json:"hold_seconds,omitempty"` // for how long it is reserved; 0: 900
	Split   *bool    `json:"split,omitempty"`        // may several stores serve it; absent: yes
	Partial bool     `json:"partial,omitempty"`      // may a part of it be served
	Weights *Weights `json:"weights,omitempty"`      // absent: the defaults
}

// Item is what is ordered.
type Item struct {
	GTIN  shelf.GTIN `json:"gtin"`  // of a unit, or in an order of a pack of it
	Units int64      `json:"units"` // of GTIN
}

// Weights turn what speaks against a store into points; the store with the fewest wins.
type Weights struct {
	Kilometre  float64 `json:"kilometre"`        // points a kilometre
	Doubt      float64 `json:"doubt"`            // points for a store whose stock is quite unsure
	Load       float64 `json:"load"`             // points for a store in its busiest hour
	Cost       float64 `json:"cost"`             // points for each 100 minor units of its picking cost, where all stores that may serve have one currency
	Parcel     float64 `json:"parcel"`           // points for each further store of an order
	MaxKM      float64 `json:"max_km"`           // farther stores are not asked
	Confidence float64 `json:"min_confidence"`   // stores less sure of a product are not asked for it
	Closed     bool    `json:"closed,omitempty"` // closed stores are asked too
	// Pick is for how many minutes a store has to be open yet, so that somebody can pick the order; absent: 15.
	Pick *int64 `json:"pick_minutes,omitempty"`
}

// defaultPick is what picking an order takes.
const defaultPick = 15 * time.Minute

func (w *Weights) pick() time.Duration {
	if w.Pick == nil {
		return defaultPick
	}
	return time.Duration(*w.Pick) * time.Minute
}

// Defaults: a kilometre counts as much as a tenth of full doubt and a third of a rush hour.
func Defaults() Weights {
	return Weights{Kilometre: 1, Doubt: 10, Load: 3, Cost: 1, Parcel: 8, MaxKM: 25, Confidence: 0.6}
}

// Limits of an order.
const (
	defaultHold = 15 * time.Minute
	maxHold     = 7 * 24 * time.Hour
	maxItems    = 100
)

// Validate says what is wrong, as a *sales.Fault, and fills in what was left out.
func (o *Order) Validate() error {
	bad := func(field, format string, args ...any) error {
		return &sales.Fault{Code: sales.BadNumber, Field: field, Text: field + ": " + fmt.Sprintf(format, args...)}
	}
	if o.Channel == "" || o.Order == "" || len(o.Channel) > 200 || len(o.Order) > 200 {
		return bad("order", "channel and order are missing or longer than 200 bytes")
	}
	if o.Lat == nil || o.Lon == nil || *o.Lat < -90 || *o.Lat > 90 || *o.Lon < -180 || *o.Lon > 180 {
		return bad("lat", "lat and lon are not a place on earth")
	}
	if len(o.Lines) == 0 || len(o.Lines) > maxItems {
		return bad("lines", "an order has 1 to %d lines", maxItems)
	}
	seen := map[shelf.GTIN]bool{}
	for _, l := range o.Lines {
		if l.GTIN == "" || l.Units < 1 || l.Units > 100_000 || seen[l.GTIN] {
			return bad("lines", "each has a gtin that no other has, and 1 to 100000 units")
		}
		seen[l.GTIN] = true
	}
	if o.HoldFor < 0 || time.Duration(o.HoldFor)*time.Second > maxHold {
		return bad("hold_seconds", "%d is not from 0 to %d", o.HoldFor, int(maxHold.Seconds()))
	}
	if o.Weights == nil {
		w := Defaults()
		o.Weights = &w
	}
	w := o.Weights
	if min(w.Kilometre, w.Doubt, w.Load, w.Cost, w.Parcel, w.MaxKM, w.Confidence) < 0 || w.Confidence > 1 || w.MaxKM > 20_040 {
		return bad("weights", "none is negative, min_confidence is at most 1, max_km at most 20040")
	}
	if w.Pick != nil && (*w.Pick < 0 || *w.Pick > 1440) {
		return bad("weights", "pick_minutes is %d, want 0 to 1440", *w.Pick)
	}
	return nil
}

// UnmarshalJSON takes the default for each weight that is left out.
func (w *Weights) UnmarshalJSON(data []byte) error {
	type plain Weights
	p := plain(Defaults())
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&p); err != nil {
		return err
	}
	*w = Weights(p)
	return nil
}

func (o *Order) hold() time.Duration {
	if o.HoldFor == 0 {
		return defaultHold
	}
	return time.Duration(o.HoldFor) * time.Second
}

func (o *Order) name() sales.OrderName { return sales.OrderName{Channel: o.Channel, Order: o.Order} }

// fingerprint tells a repetition from another order of the same name.
func (o *Order) fingerprint() string {
	data, _ := json.Marshal(o) // it has been decoded from JSON
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:12])
}

// Answer is how an order is served, in units: what was ordered in cases is told as what stands in them.
type Answer struct {
	Channel     string                  `json:"channel"`
	Order       string                  `json:"order"`
	Status      sales.ReservationStatus `json:"status"` // held, or refused; later sold, cancelled or timed_out
	ExpiresAt   *time.Time              `json:"expires_at,omitempty"`
	Assignments []Assignment            `json:"assignments"`
	Missing     []Item                  `json:"missing"`                     // what no store can serve
	Unknown     []shelf.GTIN            `json:"unknown,omitempty"`           // of what is missing: no master tells of it
	Passed      []Passed                `json:"passed,omitempty"`            // of what is missing: why the nearest stores were not asked
	Costs       []string                `json:"costs_not_weighed,omitempty"` // currencies of the stores' pick_cost, where there are several: they are not compared
}

// Passed is a store that does not serve a product, and why not.
type Passed struct {
	Store  string     `json:"store"`
	KM     *float64   `json:"km,omitempty"`   // absent: nobody knows where the store is
	GTIN   shelf.GTIN `json:"gtin,omitempty"` // absent: it is so for every product
	Reason string     `json:"reason"`         // too_far, no_place, no_orders, closed, closes_soon, not_counted, unsure or short
	Detail string     `json:"detail"`         // the same in words, with the figures
}

// Assignment is what one store serves.
type Assignment struct {
	Store  string  `json:"store"`
	KM     float64 `json:"km"`
	Lines  []Item  `json:"lines"`
	Points Points  `json:"points"`
}

// Points are why a store was chosen; fewer are better.
type Points struct {
	Distance float64 `json:"distance"`
	Doubt    float64 `json:"doubt"`
	Load     float64 `json:"load"`
	Cost     float64 `json:"cost"`
	Parcel   float64 `json:"parcel"`
	Total    float64 `json:"total"`
}
