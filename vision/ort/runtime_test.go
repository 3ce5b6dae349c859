//go:build cgo

package ort_test

import (
	"errors"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/networktest"
	"github.com/coldshelf/coldshelf/vision/ort"
)

func open(t *testing.T) networktest.Open {
	t.Helper()
	rt, err := ort.Open("")
	if err != nil {
		t.Fatalf("%v; `make setup` installs the library", err)
	}
	return func(onnx []byte) (vision.Network, error) { return rt.OpenNetwork(onnx, 1) }
}

func TestNetworkConforms(t *testing.T) { networktest.Run(t, open(t)) }

func TestASparingNetworkConforms(t *testing.T) {
	rt, err := ort.Open("")
	if err != nil {
		t.Fatalf("%v; `make setup` installs the library", err)
	}
	networktest.Run(t, func(onnx []byte) (vision.Network, error) { return rt.OpenSparing(onnx, 1) })
}

func TestLibraryThatIsNotThere(t *testing.T) {
	if _, err := ort.Find("/nonexistent/libonnxruntime.so"); !errors.Is(err, ort.ErrNoLibrary) {
		t.Errorf("got %v, want %v", err, ort.ErrNoLibrary)
	}
}

func TestBadModelIsAnError(t *testing.T) {
	_, good := networktest.Detector(t)
	for name, onnx := range map[string][]byte{"text": []byte("this is no model"), "cut short": good[:len(good)/2]} {
		t.Run(name, func(t *testing.T) {
			if _, err := open(t)(onnx); err == nil {
				t.Error("no error")
			}
		})
	}
}
