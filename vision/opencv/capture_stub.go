//go:build !customenv

package opencv

import "github.com/coldshelf/coldshelf/vision"

// Capture cannot be opened in a program without OpenCV.
type Capture struct{}

// OpenCapture returns ErrNotBuilt.
func OpenCapture(string, CaptureOptions) (*Capture, error) { return nil, ErrNotBuilt }

// Grab returns ErrNotBuilt.
func (*Capture) Grab() error { return ErrNotBuilt }

// Retrieve returns ErrNotBuilt.
func (*Capture) Retrieve() (vision.Frame, error) { return vision.Frame{}, ErrNotBuilt }

// FPS returns 0.
func (*Capture) FPS() float64 { return 0 }

// Close does nothing.
func (*Capture) Close() error { return nil }
