package main

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/physic"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/board"
	"github.com/coldshelf/coldshelf/devices/door"
	"github.com/coldshelf/coldshelf/devices/place"
	"github.com/coldshelf/coldshelf/devices/power"
	"github.com/coldshelf/coldshelf/devices/presence"
	"github.com/coldshelf/coldshelf/devices/sim"
	"github.com/coldshelf/coldshelf/devices/thermometer"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// fitted returns the devices that the configuration says are wired to the board. Each is opened when it is run,
// and again after a fault, so that a sensor that is connected late or lost for a while is found.
func fitted(d config.Devices, device string) (list []agent.Device) {
	if d.Footfall != nil {
		list = append(list, footfallOf(*d.Footfall, d.Interval))
	}
	if d.Sim {
		return append(list, simulated(d, device))
	}
	if d.Door != nil {
		list = append(list, doorOf(*d.Door))
	}
	if d.Thermometer != nil {
		list = append(list, thermometerOf(*d.Thermometer, d.Interval))
	}
	if d.Presence != nil {
		list = append(list, presenceOf(*d.Presence, d.Interval))
	}
	if d.Power != nil {
		list = append(list, powerOf(*d.Power, d.Interval))
	}
	return list
}

// procNet is where Linux lists routes and neighbours.
const procNet = "/proc/net"

// placeFile, in the data directory, records where the board was set up.
const placeFile = "place.json"

// placed sets up the watch over the board's place, if the configuration asks for it.
func placed(cfg *config.Config, opts *agent.Options) error {
	p := cfg.Devices.Place
	if p == nil {
		return nil
	}
	path := filepath.Join(cfg.DataDir, placeFile)
	w, err := place.New(path, func() ([]string, error) { return place.Routers(procNet) })
	if err != nil {
		return withHint(err, "remove the file; the board then belongs where it is")
	}
	opts.Place, opts.PlaceEvery = w, cmp.Or(p.Every, time.Minute)
	return nil
}

// simulated is a cooler for trying out on a desk. Its name is its seed, so that no two are the same.
func simulated(d config.Devices, device string) agent.Device {
	speed := d.SimSpeed
	if speed == 0 {
		speed = 1
	}
	seed := uint64(0)
	for _, c := range device {
		seed = seed*31 + uint64(c)
	}
	return agent.Device{Name: "cooler: simulated", Run: func(ctx context.Context, say agent.Readings) error {
		return sim.Run(ctx, sim.New(seed, time.Now()), speed, d.Interval, say)
	}}
}

func doorOf(c config.Door) agent.Device {
	return agent.Device{Name: "door: " + c.Pin, Run: func(ctx context.Context, say agent.Readings) error {
		pin, err := board.Pin(c.Pin)
		if err != nil {
			return err
		}
		return door.New(pin, c.OpenHigh, c.Debounce).Watch(ctx, say.Door)
	}}
}

func thermometerOf(c config.Thermometer, every time.Duration) agent.Device {
	name := strings.TrimSpace("thermometer: " + c.Kind + " " + c.Address)
	return thermometerBy(name, func() (thermometer.Sensor, func() error, error) { return openThermometer(c) }, every)
}

// thermometerBy opens a sensor at each run. Its readings are judged across runs, so that a stuck sensor stays
// stuck.
func thermometerBy(name string, open func() (thermometer.Sensor, func() error, error), every time.Duration) agent.Device {
	watch := thermometer.Watched(nil, 0)
	return agent.Device{Name: name, Run: func(ctx context.Context, say agent.Readings) error {
		sensor, done, err := open()
		if err != nil {
			return err
		}
		defer func() { _ = done() }()
		watch.Use(sensor)
		return everyInterval(ctx, every, func() error {
			r, err := watch.Read(ctx)
			if err != nil {
				return err
			}
			say.Climate(telemetry.Climate{
				Temp:             telemetry.MilliCelsius((r.Temperature - physic.ZeroCelsius) / physic.MilliKelvin),
				HumidityPermille: telemetry.Permille(r.Humidity / (physic.PercentRH / 10)),
			})
			return nil
		})
	}}
}

func openThermometer(c config.Thermometer) (thermometer.Sensor, func() error, error) {
	address, err := parseHex(c.Address, 0)
	if err != nil {
		return nil, nil, err
	}
	if c.Kind == "ds18b20" {
		bus, err := board.OneWire(c.Bus)
		if err != nil {
			return nil, nil, err
		}
		s, err := thermometer.NewDS18B20(bus, onewire.Address(address))
		if err != nil {
			bus.Close()
			return nil, nil, err
		}
		return s, bus.Close, nil
	}
	bus, err := board.I2C(c.Bus)
	if err != nil {
		return nil, nil, err
	}
	if address == 0 {
		address = thermometer.DefaultSHTAddress
	}
	open := map[string]func(i2c.Bus, uint16) *thermometer.SHT{"sht3x": thermometer.NewSHT3x, "sht4x": thermometer.NewSHT4x}[c.Kind]
	return open(bus, uint16(address)), bus.Close, nil
}

func presenceOf(c config.Presence, every time.Duration) agent.Device {
	return presenceBy(c, func() (gpio.PinIn, error) { return board.Pin(c.Pin) }, every)
}

// presenceBy opens the pin once it is there. The detector outlives a run, so that a stuck one stays stuck.
func presenceBy(c config.Presence, open func() (gpio.PinIn, error), every time.Duration) agent.Device {
	var detector *presence.Detector
	return agent.Device{Name: "presence: " + c.Pin, Run: func(ctx context.Context, say agent.Readings) error {
		if detector == nil {
			pin, err := open()
			if err != nil {
				return err
			}
			detector = presence.New(pin, c.Hold)
		}
		visits := make(chan presence.Visit, 16)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		told := make(chan struct{})
		go func() {
			defer close(told)
			countVisits(ctx, visits, every, say)
		}()
		err := detector.Watch(ctx, func(v presence.Visit) {
			select {
			case visits <- v:
			case <-ctx.Done():
			}
		})
		cancel()
		<-told
		return err
	}}
}

// countVisits reports, every interval, how many people were there and for how long. A motion detector knows no
// direction, so all of them are reported as passing.
func countVisits(ctx context.Context, visits <-chan presence.Visit, every time.Duration, say agent.Readings) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	var f telemetry.Footfall
	for {
		select {
		case <-ctx.Done():
			return
		case v := <-visits:
			f.Passing++
			f.Dwell += v.To.Sub(v.From)
		case <-ticker.C:
			say.Footfall(f, every)
			f = telemetry.Footfall{}
		}
	}
}

func powerOf(c config.Power, every time.Duration) agent.Device {
	return agent.Device{Name: strings.TrimSpace("power: ina219 " + c.Address), Run: func(ctx context.Context, say agent.Readings) error {
		address, err := parseHex(c.Address, 0x40)
		if err != nil {
			return err
		}
		bus, err := board.I2C(c.Bus)
		if err != nil {
			return err
		}
		defer bus.Close()
		meter, err := power.New(bus, power.Options{
			Address: int(address), MayFail: c.Cooler(), Shunt: physic.ElectricResistance(c.ShuntMOhm) * physic.MilliOhm,
			Mains: physic.ElectricPotential(c.MainsMV) * physic.MilliVolt,
		})
		if err != nil {
			return err
		}
		return everyInterval(ctx, every, func() error {
			r, err := meter.Read()
			if err != nil {
				return err
			}
			say.Power(telemetry.Power{
				MilliVolt: int32(r.Voltage / physic.MilliVolt), MilliAmp: int32(r.Current / physic.MilliAmpere), Mains: r.Mains,
			})
			return nil
		})
	}}
}

// everyInterval calls read now and then once per interval, until ctx ends or read fails.
func everyInterval(ctx context.Context, every time.Duration, read func() error) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if err := read(); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

func parseHex(text string, absent uint64) (uint64, error) {
	if text == "" {
		return absent, nil
	}
	v, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil {
		return 0, fmt.Errorf("address %q is not hexadecimal", text)
	}
	return v, nil
}
