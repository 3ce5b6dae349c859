package relay_test

import (
	"errors"
	"strings"
	"testing"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"github.com/coldshelf/coldshelf/devices/relay"
)

func TestRelay(t *testing.T) {
	for name, activeLow := range map[string]bool{"active high": false, "active low": true} {
		t.Run(name, func(t *testing.T) {
			pin := &gpiotest.Pin{N: "GPIO22", L: gpio.Level(!activeLow)} // on, as left by somebody
			r, err := relay.New(pin, activeLow)
			if err != nil {
				t.Fatal(err)
			}
			is := func(what string, on bool) {
				t.Helper()
				if (pin.Read() == gpio.High) != (on != activeLow) {
					t.Errorf("%s: pin is %v", what, pin.Read())
				}
			}
			is("new", false)
			for _, on := range []bool{true, true, false, true} {
				if err := r.Set(on); err != nil {
					t.Fatal(err)
				}
				is("set", on)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			is("closed", false)
		})
	}
}

// dead is a pin that cannot be driven.
type dead struct{ *gpiotest.Pin }

func (dead) Out(gpio.Level) error { return errors.New("input only") }

func TestAPinThatCannotBeDriven(t *testing.T) {
	if _, err := relay.New(dead{&gpiotest.Pin{N: "GPIO22"}}, false); err == nil || !strings.Contains(err.Error(), "GPIO22") {
		t.Errorf("got %v, want an error that names the pin", err)
	}
}
