//go:build !cgo

package ort

import (
	"fmt"

	"github.com/coldshelf/coldshelf/vision"
)

// Runtime cannot be created in a program that was built without cgo.
type Runtime struct{}

// Open returns an error that wraps ErrNoLibrary.
func Open(string) (*Runtime, error) {
	return nil, fmt.Errorf("%w: this program was built without cgo", ErrNoLibrary)
}

// Version returns "".
func (r *Runtime) Version() string { return "" }

// OpenNetwork returns ErrNoLibrary.
func (r *Runtime) OpenNetwork([]byte, int) (vision.Network, error) { return nil, ErrNoLibrary }

// OpenSparing returns ErrNoLibrary.
func (r *Runtime) OpenSparing([]byte, int) (vision.Network, error) { return nil, ErrNoLibrary }
