// Package presence reads a motion detector (PIR) on a pin: somebody stands before the cooler, or passes.
//
// A PIR pulses while somebody moves. Presence begins with a pulse and ends when there was none for the
// hold time, so that somebody who stands and chooses is one person. It cannot tell two people who stand
// there at once, nor who came in: footfall that needs a direction comes from the camera.
package presence

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Detector is a motion detector. It belongs to one goroutine.
type Detector struct {
	pin  gpio.PinIn
	hold time.Duration
	low  time.Time // when the pin was low last; kept from one Watch to the next
}

// DefaultHold bridges the pauses of a PIR whose target stands nearly still.
const DefaultHold = 5 * time.Second

// Warmup is how long a PIR says anything after power-on; it is not listened to before.
const Warmup = 30 * time.Second

const poll = 100 * time.Millisecond

// New takes a pin that is high while something moves. hold 0 is DefaultHold.
func New(pin gpio.PinIn, hold time.Duration) *Detector {
	if hold == 0 {
		hold = DefaultHold
	}
	return &Detector{pin: pin, hold: hold}
}

// Visit is one presence: from the first pulse to the last.
type Visit struct{ From, To time.Time }

// Watch tells every visit when it has ended, until ctx ends (it returns nil) or the pin cannot be used. A
// pin that has been high without a break for an hour is an error: the detector is stuck, and each further Watch
// says so until the pin is low.
func (d *Detector) Watch(ctx context.Context, tell func(Visit)) error {
	if err := d.pin.In(gpio.PullDown, gpio.NoEdge); err != nil {
		d.low = time.Time{} // what it was meanwhile is unknown
		return fmt.Errorf("motion detector on %s: %w", d.pin, err)
	}
	defer d.pin.Halt()
	ready := time.Now().Add(Warmup)
	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	var visit Visit
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		moving := d.pin.Read() == gpio.High
		if !moving || d.low.IsZero() {
			d.low = now
		}
		if now.Sub(d.low) > stuckAfter {
			return fmt.Errorf("motion detector on %s: high for %v without a break", d.pin, stuckAfter)
		}
		if now.Before(ready) {
			continue
		}
		if moving {
			if visit.From.IsZero() {
				visit.From = now
			}
			visit.To = now
		} else if !visit.From.IsZero() && now.Sub(visit.To) >= d.hold {
			tell(visit)
			visit = Visit{}
		}
	}
}

const stuckAfter = time.Hour
