// Package relay switches something on and off through a pin: a lamp, a signal light, a lock. Whatever it
// switches is off from New on, and off again after Close.
package relay

import (
	"fmt"

	"periph.io/x/conn/v3/gpio"
)

// Relay is one switch. It belongs to one goroutine.
type Relay struct {
	pin gpio.PinOut
	on  gpio.Level
}

// New takes a pin and switches it off. activeLow: the pin's low level is on, as with most relay boards.
func New(pin gpio.PinOut, activeLow bool) (*Relay, error) {
	r := &Relay{pin: pin, on: gpio.Level(!activeLow)}
	return r, r.Set(false)
}

// Set switches.
func (r *Relay) Set(on bool) error {
	level := r.on
	if !on {
		level = !level
	}
	if err := r.pin.Out(level); err != nil {
		return fmt.Errorf("relay on %s: %w", r.pin, err)
	}
	return nil
}

// Close switches off and lets the pin go.
func (r *Relay) Close() error {
	err := r.Set(false)
	r.pin.Halt()
	return err
}
