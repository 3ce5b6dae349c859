// Package power reads what the board is fed with, through an INA219 in its supply: volts, amperes, and
// whether that is the mains or a battery that it lives on.
package power

import (
	"errors"
	"fmt"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/devices/v3/ina219"
)

// Errors that callers may branch on.
var (
	ErrAbsent      = errors.New("sensor does not answer")
	ErrImplausible = errors.New("no supply is so")
)

// Options of New; the zero value is a board as sold: address 0x40, a shunt of 0.1 Ω, 3.2 A, mains above 4.75 V.
type Options struct {
	Address int
	Shunt   physic.ElectricResistance
	Mains   physic.ElectricPotential
}

// Meter is an INA219. It belongs to one goroutine.
type Meter struct {
	dev   *ina219.Dev
	mains physic.ElectricPotential
}

// Reading is the supply at one moment. Current is negative while it flows back, into a battery.
type Reading struct {
	Voltage physic.ElectricPotential
	Current physic.ElectricCurrent
	Mains   bool
}

// New calibrates the sensor.
func New(bus i2c.Bus, o Options) (*Meter, error) {
	opts := ina219.DefaultOpts
	if o.Address != 0 {
		opts.Address = o.Address
	}
	if o.Shunt != 0 {
		opts.SenseResistor = o.Shunt
		// The converter measures 320 mV over the shunt.
		opts.MaxCurrent = physic.ElectricCurrent(320 * int64(physic.MilliVolt) / int64(o.Shunt/physic.MilliOhm) * 1000)
	}
	if o.Mains == 0 {
		o.Mains = 4750 * physic.MilliVolt
	}
	dev, err := ina219.New(bus, &opts)
	if err != nil {
		return nil, fmt.Errorf("INA219 at %#x: %w: %w", opts.Address, ErrAbsent, err)
	}
	return &Meter{dev: dev, mains: o.Mains}, nil
}

// highest bus voltage that the INA219 bears.
const highest = 26 * physic.Volt

// Read measures.
func (m *Meter) Read() (Reading, error) {
	p, err := m.dev.Sense()
	if err != nil {
		return Reading{}, fmt.Errorf("INA219: %w: %w", ErrAbsent, err)
	}
	// A bus that is held high reads as all ones, one that is held low as a board without a supply.
	if p.Voltage > highest || p.Voltage <= 0 {
		return Reading{}, fmt.Errorf("INA219: %w: %s", ErrImplausible, p.Voltage)
	}
	return Reading{Voltage: p.Voltage, Current: p.Current, Mains: p.Voltage >= m.mains}, nil
}
