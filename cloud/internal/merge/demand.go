package merge

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Demand tells the alert engine what an empty slot loses.
type Demand struct{ rates rateCache }

// NewDemand reads rates from a migrated database.
func NewDemand(db *state.DB) *Demand { return &Demand{rateCache{db: db}} }

// PerHour is the money that a product would take at a cooler in an hour of opening, as the mean of the
// 24 hours from at on: an alert of the night ranks by what it costs in the morning. Of what the store
// would take the cooler counts by its part of the product's facings due there. ok is false where no
// rate or no price is known.
func (d *Demand) PerHour(ctx context.Context, q state.Querier, id wire.Identity, g shelf.GTIN, at time.Time) (minor int64, currency string, ok bool, err error) {
	rates, err := d.rates.read(ctx, q, id.Tenant, id.Store)
	if err != nil || rates == nil {
		return 0, "", false, err
	}
	s, err := state.GetStore(ctx, q, id.Tenant, id.Store)
	if err != nil && !errors.Is(err, state.ErrNotFound) {
		return 0, "", false, err
	}
	place := newPlace(sales.Store{Store: id.Store, TZ: s.TZ, Hours: s.Hours})
	const span = 24 * time.Hour
	f, ok := rates.Forecast(g, place, at, at.Add(span), nil)
	rate, priced := rates.Rate(g, at)
	open := 0.0
	for _, o := range place.Open(at, at.Add(span)) {
		open += o.To.Sub(o.From).Hours()
	}
	if !ok || !priced || rate.Minor <= 0 || rate.Currency == "" || open == 0 {
		return 0, "", false, nil
	}
	part, err := facingsPart(ctx, q, id, g)
	if err != nil {
		return 0, "", false, err
	}
	return int64(math.Round(f.Mean * (1 - rate.Substitute) * rate.Minor * part / open)), rate.Currency, true, nil
}

// facingsPart is a cooler's part of a product's facings due in its store; 1 where it is not known.
func facingsPart(ctx context.Context, q state.Querier, id wire.Identity, g shelf.GTIN) (float64, error) {
	coolers, err := readCoolers(ctx, q, id.Tenant, id.Store)
	if err != nil {
		return 0, err
	}
	here, all := 0, 0
	for device, c := range coolers {
		for _, s := range c.slots {
			if s.GTIN != g || !c.gone.IsZero() {
				continue
			}
			all += s.Due
			if device == id.Device {
				here += s.Due
			}
		}
	}
	if here == 0 {
		return 1, nil
	}
	return float64(here) / float64(all), nil
}
