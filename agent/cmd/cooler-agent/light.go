package main

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/board"
	"github.com/coldshelf/coldshelf/devices/relay"
	"github.com/coldshelf/coldshelf/vision"
)

// litCamera lights the lamp for each picture.
type litCamera struct {
	agent.Camera
	lamp   *relay.Relay
	warmup time.Duration
}

// lit puts the lamp before the camera.
func lit(cam agent.Camera, c config.Light) (agent.Camera, error) {
	pin, err := board.Pin(c.Pin)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	lamp, err := relay.New(pin, c.ActiveLow)
	if err != nil {
		return nil, fmt.Errorf("light: %w", err)
	}
	return &litCamera{cam, lamp, c.Warmup}, nil
}

// Capture takes a picture with the lamp lit. A lamp that fails does not keep the picture from being taken:
// the quality gate says whether it is too dark.
func (c *litCamera) Capture(ctx context.Context) (vision.Frame, error) {
	if c.lamp.Set(true) == nil {
		defer func() { _ = c.lamp.Set(false) }() // one that fails says so when it is lit
		select {
		case <-ctx.Done():
			return vision.Frame{}, ctx.Err()
		case <-time.After(c.warmup):
		}
	}
	return c.Camera.Capture(ctx)
}

// Close switches the lamp off for good.
func (c *litCamera) Close() error {
	if err := c.lamp.Close(); err != nil {
		c.Camera.Close()
		return fmt.Errorf("light: %w", err)
	}
	return c.Camera.Close()
}
