//go:build !customenv

package opencv

import "github.com/coldshelf/coldshelf/vision"

// Built reports whether OpenCV is compiled in.
func Built() bool { return false }

// Version returns "".
func Version() string { return "" }

// OpenNetwork returns ErrNotBuilt.
func OpenNetwork([]byte, string) (vision.Network, error) { return nil, ErrNotBuilt }

// OpenDarknet returns ErrNotBuilt.
func OpenDarknet([]byte, []byte) (vision.Network, error) { return nil, ErrNotBuilt }

// SetThreads does nothing without OpenCV.
func SetThreads(int) {}

// FindBoard returns ErrNotBuilt.
func FindBoard(vision.Frame, int, int) ([][2]float64, error) { return nil, ErrNotBuilt }

// FitLens returns ErrNotBuilt.
func FitLens(string, bool, [][2]float64, [][][2]float64, int, int) (*LensFit, error) {
	return nil, ErrNotBuilt
}
