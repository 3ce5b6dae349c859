//go:build !customenv

package opencv

import "github.com/coldshelf/coldshelf/vision"

// Built reports whether OpenCV is compiled in.
func Built() bool { return false }

// Version is "" without OpenCV.
func Version() string { return "" }

// OpenNetwork gives ErrNotBuilt.
func OpenNetwork([]byte, string) (vision.Network, error) { return nil, ErrNotBuilt }

// SetThreads does nothing without OpenCV.
func SetThreads(int) {}
