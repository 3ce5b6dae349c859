package thermometer

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/physic"
)

// DefaultSHTAddress is where an SHT3x or SHT4x answers unless it is wired otherwise.
const DefaultSHTAddress = 0x44

// SHT is an SHT3x or SHT4x of Sensirion on an I²C bus.
type SHT struct {
	dev     i2c.Dev
	name    string
	measure []byte        // single shot, high repeatability, no clock stretching
	takes   time.Duration // the longest conversion
	rhScale int64         // humidity in percent = rhZero + rhScale × raw / 65535
	rhZero  int64
}

// NewSHT3x takes a sensor of the third generation (datasheet of SHT3x-DIS, version 7, tables 9 and 4).
func NewSHT3x(bus i2c.Bus, address uint16) *SHT {
	return &SHT{dev: i2c.Dev{Bus: bus, Addr: address}, name: "SHT3x", measure: []byte{0x24, 0x00}, takes: 16 * time.Millisecond, rhScale: 100}
}

// NewSHT4x takes a sensor of the fourth generation (datasheet of SHT4x, version 6, section 4).
func NewSHT4x(bus i2c.Bus, address uint16) *SHT {
	return &SHT{dev: i2c.Dev{Bus: bus, Addr: address}, name: "SHT4x", measure: []byte{0xfd}, takes: 9 * time.Millisecond, rhScale: 125, rhZero: -6}
}

// Read has the sensor measure, and reads the result.
func (s *SHT) Read(ctx context.Context) (Reading, error) {
	if err := s.dev.Tx(s.measure, nil); err != nil {
		return Reading{}, s.fault(fmt.Errorf("%w: %w", ErrAbsent, err))
	}
	if err := pause(ctx, s.takes); err != nil {
		return Reading{}, err
	}
	var b [6]byte
	if err := s.dev.Tx(nil, b[:]); err != nil {
		return Reading{}, s.fault(fmt.Errorf("%w: %w", ErrAbsent, err))
	}
	r, err := s.parse(b)
	if err != nil {
		return Reading{}, s.fault(err)
	}
	return r, nil
}

func (s *SHT) fault(err error) error { return fmt.Errorf("%s at %#x: %w", s.name, s.dev.Addr, err) }

// parse takes two words with a checksum each: temperature, humidity.
func (s *SHT) parse(b [6]byte) (Reading, error) {
	if allAre(b[:], 0xff) || allAre(b[:], 0) {
		return Reading{}, ErrAbsent
	}
	for i := 0; i < len(b); i += 3 {
		if crc8(b[i:i+2]) != b[i+2] {
			return Reading{}, fmt.Errorf("%w: % x", ErrChecksum, b)
		}
	}
	t, h := int64(b[0])<<8|int64(b[1]), int64(b[3])<<8|int64(b[4])
	humidity := (s.rhZero*65535 + s.rhScale*h) * int64(physic.PercentRH) / 65535 // does not fit physic's own 32 bits before the division
	return Reading{
		Temperature: physic.ZeroCelsius - 45*physic.Kelvin + physic.Temperature(175*t)*physic.MilliKelvin*1000/65535,
		Humidity:    physic.RelativeHumidity(min(max(humidity, 0), 100*int64(physic.PercentRH))), // the formula leaves the range at its ends
	}, nil
}

// crc8 is Sensirion's: polynomial 0x31, begun with 0xff, nothing reflected.
func crc8(data []byte) byte {
	crc := byte(0xff)
	for _, b := range data {
		crc ^= b
		for range 8 {
			if crc&0x80 != 0 {
				crc = crc<<1 ^ 0x31
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
