package board_test

import (
	"errors"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio/gpioreg"
	"periph.io/x/conn/v3/gpio/gpiotest"
	"periph.io/x/conn/v3/i2c"
	"periph.io/x/conn/v3/i2c/i2creg"
	"periph.io/x/conn/v3/i2c/i2ctest"

	"github.com/coldshelf/coldshelf/devices/board"
)

func TestWhatIsNotThereIsNamed(t *testing.T) {
	_, pin := board.Pin("GPIO999")
	_, bus := board.I2C("no-such-bus")
	_, wire := board.OneWire("no-such-wire")
	for name, err := range map[string]error{"GPIO999": pin, "no-such-bus": bus, "no-such-wire": wire} {
		if !errors.Is(err, board.ErrMissing) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want ErrMissing that names it", name, err)
		}
	}
}

func TestWhatIsThereIsFound(t *testing.T) {
	pin := &gpiotest.Pin{N: "SHOP1", Num: 77001}
	if err := gpioreg.Register(pin); err != nil {
		t.Fatal(err)
	}
	defer gpioreg.Unregister("SHOP1")
	if p, err := board.Pin("SHOP1"); err != nil || p.Name() != "SHOP1" {
		t.Errorf("pin: %v, %v", p, err)
	}
	open := func() (i2c.BusCloser, error) { return &i2ctest.Playback{}, nil }
	if err := i2creg.Register("shop-i2c", nil, 77, open); err != nil {
		t.Fatal(err)
	}
	defer i2creg.Unregister("shop-i2c")
	if bus, err := board.I2C("shop-i2c"); err != nil || bus.String() != "playback" {
		t.Errorf("bus: %v, %v", bus, err)
	}
}
