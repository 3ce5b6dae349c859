//go:build !customenv

package opencv

import (
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Motion cannot be made in a program without OpenCV.
type Motion struct{}

// NewMotion gives ErrNotBuilt.
func NewMotion() (*Motion, error) { return nil, ErrNotBuilt }

// Segment gives ErrNotBuilt.
func (*Motion) Segment(vision.Frame) (footfall.Mask, error) { return footfall.Mask{}, ErrNotBuilt }

// Hold gives ErrNotBuilt.
func (*Motion) Hold(vision.Frame, []footfall.Box) error { return ErrNotBuilt }

// Close does nothing.
func (*Motion) Close() error { return nil }
