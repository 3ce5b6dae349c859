package thermometer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/onewire"
	"periph.io/x/conn/v3/onewire/onewiretest"
	"periph.io/x/conn/v3/physic"

	"github.com/coldshelf/coldshelf/devices/thermometer"
)

const sensor = onewire.Address(0x740000070e41ac28)

// rom is the selection of the sensor before a command.
func rom(command byte) []byte {
	return []byte{0x55, 0x28, 0xac, 0x41, 0x0e, 0x07, 0x00, 0x00, 0x74, command}
}

// withCRC completes a scratchpad.
func withCRC(pad ...byte) []byte { return append(pad, onewire.CalcCRC(pad)) }

// Recordings of scratchpads: what the sensor said, and what must come of it.
func TestDS18B20(t *testing.T) {
	for name, c := range map[string]struct {
		pad  []byte
		want physic.Temperature
		err  error
	}{
		"4.25 °C":            {pad: withCRC(0x44, 0x00, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10), want: physic.ZeroCelsius + 4250*physic.MilliKelvin},
		"-0.5 °C":            {pad: withCRC(0xf8, 0xff, 0x4b, 0x46, 0x7f, 0xff, 0x08, 0x10), want: physic.ZeroCelsius - 500*physic.MilliKelvin},
		"-25.0625 °C":        {pad: withCRC(0x6f, 0xfe, 0x4b, 0x46, 0x7f, 0xff, 0x01, 0x10), want: physic.ZeroCelsius - 25062500*physic.MicroKelvin},
		"power-on":           {pad: withCRC(0x50, 0x05, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10), err: thermometer.ErrPowerOn},
		"bad checksum":       {pad: []byte{0x44, 0x00, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10, 0x00}, err: thermometer.ErrChecksum},
		"one bit is flipped": {pad: append([]byte{0x45}, withCRC(0x44, 0x00, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10)[1:]...), err: thermometer.ErrChecksum},
		"pulled off":         {pad: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, err: thermometer.ErrAbsent},
		"shorted":            {pad: make([]byte, 9), err: thermometer.ErrAbsent},
		"too hot":            {pad: withCRC(0xd0, 0x07, 0x4b, 0x46, 0x7f, 0xff, 0x0c, 0x10), err: thermometer.ErrImplausible},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bus := &onewiretest.Playback{DontPanic: true, Ops: []onewiretest.IO{
					{W: rom(0x44), Pull: onewire.StrongPullup},
					{W: rom(0xbe), R: c.pad},
				}}
				s, err := thermometer.NewDS18B20(bus, sensor)
				if err != nil {
					t.Fatal(err)
				}
				begin := time.Now()
				r, err := thermometer.Watched(s, 0).Read(t.Context())
				if !errors.Is(err, c.err) || err == nil && r.Temperature != c.want {
					t.Errorf("got %v, %v, want %v, %v", r.Temperature, err, c.want, c.err)
				}
				if took := time.Since(begin); took < 750*time.Millisecond {
					t.Errorf("the sensor was given %v to convert", took)
				}
				if err := bus.Close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestDS18B20IsFound(t *testing.T) {
	search := []onewiretest.IO{{W: []byte{0xf0}}, {W: []byte{0xf0}}, {W: []byte{0xf0}}}
	other := onewire.Address(0xd100000aabbccd01) // not a thermometer
	for name, c := range map[string]struct {
		devices []onewire.Address
		ok      bool
	}{
		"alone":         {[]onewire.Address{sensor}, true},
		"beside others": {[]onewire.Address{sensor, other}, true},
		"not there":     {[]onewire.Address{other}, false},
		"two":           {[]onewire.Address{sensor, 0x8b00000a0b0c0d28}, false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := thermometer.NewDS18B20(&onewiretest.Playback{DontPanic: true, Ops: search, Devices: c.devices}, 0)
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := thermometer.NewDS18B20(&onewiretest.Playback{DontPanic: true}, 0); !errors.Is(err, thermometer.ErrAbsent) {
		t.Errorf("dead bus: got %v, want ErrAbsent", err)
	}
}

// Words of the datasheets and of a sensor in a cooler, with their checksums.
func TestSHT(t *testing.T) {
	for name, c := range map[string]struct {
		reply []byte
		third string // "" where it is an error
		four  string
		err   error
	}{
		"datasheet's 0xbeef": {reply: []byte{0xbe, 0xef, 0x92, 0xbe, 0xef, 0x92}, err: thermometer.ErrImplausible},
		"a cooler":           {reply: []byte{0x48, 0x00, 0x3f, 0xb3, 0x33, 0xab}, third: "4.220°C 70%rH", four: "4.220°C 81.5%rH"},
		"dripping":           {reply: []byte{0x48, 0x00, 0x3f, 0xff, 0xff, 0xac}, third: "4.220°C 100%rH", four: "4.220°C 100%rH"},
		"bone dry":           {reply: []byte{0x48, 0x00, 0x3f, 0x00, 0x00, 0x81}, third: "4.220°C 0%rH", four: "4.220°C 0%rH"},
		"bad checksum":       {reply: []byte{0x48, 0x00, 0x3c, 0xb3, 0x33, 0xab}, err: thermometer.ErrChecksum},
		"bad second one":     {reply: []byte{0x48, 0x00, 0x3f, 0xb3, 0x33, 0x00}, err: thermometer.ErrChecksum},
		"bus held low":       {reply: make([]byte, 6), err: thermometer.ErrAbsent},
		"bus held high":      {reply: []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, err: thermometer.ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			for generation, want := range map[int]string{3: c.third, 4: c.four} {
				measure := map[int][]byte{3: {0x24, 0x00}, 4: {0xfd}}[generation]
				bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
					{Addr: thermometer.DefaultSHTAddress, W: measure},
					{Addr: thermometer.DefaultSHTAddress, R: c.reply},
				}}
				s := thermometer.NewSHT3x(bus, thermometer.DefaultSHTAddress)
				if generation == 4 {
					s = thermometer.NewSHT4x(bus, thermometer.DefaultSHTAddress)
				}
				r, err := thermometer.Watched(s, 0).Read(t.Context())
				if c.err != nil {
					if !errors.Is(err, c.err) {
						t.Errorf("SHT%dx: got %v, %v, want %v", generation, r, err, c.err)
					}
					continue
				}
				if got := fmt.Sprintf("%s %s", r.Temperature, r.Humidity); err != nil || got != want {
					t.Errorf("SHT%dx: got %s, %v, want %s", generation, got, err, want)
				}
				if err := bus.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestSHTThatDoesNotAnswer(t *testing.T) {
	_, err := thermometer.NewSHT4x(&i2ctest.Playback{DontPanic: true}, 0x45).Read(t.Context())
	if !errors.Is(err, thermometer.ErrAbsent) {
		t.Errorf("got %v, want ErrAbsent", err)
	}
}

// fixed is a sensor that says what it is told.
type fixed struct{ at physic.Temperature }

func (f *fixed) Read(context.Context) (thermometer.Reading, error) {
	return thermometer.Reading{Temperature: f.at}, nil
}

func TestAReadingThatDoesNotMoveIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixed{physic.ZeroCelsius + 4*physic.Kelvin}
		w := thermometer.Watched(f, 0)
		read := func() error { _, err := w.Read(t.Context()); return err }
		for range 179 {
			if err := read(); err != nil {
				t.Fatalf("within three hours: %v", err)
			}
			time.Sleep(time.Minute)
		}
		time.Sleep(2 * time.Minute)
		if err := read(); !errors.Is(err, thermometer.ErrStuck) {
			t.Errorf("after three hours: got %v, want ErrStuck", err)
		}
		f.at += physic.Kelvin / 16
		if err := read(); err != nil {
			t.Errorf("it moved again: %v", err)
		}
	})
}
