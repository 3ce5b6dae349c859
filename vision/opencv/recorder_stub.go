//go:build !customenv

package opencv

import "github.com/coldshelf/coldshelf/vision"

// Recorder cannot be opened in a program without OpenCV.
type Recorder struct{}

// OpenRecorder returns ErrNotBuilt.
func OpenRecorder(string, float64, int, int) (*Recorder, error) { return nil, ErrNotBuilt }

// Write returns ErrNotBuilt.
func (*Recorder) Write(vision.Frame) error { return ErrNotBuilt }

// Close does nothing.
func (*Recorder) Close() error { return nil }
