// Package thermometer reads a cooler's climate: DS18B20 on 1-Wire, SHT3x and SHT4x on I²C.
//
// A sensor's lie is an error here, never a reading: the 85 °C that a DS18B20 says after power-on, a
// bad checksum, a bus that is stuck at one level, a value that no cooler can have, and a value that has
// not moved for longer than a compressor's cycles allow.
package thermometer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/physic"
)

// Errors that callers may branch on.
var (
	ErrAbsent      = errors.New("sensor does not answer")
	ErrChecksum    = errors.New("checksum is wrong")
	ErrPowerOn     = errors.New("sensor has just been powered: 85 °C is no reading")
	ErrImplausible = errors.New("no cooler is so")
	ErrStuck       = errors.New("reading has not moved")
)

// Reading is one climate. Humidity is 0 where the sensor has none.
type Reading struct {
	Temperature physic.Temperature
	Humidity    physic.RelativeHumidity
}

// Sensor takes one reading, which needs up to a second.
type Sensor interface {
	Read(ctx context.Context) (Reading, error)
}

// What a cooler's air can be, a defrost and a hot shop with the cooler unplugged included.
const (
	lowest  = physic.ZeroCelsius - 45*physic.Kelvin
	highest = physic.ZeroCelsius + 70*physic.Kelvin
)

// Watch is a sensor whose readings are judged one after another.
type Watch struct {
	sensor Sensor
	stuck  time.Duration
	last   Reading
	since  time.Time // last has stood since then
}

// StuckAfter is longer than any cooler holds its air to a sixteenth of a degree.
const StuckAfter = 3 * time.Hour

// Watched judges the readings of a sensor. stuckAfter 0 is StuckAfter.
func Watched(s Sensor, stuckAfter time.Duration) *Watch {
	if stuckAfter == 0 {
		stuckAfter = StuckAfter
	}
	return &Watch{sensor: s, stuck: stuckAfter}
}

// Use goes on with the sensor opened anew; how long the reading has stood is kept.
func (w *Watch) Use(s Sensor) { w.sensor = s }

// Read takes a reading and refuses one that is implausible or stuck.
func (w *Watch) Read(ctx context.Context) (Reading, error) {
	r, err := w.sensor.Read(ctx)
	if err != nil {
		return Reading{}, err
	}
	if r.Temperature < lowest || r.Temperature > highest {
		return Reading{}, fmt.Errorf("%w: %s", ErrImplausible, r.Temperature)
	}
	now := time.Now()
	if w.since.IsZero() || r != w.last {
		w.last, w.since = r, now
	}
	if d := now.Sub(w.since); d >= w.stuck {
		return Reading{}, fmt.Errorf("%w from %s for %v", ErrStuck, r.Temperature, d.Round(time.Minute))
	}
	return r, nil
}

// pause waits for a conversion.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
