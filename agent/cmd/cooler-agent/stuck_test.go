package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"periph.io/x/conn/v3/physic"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/thermometer"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// heard counts what a device says.
type heard struct{ climate, footfall int }

func (h *heard) Door(bool)                                  {}
func (h *heard) Climate(telemetry.Climate)                  { h.climate++ }
func (h *heard) Power(telemetry.Power)                      {}
func (h *heard) Footfall(telemetry.Footfall, time.Duration) { h.footfall++ }

// again runs a device as the agent does, a second after each fault, and gives the last fault.
func again(ctx context.Context, d agent.Device, say agent.Readings, span time.Duration) (last error) {
	ctx, cancel := context.WithTimeout(ctx, span)
	defer cancel()
	for ctx.Err() == nil {
		if err := d.Run(ctx, say); err != nil {
			last = err
		}
		time.Sleep(time.Second)
	}
	return last
}

// frozen is a thermometer that says what it is told.
type frozen struct{ at physic.Temperature }

func (f *frozen) Read(context.Context) (thermometer.Reading, error) {
	return thermometer.Reading{Temperature: f.at}, nil
}

func TestAFrozenThermometerStaysStuckOverItsRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sensor, said := &frozen{physic.ZeroCelsius + 4*physic.Kelvin}, &heard{}
		d := thermometerBy("thermometer: test", func() (thermometer.Sensor, func() error, error) {
			return sensor, func() error { return nil }, nil
		}, time.Minute)
		err := again(t.Context(), d, said, 24*time.Hour)
		if !errors.Is(err, thermometer.ErrStuck) || said.climate != 180 {
			t.Errorf("in 24 hours: %d readings, %v; want the 180 of the first three hours, and that it is stuck", said.climate, err)
		}
		sensor.at += physic.Kelvin / 16
		if err := again(t.Context(), d, said, 30*time.Second); err != nil || said.climate != 181 {
			t.Errorf("it moved: %d readings, %v, want one more", said.climate, err)
		}
	})
}

func TestAMotionDetectorStaysStuckOverItsRestarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin, said := &gpiotest.Pin{N: "GPIO27", EdgesChan: make(chan gpio.Level)}, &heard{}
		d := presenceBy(config.Presence{Pin: "GPIO27"}, func() (gpio.PinIn, error) { return stuckHigh{pin}, nil }, time.Minute)
		err := again(t.Context(), d, said, 6*time.Hour)
		if err == nil || said.footfall != 60 {
			t.Errorf("in six hours: told %d times, %v; want the 60 of the first hour, and that it is stuck", said.footfall, err)
		}
	})
}

// stuckHigh is a pin that is high whatever pulls at it.
type stuckHigh struct{ *gpiotest.Pin }

func (stuckHigh) In(gpio.Pull, gpio.Edge) error { return nil }
func (stuckHigh) Read() gpio.Level              { return gpio.High }
