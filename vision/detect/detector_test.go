package detect_test

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/detect"
)

const stride = 8

// drawn is a network that gives the maps that it was drawn, whatever the input, and keeps its size.
type drawn struct {
	boxes  []vision.Detection // in input pixels
	shape  []int
	broken func(heat, ltrb *vision.Tensor)
}

func (d *drawn) Runtime() string { return "drawn" }
func (d *drawn) Close() error    { return nil }

func (d *drawn) Forward(_ context.Context, in map[string]vision.Tensor, _ []string) (map[string]vision.Tensor, error) {
	d.shape = in["image"].Shape
	h, w := d.shape[2]/stride, d.shape[3]/stride
	heat, ltrb := vision.NewTensor(1, 1, h, w), vision.NewTensor(1, 4, h, w)
	for _, b := range d.boxes {
		x, y := int((b.X0+b.X1)/2/stride), int((b.Y0+b.Y1)/2/stride)
		if x >= w || y >= h {
			continue
		}
		i, n := y*w+x, h*w
		cx, cy := (float64(x)+0.5)*stride, (float64(y)+0.5)*stride
		heat.Data[i] = float32(b.Score)
		ltrb.Data[i], ltrb.Data[n+i] = float32(cx-b.X0), float32(cy-b.Y0)
		ltrb.Data[2*n+i], ltrb.Data[3*n+i] = float32(b.X1-cx), float32(b.Y1-cy)
	}
	if d.broken != nil {
		d.broken(&heat, &ltrb)
	}
	return map[string]vision.Tensor{"heat": heat, "ltrb": ltrb}, nil
}

func spec() weights.Network {
	return weights.Network{
		Name: "drawn", Version: "1", Task: weights.FacingDetection, Stride: stride, Outputs: []string{"heat", "ltrb"},
		Input:      weights.Input{Name: "image", Scale: 1.0 / 255, Multiple: 32, MaxSide: 640},
		Thresholds: weights.Thresholds{Score: 0.4, NMS: 0.5},
	}
}

func frame(w, h int) vision.Frame { return vision.Frame{Width: w, Height: h, BGR: make([]byte, 3*w*h)} }

func look(t *testing.T, net vision.Network, s weights.Network, f vision.Frame) []vision.Detection {
	t.Helper()
	d, err := detect.New(net, s)
	if err != nil {
		t.Fatal(err)
	}
	found, err := d.Detect(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestBoxesComeBackInPixelsOfTheFrame(t *testing.T) {
	for _, c := range []struct {
		name       string
		w, h       int
		input      []int
		wantX      float64 // of a box whose left side is at 100 in the input
		wantScaled float64
	}{
		{"as it is", 640, 480, []int{1, 3, 480, 640}, 100, 1},
		{"brought down to half", 1280, 960, []int{1, 3, 480, 640}, 200, 2},
		{"padded to a multiple", 600, 450, []int{1, 3, 480, 608}, 100, 1},
		{"upright", 480, 640, []int{1, 3, 640, 480}, 100, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			net := &drawn{boxes: []vision.Detection{{X0: 100, Y0: 120, X1: 160, Y1: 240, Score: 0.9}}}
			found := look(t, net, spec(), frame(c.w, c.h))
			for i := range c.input {
				if net.shape[i] != c.input[i] {
					t.Fatalf("input of shape %v, want %v", net.shape, c.input)
				}
			}
			if len(found) != 1 {
				t.Fatalf("%d boxes, want 1", len(found))
			}
			if d := found[0]; math.Abs(d.X0-c.wantX) > 0.51 || math.Abs(d.X1-d.X0-60*c.wantScaled) > 0.51 {
				t.Errorf("got %+v, want x from %v", d, c.wantX)
			}
		})
	}
}

func TestSuppression(t *testing.T) {
	net := &drawn{boxes: []vision.Detection{
		{X0: 100, Y0: 100, X1: 160, Y1: 240, Score: 0.9},
		{X0: 108, Y0: 108, X1: 168, Y1: 248, Score: 0.7},  // the same pack, seen from the next cell
		{X0: 164, Y0: 100, X1: 224, Y1: 240, Score: 0.8},  // its neighbour
		{X0: 300, Y0: 100, X1: 360, Y1: 240, Score: 0.3},  // weak
		{X0: 400, Y0: 100, X1: 460, Y1: 240, Score: 0.03}, // nothing
	}}
	found := look(t, net, spec(), frame(640, 480))
	if len(found) != 3 {
		t.Fatalf("got %d boxes %+v, want 3", len(found), found)
	}
	if !(found[0].Score > found[1].Score && found[1].Score > found[2].Score) {
		t.Errorf("not best first: %+v", found)
	}
	if found[0].Weak || found[1].Weak || !found[2].Weak {
		t.Errorf("weak is %v %v %v, want the last alone", found[0].Weak, found[1].Weak, found[2].Weak)
	}
	if x := found[0].X0; x < 100 || x > 108 {
		t.Errorf("the kept box begins at %v, want between the two that it stands for", x)
	}
}

func TestBoxesAreCutAtTheFrame(t *testing.T) {
	net := &drawn{boxes: []vision.Detection{{X0: -30, Y0: -20, X1: 50, Y1: 90, Score: 0.9}}}
	found := look(t, net, spec(), frame(640, 480))
	if len(found) != 1 || found[0].X0 != 0 || found[0].Y0 != 0 {
		t.Errorf("got %+v", found)
	}
}

func TestABrokenNetworkIsAnErrorOrSilent(t *testing.T) {
	for _, c := range []struct {
		name    string
		broken  func(heat, ltrb *vision.Tensor)
		wantErr bool
	}{
		{"heat all NaN", func(h, _ *vision.Tensor) {
			for i := range h.Data {
				h.Data[i] = float32(math.NaN())
			}
		}, false},
		{"hot all over", func(h, l *vision.Tensor) {
			for i := range h.Data {
				h.Data[i] = 1
			}
			for i := range l.Data {
				l.Data[i] = 20
			}
		}, false},
		{"maps of two sizes", func(_, l *vision.Tensor) { *l = vision.NewTensor(1, 4, 2, 2) }, true},
		{"three planes", func(_, l *vision.Tensor) { *l = vision.NewTensor(1, 3, l.Shape[2], l.Shape[3]) }, true},
		{"data missing", func(h, _ *vision.Tensor) { h.Data = h.Data[:3] }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := detect.New(&drawn{broken: c.broken}, spec())
			if err != nil {
				t.Fatal(err)
			}
			if _, err = d.Detect(context.Background(), frame(640, 480)); (err != nil) != c.wantErr {
				t.Errorf("got %v, want an error: %v", err, c.wantErr)
			}
		})
	}
}

func TestWrongUseIsRefused(t *testing.T) {
	s := spec()
	s.Task = weights.PackEmbedding
	if _, err := detect.New(&drawn{}, s); err == nil {
		t.Error("an embedder is taken for a detector")
	}
	d, err := detect.New(&drawn{}, spec())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Detect(context.Background(), vision.Frame{Width: 3, Height: 3}); !errors.Is(err, vision.ErrFrame) {
		t.Errorf("got %v, want %v", err, vision.ErrFrame)
	}
}
