//go:build !customenv

package opencv

import (
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Person cannot be made in a program without OpenCV.
type Person struct{}

// NewPerson returns ErrNotBuilt.
func NewPerson() (*Person, error) { return nil, ErrNotBuilt }

// Score returns ErrNotBuilt.
func (*Person) Score(vision.Frame, footfall.Box) (float64, error) { return 0, ErrNotBuilt }

// Close does nothing.
func (*Person) Close() error { return nil }
