// Package board finds pins and buses of the board through periph.io.
//
// periph starts without an error on a machine that has none of them, so everything that is not there is
// an ErrMissing here that names what was looked for. periph looks once: a bus whose driver is loaded later
// is found after the next start of the program, a sensor that is plugged into a bus at the next try.
package board

import (
	"errors"
	"fmt"
	"strings"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/onewire/onewirereg"
	"periph.io/x/host/v3"
)

// ErrMissing says that the board has no such pin or bus.
var ErrMissing = errors.New("not on this board")

// Pin finds a pin by periph's name ("GPIO17") or number.
func Pin(name string) (gpio.PinIO, error) {
	if _, err := host.Init(); err != nil {
		return nil, fmt.Errorf("pin %s: %w", name, err)
	}
	p := gpioreg.ByName(name)
	if p == nil {
		return nil, fmt.Errorf("pin %s: %w%s", name, ErrMissing, known(len(gpioreg.All())))
	}
	return p, nil
}

// I2C opens a bus by periph's name ("1", "/dev/i2c-1"); "" is the first.
func I2C(name string) (i2c.BusCloser, error) {
	if _, err := host.Init(); err != nil {
		return nil, fmt.Errorf("I²C bus %q: %w", name, err)
	}
	if len(i2creg.All()) == 0 {
		return nil, fmt.Errorf("I²C bus %q: %w: it has none; is dtparam=i2c_arm=on set?", name, ErrMissing)
	}
	bus, err := i2creg.Open(name)
	if err != nil {
		return nil, fmt.Errorf("I²C bus %q: %w: %w", name, ErrMissing, err)
	}
	return bus, nil
}

// OneWire opens a bus by periph's name; "" is the first.
func OneWire(name string) (onewire.BusCloser, error) {
	if _, err := host.Init(); err != nil {
		return nil, fmt.Errorf("1-Wire bus %q: %w", name, err)
	}
	if len(onewirereg.All()) == 0 {
		return nil, fmt.Errorf("1-Wire bus %q: %w: it has none; is dtoverlay=w1-gpio set?", name, ErrMissing)
	}
	bus, err := onewirereg.Open(name)
	if err != nil {
		return nil, fmt.Errorf("1-Wire bus %q: %w: %w", name, ErrMissing, err)
	}
	return bus, nil
}

func known(pins int) string {
	if pins == 0 {
		return ": it has no pins at all"
	}
	names := make([]string, 0, 4)
	for _, p := range gpioreg.All()[:min(4, pins)] {
		names = append(names, p.Name())
	}
	return fmt.Sprintf(": it has %d others, as %s", pins, strings.Join(names, ", "))
}
