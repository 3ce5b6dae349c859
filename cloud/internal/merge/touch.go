package merge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Causes of an hour's being folded anew.
const (
	causeSale   = "sale"   // a line came, was corrected or refunded
	causeStock  = "stock"  // a count, delivery or transfer came
	causeLook   = "look"   // a board told something
	causeClose  = "close"  // the hour is over
	causeReplay = "replay" // somebody asked for it
	causeRates  = "rates"  // a demand rate is known now that was not, or what promotions do
	causePlan   = "plan"   // a promotion was entered, changed or taken away
	causeMaster = "master" // a store's zone or opening hours are others, or a product's group or list price
)

// Toucher notes which hours each stored message speaks of. It has the shape of a judge of the ingester,
// so that the note is in the transaction that stores the message.
type Toucher struct {
	Now func() time.Time // nil: time.Now
}

// Step notes new messages, an hour that several of a cooler speak of one after the other once.
func (t Toucher) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	var of wire.Identity
	var noted []int64
	for _, env := range envs {
		if env.Identity != of {
			of, noted = env.Identity, noted[:0]
		}
		for _, hour := range hoursOf(env, now()) {
			if slices.Contains(noted, hour) {
				continue
			}
			if err := insertTouch(ctx, tx, env.Tenant, env.Store, env.Device, hour, causeLook); err != nil {
				return err
			}
			noted = append(noted, hour)
		}
	}
	return nil
}

func insertTouch(ctx context.Context, tx *state.Tx, tenant, store, device string, hour int64, cause string) error {
	_, err := tx.Exec(ctx, "INSERT INTO merge_touched (tenant, store, device, hour, cause) VALUES (?, ?, ?, ?, ?)", tenant, store, device, hour, cause)
	if err != nil {
		return fmt.Errorf("touch hour of %s: %w", store, err)
	}
	return nil
}

// hoursOf lists the hours that a message speaks of, as seconds since 1970. The series dates a message
// from a board without a clock by its arrival, which may lie a little before now.
func hoursOf(env *wire.Envelope, now time.Time) []int64 {
	var hours []int64
	var shift time.Duration
	if env.ClockDoubtful() || env.CapturedAt.After(now.Add(time.Hour)) {
		shift = now.Sub(env.CapturedAt)
	}
	span := func(from, to time.Time) {
		if shift != 0 {
			from, to = from.Add(shift-arrival), to.Add(shift)
		}
		for h := hourOf(from); h <= to.Unix(); h += 3600 {
			if len(hours) == 0 || hours[len(hours)-1] != h {
				hours = append(hours, h)
			}
		}
	}
	switch b := env.Body.(type) {
	case *wire.Observation:
		span(env.CapturedAt, env.CapturedAt.Add(Hold))
	case *wire.Telemetry:
		for _, d := range b.Doors {
			span(d.At, d.At)
		}
		for _, f := range b.Footfall {
			span(f.From, later(f.From, f.To.Add(-1)))
		}
	}
	return hours
}

// arrival bounds how long a message takes from the broker into the state.
const arrival = 5 * time.Minute

func hourOf(t time.Time) int64 { return t.Unix() - t.Unix()%3600 }
