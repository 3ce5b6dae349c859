package main

import (
	"context"
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/board"
	"github.com/coldshelf/coldshelf/devices/relay"
	"github.com/coldshelf/coldshelf/vision"
)

// litCamera lights the lamp for each picture. A lamp that cannot be opened or switched becomes a reason in the
// agent's health, and is opened again at the next picture.
type litCamera struct {
	agent.Camera
	open   func() (*relay.Relay, error)
	warmup time.Duration
	lamp   *relay.Relay  // nil: not open
	told   chan switched // the latest result, until the duty reports it
}

// switched is the result of switching the lamp; nil if that worked.
type switched struct{ err error }

// lit returns a camera that lights the lamp for each picture of cam, and switches the lamp off.
func lit(cam agent.Camera, c config.Light) *litCamera {
	return litBy(cam, c, func() (gpio.PinOut, error) { return board.Pin(c.Pin) })
}

func litBy(cam agent.Camera, c config.Light, pin func() (gpio.PinOut, error)) *litCamera {
	l := &litCamera{Camera: cam, warmup: c.Warmup, told: make(chan switched, 1), open: func() (*relay.Relay, error) {
		p, err := pin()
		if err != nil {
			return nil, err
		}
		return relay.New(p, c.ActiveLow)
	}}
	l.tell(l.set(false))
	return l
}

// Duty reports the lamp's state.
func (c *litCamera) Duty() agent.Duty {
	return agent.Duty{Name: "light", Run: func(ctx context.Context, tell func(error)) {
		for {
			select {
			case <-ctx.Done():
				return
			case s := <-c.told:
				tell(s.err)
			}
		}
	}}
}

// tell leaves the latest result for the duty.
func (c *litCamera) tell(err error) {
	select {
	case <-c.told:
	default:
	}
	c.told <- switched{err}
}

// set switches the lamp, and closes it if that fails.
func (c *litCamera) set(on bool) (err error) {
	if c.lamp == nil {
		if c.lamp, err = c.open(); err != nil {
			c.lamp = nil
			return err
		}
	}
	if err = c.lamp.Set(on); err != nil {
		_ = c.lamp.Close() // it fails as well, with the same error
		c.lamp = nil
	}
	return err
}

// Capture takes a picture with the lamp lit. If the lamp fails the picture is taken nevertheless: the quality
// gate says whether it is too dark.
func (c *litCamera) Capture(ctx context.Context) (vision.Frame, error) {
	if err := c.set(true); err != nil {
		c.tell(err)
		return c.Camera.Capture(ctx)
	}
	defer func() { c.tell(c.set(false)) }()
	select {
	case <-ctx.Done():
		return vision.Frame{}, ctx.Err()
	case <-time.After(c.warmup):
	}
	return c.Camera.Capture(ctx)
}

// Close switches the lamp off for good.
func (c *litCamera) Close() error {
	var err error
	if c.lamp != nil {
		err = c.lamp.Close()
	}
	return errors.Join(err, c.Camera.Close())
}
