//go:build customenv

package opencv

/*
#include "person_shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Person tells whether a person stands upright in a part of a frame, with Dalal and Triggs' histograms of
// oriented gradients and the classifier that comes with OpenCV. It must be used by one goroutine at a time.
type Person struct{ hog unsafe.Pointer }

// NewPerson loads the classifier.
func NewPerson() (*Person, error) {
	var message [512]C.char
	hog := C.coldshelf_person_new(&message[0], C.int(len(message)))
	if hog == nil {
		return nil, fmt.Errorf("people detector: %s", words(&message[0]))
	}
	return &Person{hog}, nil
}

// Score returns how certain it is of a person in the box: 0 for nobody, about 0.5 for a good view of one.
func (p *Person) Score(f vision.Frame, b footfall.Box) (float64, error) {
	if p.hog == nil {
		return 0, os.ErrClosed
	}
	if err := errors.Join(f.Check(), b.Check()); err != nil {
		return 0, err
	}
	var score C.double
	var message [512]C.char
	if C.coldshelf_person_score(p.hog, unsafe.Pointer(&f.BGR[0]), C.int(f.Width), C.int(f.Height),
		C.double(b.X), C.double(b.Y), C.double(b.W), C.double(b.H), &score, &message[0], C.int(len(message))) != 0 {
		return 0, fmt.Errorf("people detector: %s", words(&message[0]))
	}
	return float64(score), nil
}

// Close frees the classifier. Closing twice is allowed.
func (p *Person) Close() error {
	if p.hog != nil {
		C.coldshelf_person_free(p.hog)
		p.hog = nil
	}
	return nil
}
