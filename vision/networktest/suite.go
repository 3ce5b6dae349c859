// Package networktest is the conformance suite of vision.Network. Every runtime runs it on the networks that
// the program ships; SameBoxes compares any two runtimes, whose boxes must agree within a pixel.
package networktest

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/detect"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// Open loads a model under the runtime being tested.
type Open func(onnx []byte) (vision.Network, error)

// Run runs the suite.
func Run(t *testing.T, open Open) {
	spec, onnx := Detector(t)
	t.Run("outputs have the shapes of the contract", func(t *testing.T) { shapes(t, open, spec, onnx) })
	t.Run("another input shape is taken", func(t *testing.T) { reshapes(t, open, spec, onnx) })
	t.Run("the same input gives the same output", func(t *testing.T) { repeats(t, open, spec, onnx) })
	t.Run("wrong names and shapes are errors", func(t *testing.T) { refusals(t, open, spec, onnx) })
	t.Run("a closed network gives an error", func(t *testing.T) { closed(t, open, spec, onnx) })
	t.Run("bare lanes are told from overlooked packs", func(t *testing.T) { lanes(t, open) })
	t.Run("a cancelled context is heeded", func(t *testing.T) { cancelled(t, open, spec, onnx) })
}

// Detector returns the detector that the program ships, its manifest entry and its ONNX file.
func Detector(t testing.TB) (weights.Network, []byte) {
	t.Helper()
	return shipped(t, weights.FacingDetection)
}

// shipped returns the network that the program ships for a task.
func shipped(t testing.TB, task string) (weights.Network, []byte) {
	t.Helper()
	set, err := weights.Built()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := set.Task(task)
	if err != nil {
		t.Fatal(err)
	}
	onnx, err := set.Load(spec)
	if err != nil {
		t.Fatal(err)
	}
	return spec, onnx
}

func must(t testing.TB, open Open, onnx []byte) vision.Network {
	t.Helper()
	net, err := open(onnx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := net.Close(); err != nil {
			t.Error(err)
		}
	})
	return net
}

// ramp returns an input that is not uniform.
func ramp(h, w int) vision.Tensor {
	t := vision.NewTensor(1, 3, h, w)
	for i := range t.Data {
		t.Data[i] = float32(i*7919%255) / 255
	}
	return t
}

func shapes(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net := must(t, open, onnx)
	out, err := net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: ramp(96, 160)}, spec.Outputs)
	if err != nil {
		t.Fatal(err)
	}
	for i, channels := range []int{1, 4} {
		got, want := out[spec.Outputs[i]].Shape, []int{1, channels, 96 / spec.Stride, 160 / spec.Stride}
		if len(got) != 4 || got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
			t.Errorf("%s has shape %v, want %v", spec.Outputs[i], got, want)
		}
	}
	if net.Runtime() == "" {
		t.Error("the runtime has no name")
	}
}

func reshapes(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net := must(t, open, onnx)
	for _, size := range [][2]int{{64, 64}, {128, 96}, {64, 64}} {
		out, err := net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: ramp(size[0], size[1])}, spec.Outputs)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := len(out[spec.Outputs[0]].Data), size[0]*size[1]/spec.Stride/spec.Stride; got != want {
			t.Errorf("input %v: %d cells, want %d", size, got, want)
		}
	}
}

func repeats(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net := must(t, open, onnx)
	var first []float32
	for range 3 {
		out, err := net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: ramp(96, 96)}, spec.Outputs)
		if err != nil {
			t.Fatal(err)
		}
		heat := out[spec.Outputs[0]].Data
		if first == nil {
			first = heat
			continue
		}
		for i := range heat {
			if math.Abs(float64(heat[i]-first[i])) > 1e-6 {
				t.Fatalf("cell %d: %v, then %v", i, first[i], heat[i])
			}
		}
	}
}

func refusals(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net := must(t, open, onnx)
	good := map[string]vision.Tensor{spec.Input.Name: ramp(64, 64)}
	for _, c := range []struct {
		name    string
		inputs  map[string]vision.Tensor
		outputs []string
	}{
		{"output that is not there", good, []string{"no such output"}},
		{"no outputs", good, nil},
		{"tensor shorter than its shape", map[string]vision.Tensor{spec.Input.Name: {Shape: []int{1, 3, 64, 64}, Data: make([]float32, 5)}}, spec.Outputs},
		{"four channels", map[string]vision.Tensor{spec.Input.Name: vision.NewTensor(1, 4, 64, 64)}, spec.Outputs},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := net.Forward(context.Background(), c.inputs, c.outputs); err == nil {
				t.Error("no error")
			}
		})
	}
	if _, err := net.Forward(context.Background(), good, spec.Outputs); err != nil {
		t.Errorf("after refusals a good input fails: %v", err)
	}
	if _, err := open(nil); err == nil {
		t.Error("an empty model file is taken")
	}
}

func closed(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net, err := open(onnx)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(net.Close(), net.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if _, err := net.Forward(context.Background(), map[string]vision.Tensor{spec.Input.Name: ramp(64, 64)}, spec.Outputs); err == nil {
		t.Error("a closed network still runs")
	}
}

func cancelled(t *testing.T, open Open, spec weights.Network, onnx []byte) {
	net := must(t, open, onnx)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := net.Forward(ctx, map[string]vision.Tensor{spec.Input.Name: ramp(64, 64)}, spec.Outputs); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

// Scene renders a cooler and returns the frame with its truth.
func Scene(t testing.TB) (vision.Frame, *synth.Frame) {
	t.Helper()
	cat, err := synth.NewCatalogue(11, 24)
	if err != nil {
		t.Fatal(err)
	}
	scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 3, Cooler: true})
	if err != nil {
		t.Fatal(err)
	}
	shot, err := scene.Render(context.Background(), synth.Shot{Camera: scene.Camera(synth.CameraWhole, 5), Width: 960, Height: 720, Seed: 9})
	if err != nil {
		t.Fatal(err)
	}
	return vision.FromImage(shot.Image), shot
}

// SameBoxes checks that on a rendered cooler each of two runtimes finds what the other finds, within a pixel.
func SameBoxes(t *testing.T, a, b Open) {
	t.Helper()
	spec, onnx := Detector(t)
	frame, _ := Scene(t)
	var found [2][]vision.Detection
	var names [2]string
	for i, open := range []Open{a, b} {
		net := must(t, open, onnx)
		names[i] = net.Runtime()
		d, err := detect.New(net, spec)
		if err != nil {
			t.Fatal(err)
		}
		if found[i], err = d.Detect(context.Background(), frame); err != nil {
			t.Fatal(err)
		}
	}
	if len(found[0]) < 10 {
		t.Fatalf("%s finds %d boxes in a full cooler: nothing to compare", names[0], len(found[0]))
	}
	// A detection right at the threshold may be found by one of them only.
	floor := spec.Thresholds.Score/2 + 0.01
	for i := range found {
		for _, d := range found[i] {
			if d.Score > floor && !alike(found[1-i], d) {
				t.Errorf("%s finds %+v, %s does not", names[i], d, names[1-i])
			}
		}
	}
}

func alike(list []vision.Detection, d vision.Detection) bool {
	for _, o := range list {
		off := math.Max(math.Max(math.Abs(o.X0-d.X0), math.Abs(o.Y0-d.Y0)), math.Max(math.Abs(o.X1-d.X1), math.Abs(o.Y1-d.Y1)))
		if off <= 1 && math.Abs(o.Score-d.Score) <= 0.01 {
			return true
		}
	}
	return false
}
