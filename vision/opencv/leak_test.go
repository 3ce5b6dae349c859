//go:build customenv && matprofile

package opencv_test

import (
	"bytes"
	"context"
	"testing"

	"gocv.io/x/gocv"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/networktest"
)

// TestNoMatLeaks runs with -tags customenv,matprofile, where gocv counts the Mats that were made and not
// closed.
func TestNoMatLeaks(t *testing.T) {
	spec, onnx := networktest.Detector(t)
	before := gocv.MatProfile.Count()
	net, err := open(onnx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 60 {
		in := vision.NewTensor(1, 3, 64+32*(i%3), 96)
		if _, err := net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: in}, spec.Outputs); err != nil {
			t.Fatal(err)
		}
		_, _ = net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: in}, []string{"no such output"})
	}
	if err := net.Close(); err != nil {
		t.Fatal(err)
	}
	if got := gocv.MatProfile.Count(); got != before {
		var where bytes.Buffer
		if err := gocv.MatProfile.WriteTo(&where, 1); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%d Mats are open, %d before\n%s", got, before, where.String())
	}
}
