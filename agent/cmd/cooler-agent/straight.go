package main

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// straightener takes a measured lens out of pictures. It belongs to one goroutine at a time; nil changes nothing.
type straightener struct {
	profile   *lens.Profile
	rectifier *lens.Rectifier
	w, h      int
}

// openLens reads a lens profile; "" gives none.
func openLens(path string) (*straightener, error) {
	if path == "" {
		return nil, nil
	}
	data, err := readSmall(path, lens.MaxProfileBytes)
	if err != nil {
		return nil, withHint(fmt.Errorf("open lens profile: %w", err), "make one with `cooler-agent calibrate`")
	}
	p, err := lens.DecodeProfile(data)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "make it anew with `cooler-agent calibrate`")
	}
	return &straightener{profile: p}, nil
}

// straighten gives the picture as an ideal lens would have taken it.
func (s *straightener) straighten(f vision.Frame) (vision.Frame, error) {
	if s == nil {
		return f, nil
	}
	if err := f.Check(); err != nil {
		return f, err
	}
	if s.rectifier == nil || f.Width != s.w || f.Height != s.h {
		r, err := lens.NewRectifier(s.profile, f.Width, f.Height)
		if err != nil {
			return f, withHint(err, "calibrate at the size that the camera runs at, or set camera.width and camera.height")
		}
		s.rectifier, s.w, s.h = r, f.Width, f.Height
	}
	return s.rectifier.Apply(f), nil
}

// straightCamera straightens what a camera gives.
type straightCamera struct {
	agent.Camera
	lens *straightener
}

// Capture gives the next picture, straightened.
func (c *straightCamera) Capture(ctx context.Context) (vision.Frame, error) {
	f, err := c.Camera.Capture(ctx)
	if err != nil {
		return f, err
	}
	return c.lens.straighten(f)
}
