package power_test

import (
	"errors"
	"testing"

	"periph.io/x/conn/v3/i2c/i2ctest"
	"periph.io/x/conn/v3/physic"

	"github.com/coldshelf/coldshelf/devices/power"
)

// recording is the calibration and one measurement: configuration, shunt, bus, current, power.
func recording(config, bus, current []byte) *i2ctest.Playback {
	return &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{
		{Addr: 0x40, W: []byte{0x05, 0x10, 0x62}},
		{Addr: 0x40, W: []byte{0x00, 0x1f, 0xff}},
		{Addr: 0x40, W: []byte{0x00}, R: config},
		{Addr: 0x40, W: []byte{0x01}, R: []byte{0x1d, 0x4c}},
		{Addr: 0x40, W: []byte{0x02}, R: bus},
		{Addr: 0x40, W: []byte{0x04}, R: current},
		{Addr: 0x40, W: []byte{0x03}, R: []byte{0x07, 0x08}},
	}}
}

func TestINA219(t *testing.T) {
	asSet := []byte{0x1f, 0xff}
	cooler := power.Options{Mains: 10 * physic.Volt, MayFail: true}
	for name, c := range map[string]struct {
		of                   power.Options
		config, bus, current []byte
		mv, ma               int64
		mains                bool
		err                  error
	}{
		"mains":                 {config: asSet, bus: []byte{0x27, 0x62}, current: []byte{0x1d, 0x4c}, mv: 5040, ma: 732, mains: true},
		"battery":               {config: asSet, bus: []byte{0x1d, 0x4a}, current: []byte{0x1d, 0x4c}, mv: 3748, ma: 732},
		"charging":              {config: asSet, bus: []byte{0x27, 0x62}, current: []byte{0xfc, 0x00}, mv: 5040, ma: -99, mains: true},
		"a cooler that runs":    {of: cooler, config: asSet, bus: []byte{0x5d, 0xc2}, current: []byte{0x1d, 0x4c}, mv: 12000, ma: 732, mains: true},
		"a cooler without":      {of: cooler, config: asSet, bus: []byte{0x00, 0x02}, current: []byte{0x00, 0x00}},
		"a board without":       {config: asSet, bus: []byte{0x00, 0x02}, current: []byte{0x00, 0x00}, err: power.ErrImplausible},
		"more than it bears":    {config: asSet, bus: []byte{0xff, 0xfa}, current: []byte{0x1d, 0x4c}, err: power.ErrImplausible},
		"bus held high":         {of: cooler, config: []byte{0xff, 0xff}, bus: []byte{0xff, 0xff}, current: []byte{0xff, 0xff}, err: power.ErrImplausible},
		"bus held low":          {of: cooler, config: []byte{0x00, 0x00}, bus: []byte{0x00, 0x00}, current: []byte{0x00, 0x00}, err: power.ErrImplausible},
		"power-on default":      {config: []byte{0x39, 0x9f}, bus: []byte{0x27, 0x62}, current: []byte{0x00, 0x00}, err: power.ErrPowerOn},
		"a flipped bit":         {config: []byte{0x1f, 0xfb}, bus: []byte{0x27, 0x62}, current: []byte{0x1d, 0x4c}, err: power.ErrImplausible},
		"overflow is on":        {config: asSet, bus: []byte{0x27, 0x63}, current: []byte{0x00, 0x00}, err: power.ErrAbsent},
		"gone in between reads": {config: asSet, bus: []byte{}, err: power.ErrAbsent},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := power.New(recording(c.config, c.bus, c.current), c.of)
			if err != nil {
				t.Fatal(err)
			}
			r, err := m.Read()
			if c.err != nil {
				if !errors.Is(err, c.err) {
					t.Errorf("got %v, %v, want %v", r, err, c.err)
				}
				return
			}
			mv, ma := int64(r.Voltage/physic.MilliVolt), int64(r.Current/physic.MilliAmpere)
			if err != nil || mv != c.mv || ma != c.ma || r.Mains != c.mains {
				t.Errorf("got %d mV, %d mA, mains %t, %v; want %d mV, %d mA, mains %t", mv, ma, r.Mains, err, c.mv, c.ma, c.mains)
			}
		})
	}
}

func TestINA219ThatDoesNotAnswer(t *testing.T) {
	if _, err := power.New(&i2ctest.Playback{DontPanic: true}, power.Options{Address: 0x41, Shunt: 20 * physic.MilliOhm}); !errors.Is(err, power.ErrAbsent) {
		t.Errorf("got %v, want ErrAbsent", err)
	}
}
