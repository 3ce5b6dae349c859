// Package door reads a cooler's door contact on a pin.
//
// A reed contact chatters for some milliseconds and a wet one for longer, so a state counts once it has
// held for the debounce time. The pin wakes the reader by its edges; where it has none (an expander, a
// driver without interrupts) it is polled. It refuses to guess: the state that it starts with is told as
// what it is, not as a change.
package door

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Contact is a door contact. It belongs to one goroutine.
type Contact struct {
	pin      gpio.PinIn
	openHigh bool
	debounce time.Duration
}

// DefaultDebounce bears a reed contact on a slammed door.
const DefaultDebounce = 50 * time.Millisecond

// Poll is how often a pin without edges is read, and how often one with edges is read to be sure: an
// edge can be missed.
const (
	poll    = 20 * time.Millisecond
	recheck = 500 * time.Millisecond
)

// New makes a contact. openHigh: the pin is high while the door is open, as with a contact to ground that
// the door closes. debounce 0 is DefaultDebounce.
func New(pin gpio.PinIn, openHigh bool, debounce time.Duration) *Contact {
	if debounce == 0 {
		debounce = DefaultDebounce
	}
	return &Contact{pin: pin, openHigh: openHigh, debounce: debounce}
}

// Watch tells the state that it finds first, and then every change, until ctx ends (it returns nil) or
// the pin cannot be used.
func (c *Contact) Watch(ctx context.Context, tell func(open bool)) error {
	edges, err := c.arm()
	if err != nil {
		return err
	}
	defer c.pin.Halt()
	var d debouncer
	for ctx.Err() == nil {
		open := (c.pin.Read() == gpio.High) == c.openHigh
		if settled, changed := d.step(open, time.Now(), c.debounce); changed {
			tell(settled)
		}
		c.rest(ctx, edges, d.unsettled())
	}
	return nil
}

// arm prepares the pin, without edges where it has none. It is pulled to where "open" is, so that a
// broken wire reads as an open door, which somebody notices.
func (c *Contact) arm() (edges bool, err error) {
	pull := gpio.PullDown
	if c.openHigh {
		pull = gpio.PullUp
	}
	if err := c.pin.In(pull, gpio.BothEdges); err == nil {
		return true, nil
	}
	if err := c.pin.In(pull, gpio.NoEdge); err != nil {
		return false, fmt.Errorf("door contact on %s: %w", c.pin, err)
	}
	return false, nil
}

// rest waits until there may be something new.
func (c *Contact) rest(ctx context.Context, edges, unsettled bool) {
	pause := recheck
	if unsettled || !edges {
		pause = poll
	}
	if edges {
		c.pin.WaitForEdge(pause)
		return
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// debouncer takes a state for true once it has held.
type debouncer struct {
	known     bool // settled holds a state
	settled   bool
	candidate bool
	since     time.Time // the candidate holds since then; zero: there is none
}

// step takes a reading, and gives the settled state when it has just changed.
func (d *debouncer) step(open bool, now time.Time, hold time.Duration) (settled, changed bool) {
	if d.known && open == d.settled {
		d.since = time.Time{}
		return d.settled, false
	}
	if d.since.IsZero() || open != d.candidate {
		d.candidate, d.since = open, now
	}
	if now.Sub(d.since) < hold {
		return d.settled, false
	}
	d.known, d.settled, d.since = true, open, time.Time{}
	return open, true
}

func (d *debouncer) unsettled() bool { return !d.since.IsZero() }
