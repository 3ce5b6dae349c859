package main

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// straightener rectifies pictures taken with a measured lens. It must be used by one goroutine at a time; nil
// changes nothing.
type straightener struct {
	profile   *lens.Profile
	rectifier *lens.Rectifier
	w, h      int
}

// openLens reads a lens profile; for "" it returns nil.
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

// straighten returns the picture as an ideal lens would have taken it.
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

// straightCamera rectifies the pictures of a camera.
type straightCamera struct {
	agent.Camera
	lens *straightener
}

// Capture returns the next picture, rectified.
func (c *straightCamera) Capture(ctx context.Context) (vision.Frame, error) {
	f, err := c.Camera.Capture(ctx)
	if err != nil {
		return f, err
	}
	return c.lens.straighten(f)
}
