package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/gpio/gpiotest"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
)

// lampPin is a pin that can be pulled out. It belongs to one goroutine.
type lampPin struct {
	gpiotest.Pin
	fails error
}

func (p *lampPin) Out(l gpio.Level) error {
	if p.fails != nil {
		return p.fails
	}
	return p.Pin.Out(l)
}

// litShot notes whether the lamp was lit at each picture.
type litShot struct {
	pin *lampPin
	lit []bool
}

func (s *litShot) Capture(context.Context) (vision.Frame, error) {
	s.lit = append(s.lit, s.pin.fails == nil && s.pin.L == gpio.High)
	return vision.Frame{}, nil
}

func (s *litShot) Close() error { return nil }

func TestALampThatFailsIsToldAndTriedAgain(t *testing.T) {
	pin := &lampPin{Pin: gpiotest.Pin{N: "GPIO5"}}
	missing := errors.New("no such pin yet")
	shot := &litShot{pin: pin}
	c := litBy(shot, config.Light{Pin: "GPIO5"}, func() (gpio.PinOut, error) { return pin, missing })
	expect := func(when, want string) {
		t.Helper()
		got := ""
		if s := <-c.told; s.err != nil {
			got = s.err.Error()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: told %q, want %q", when, got, want)
		}
	}
	look := func() {
		t.Helper()
		if _, err := c.Capture(t.Context()); err != nil {
			t.Errorf("a lamp keeps the picture from being taken: %v", err)
		}
	}
	expect("at the start", "no such pin yet")
	look()
	expect("still missing", "no such pin yet")
	missing = nil
	look()
	expect("there now", "")
	pin.fails = errors.New("pulled out")
	look()
	expect("pulled out", "pulled out")
	pin.fails = nil
	look()
	expect("put in again", "")
	if want := []bool{false, true, false, true}; !slices.Equal(shot.lit, want) {
		t.Errorf("lit at the pictures: %v, want %v", shot.lit, want)
	}
	if pin.L != gpio.Low {
		t.Error("the lamp stays lit after the picture")
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

// blank sees nothing.
type blank struct{}

func (blank) Look(context.Context, vision.Frame) (*shelf.Observation, error) {
	return &shelf.Observation{Width: 8, Height: 8, Model: "blank"}, nil
}

// The reason stands in the health that the agent sends while the lamp is gone.
func TestALampThatIsGoneIsAReasonInTheHealth(t *testing.T) {
	id := wire.Identity{Tenant: "acme", Store: "s1", Device: "cooler-1"}
	ticks := clock.New(true)
	box, err := outbox.Open(t.Context(), t.TempDir(), outbox.Options{EncodeGap: agent.EncodeGap(id, ticks)})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	pin := &lampPin{Pin: gpiotest.Pin{N: "GPIO5"}, fails: errors.New("pulled out")}
	c := litBy(&litShot{pin: pin}, config.Light{}, func() (gpio.PinOut, error) { return pin, nil })
	a, err := agent.New(agent.Options{
		Identity: id, Version: "test", Outbox: box, Clock: ticks, Camera: c, Pipeline: blank{},
		Plan: schedule.Plan{Every: schedule.MinEvery}, Interval: 100 * time.Millisecond, Duties: []agent.Duty{c.Duty()},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	defer func() { cancel(); <-done }()
	waitUntil(t, "the lamp's fault in the health", func() bool {
		all, err := box.Pending(t.Context(), 1000, func(outbox.Key) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range all {
			env, err := wire.Decode(m.Payload)
			if err != nil {
				t.Fatal(err)
			}
			told, ok := env.Body.(*wire.Telemetry)
			if ok && told.Health != nil && slices.Contains(told.Health.Reasons, "light: relay on GPIO5(0): pulled out") {
				return true
			}
		}
		return false
	})
}
