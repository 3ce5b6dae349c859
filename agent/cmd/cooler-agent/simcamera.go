package main

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// simCamera shows the rendered shop day of a cooler that does not exist, for a desk without a camera. The name
// after sim: chooses the cooler, and the same name always gives the same one.
type simCamera struct {
	day  *synth.Day
	loop bool
	step int
	next int
}

// simulatedSKUs is how many products the invented world has.
const simulatedSKUs = 60

func openSimCamera(name string, c config.Camera) (*simCamera, error) {
	seed := fnv.New64a()
	seed.Write([]byte(name))
	catalogue, err := synth.NewCatalogue(seed.Sum64(), simulatedSKUs)
	if err != nil {
		return nil, fmt.Errorf("simulated camera: %w", err)
	}
	day, err := synth.NewDay(synth.DayConfig{ID: "sim", Seed: seed.Sum64(), Catalogue: catalogue, Step: 5, Width: c.Width, Height: c.Height})
	if err != nil {
		return nil, fmt.Errorf("simulated camera: %w", err)
	}
	return &simCamera{day: day, loop: c.Loop, step: max(1, c.Step)}, nil
}

// Capture renders the next moment of the day, which takes about a second on a small board.
func (c *simCamera) Capture(ctx context.Context) (vision.Frame, error) {
	if c.next >= len(c.day.Moments) {
		if !c.loop {
			return vision.Frame{}, fmt.Errorf("the simulated day has ended: %w", io.EOF)
		}
		c.next = 0
	}
	f, err := c.day.Render(ctx, c.next)
	if err != nil {
		return vision.Frame{}, fmt.Errorf("simulated camera: %w", err)
	}
	c.next += c.step
	frame := vision.FromImage(f.Image)
	frame.CapturedAt = time.Now()
	return frame, nil
}

// Close does nothing.
func (c *simCamera) Close() error { return nil }
