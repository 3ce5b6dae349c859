//go:build customenv

package main

import (
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/networktest"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/ort"
)

// Only main sees both runtimes, so here they are held against each other.
func TestRuntimesSeeTheSame(t *testing.T) {
	rt, err := ort.Open("")
	if err != nil {
		t.Fatalf("%v; `make setup` installs the library", err)
	}
	cv := func(onnx []byte) (vision.Network, error) { return opencv.OpenNetwork(onnx, opencv.CPU) }
	runtime := func(onnx []byte) (vision.Network, error) { return rt.OpenNetwork(onnx, 1) }
	networktest.SameBoxes(t, cv, runtime)
	networktest.SameLanes(t, cv, runtime)
}
