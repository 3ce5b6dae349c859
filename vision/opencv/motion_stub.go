//go:build !customenv

package opencv

import (
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Motion cannot be made in a program without OpenCV.
type Motion struct{}

// NewMotion returns ErrNotBuilt.
func NewMotion() (*Motion, error) { return nil, ErrNotBuilt }

// Segment returns ErrNotBuilt.
func (*Motion) Segment(vision.Frame) (footfall.Mask, error) { return footfall.Mask{}, ErrNotBuilt }

// Hold returns ErrNotBuilt.
func (*Motion) Hold(vision.Frame, []footfall.Box) error { return ErrNotBuilt }

// Close does nothing.
func (*Motion) Close() error { return nil }
