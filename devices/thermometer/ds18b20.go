package thermometer

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/physic"
)

// Commands and times of the DS18B20 (Maxim 19-7487, pages 6, 9 and 12).
const (
	dsFamily     = 0x28
	dsConvert    = 0x44
	dsScratchpad = 0xbe
	dsConversion = 750 * time.Millisecond // at 12 bits, which it is delivered with
)

// DS18B20 is one sensor on a 1-Wire bus.
type DS18B20 struct{ dev onewire.Dev }

// NewDS18B20 takes the sensor with the address, or with 0 the only one on the bus.
func NewDS18B20(bus onewire.Bus, address onewire.Address) (*DS18B20, error) {
	if address != 0 {
		return &DS18B20{onewire.Dev{Bus: bus, Addr: address}}, nil
	}
	all, err := bus.Search(false)
	if err != nil {
		return nil, fmt.Errorf("search 1-Wire bus: %w: %w", ErrAbsent, err)
	}
	var found []onewire.Address
	for _, a := range all {
		if byte(a) == dsFamily {
			found = append(found, a)
		}
	}
	switch len(found) {
	case 0:
		return nil, fmt.Errorf("DS18B20: %w: %d devices on the bus, none is one", ErrAbsent, len(all))
	case 1:
		return &DS18B20{onewire.Dev{Bus: bus, Addr: found[0]}}, nil
	}
	return nil, fmt.Errorf("DS18B20: %d are on the bus, name one by its address: %#x", len(found), found)
}

// Read has the sensor convert, and reads the result.
func (s *DS18B20) Read(ctx context.Context) (Reading, error) {
	if err := s.dev.TxPower([]byte{dsConvert}, nil); err != nil {
		return Reading{}, fmt.Errorf("DS18B20 %#x: %w: %w", uint64(s.dev.Addr), ErrAbsent, err)
	}
	if err := pause(ctx, dsConversion); err != nil {
		return Reading{}, err
	}
	var pad [9]byte
	if err := s.dev.Tx([]byte{dsScratchpad}, pad[:]); err != nil {
		return Reading{}, fmt.Errorf("DS18B20 %#x: %w: %w", uint64(s.dev.Addr), ErrAbsent, err)
	}
	r, err := parseDS18B20(pad)
	if err != nil {
		return Reading{}, fmt.Errorf("DS18B20 %#x: %w", uint64(s.dev.Addr), err)
	}
	return r, nil
}

func parseDS18B20(pad [9]byte) (Reading, error) {
	if allAre(pad[:], 0xff) || allAre(pad[:], 0) {
		return Reading{}, ErrAbsent // nobody pulls the bus, or somebody holds it
	}
	if !onewire.CheckCRC(pad[:]) {
		return Reading{}, fmt.Errorf("%w: % x", ErrChecksum, pad)
	}
	raw := int16(uint16(pad[1])<<8 | uint16(pad[0]))
	if raw == 85*16 {
		return Reading{}, ErrPowerOn
	}
	return Reading{Temperature: physic.ZeroCelsius + physic.Temperature(raw)*physic.Kelvin/16}, nil
}

func allAre(bytes []byte, v byte) bool {
	for _, b := range bytes {
		if b != v {
			return false
		}
	}
	return true
}
