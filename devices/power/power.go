// Package power reads a supply through an INA219 in it: volts, amperes, and whether the mains feed it. In the
// cooler's own supply it tells that the cooler has lost its power; in the board's, that the board lives on its battery.
package power

import (
	"encoding/binary"
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
	ErrPowerOn     = errors.New("sensor was without power and has forgotten its calibration")
)

// Options of New; the zero value is a sensor as sold in the supply of a board: address 0x40, a shunt of 0.1 Ω, 3.2 A,
// mains above 4.75 V.
type Options struct {
	Address int
	Shunt   physic.ElectricResistance
	Mains   physic.ElectricPotential // below this the mains are gone
	MayFail bool                     // the supply may be without any voltage: it is not what feeds the board
}

// Meter is an INA219. It belongs to one goroutine.
type Meter struct {
	dev     *ina219.Dev
	raw     i2c.Dev
	mains   physic.ElectricPotential
	mayFail bool
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
	return &Meter{dev: dev, raw: i2c.Dev{Bus: bus, Addr: uint16(opts.Address)}, mains: o.Mains, mayFail: o.MayFail}, nil
}

// highest bus voltage that the INA219 bears.
const highest = 26 * physic.Volt

// The configuration register as New leaves it, and as it is after the sensor's own power came back.
const configured, asAtPowerOn = 0x1fff, 0x399f

// Read measures. After ErrPowerOn make a new Meter: the currents of this one are wrong.
func (m *Meter) Read() (Reading, error) {
	if err := m.remembers(); err != nil {
		return Reading{}, err
	}
	p, err := m.dev.Sense()
	if err != nil {
		return Reading{}, fmt.Errorf("INA219: %w: %w", ErrAbsent, err)
	}
	// Nobody reads this who has no supply.
	if p.Voltage > highest || p.Voltage < 0 || p.Voltage == 0 && !m.mayFail {
		return Reading{}, fmt.Errorf("INA219: %w: %s", ErrImplausible, p.Voltage)
	}
	return Reading{Voltage: p.Voltage, Current: p.Current, Mains: p.Voltage >= m.mains}, nil
}

// remembers reports a sensor that has started anew, and a bus that is held low or high: that reads as zeros or ones, which
// would else be a supply without voltage.
func (m *Meter) remembers() error {
	var reply [2]byte
	if err := m.raw.Tx([]byte{0}, reply[:]); err != nil {
		return fmt.Errorf("INA219: %w: %w", ErrAbsent, err)
	}
	switch config := binary.BigEndian.Uint16(reply[:]); config {
	case configured:
		return nil
	case asAtPowerOn:
		return fmt.Errorf("INA219: %w", ErrPowerOn)
	default:
		return fmt.Errorf("INA219: %w: it was set to %#04x and says %#04x; is the bus held?", ErrImplausible, configured, config)
	}
}
