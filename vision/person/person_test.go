package person_test

import (
	"context"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/person"
)

// answer is a network that gives what it was made with, and keeps what it was asked.
type answer struct {
	out   map[string]vision.Tensor
	asked vision.Tensor
}

func (*answer) Runtime() string { return "test" }
func (*answer) Close() error    { return nil }
func (a *answer) Forward(_ context.Context, in map[string]vision.Tensor, _ []string) (map[string]vision.Tensor, error) {
	for _, t := range in {
		a.asked = t
	}
	return a.out, nil
}

// blue is a picture of one colour.
func blue(w, h int) vision.Frame {
	f := vision.Frame{Width: w, Height: h, BGR: make([]byte, 3*w*h)}
	for i := 0; i < len(f.BGR); i += 3 {
		f.BGR[i] = 255
	}
	return f
}

func TestFastestDetIsRead(t *testing.T) {
	const side, cells = 22, 22 * 22
	grid := vision.NewTensor(1, 85, side, side)
	cell := func(x, y int, objectness, personScore, catScore float32) {
		at := y*side + x
		grid.Data[at], grid.Data[5*cells+at], grid.Data[20*cells+at] = objectness, personScore, catScore
	}
	cell(11, 5, 0.9, 0.9, 0.1)  // a person
	cell(12, 5, 0.8, 0.8, 0.1)  // the same
	cell(3, 15, 0.9, 0.1, 0.8)  // a cat
	cell(18, 15, 0.4, 0.4, 0.1) // hardly one
	net := &answer{out: map[string]vision.Tensor{"758": grid}}
	found, err := person.New(net, person.FastestDet).Find(t.Context(), blue(440, 220))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || !found[0].Sure || found[1].Sure {
		t.Fatalf("found %+v, want one person for sure and one perhaps", found)
	}
	// Raw distances of 0 are half of the picture's width and height, and the cell's corner.
	if b := found[0].Box; b.X != 110 || b.W != 220 || math.Abs(b.Y+5) > 1e-9 || b.H != 110 || math.Abs(found[0].Score-0.9) > 1e-6 {
		t.Errorf("box %+v of %v", b, found[0].Score)
	}
	if in := net.asked; in.Shape[2] != 352 || in.Data[0] != 1 || in.Data[352*352] != 0 {
		t.Errorf("the network is shown %v, %v, %v", in.Shape, in.Data[0], in.Data[352*352])
	}
}

func TestYoloFastestIsRead(t *testing.T) {
	rows := func(v ...float32) vision.Tensor { return vision.Tensor{Shape: []int{len(v) / 6, 6}, Data: v} }
	net := &answer{out: map[string]vision.Tensor{
		"yolo_121": rows(0.5, 0.5, 0.2, 0.6, 0.9, 0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.01),
		"yolo_130": rows(0.5, 0.51, 0.2, 0.6, 0.9, 0.7, 0.8, 0.5, 0.1, 0.4, 0.3, 0.2),
	}}
	found, err := person.New(net, person.YoloFastest).Find(t.Context(), blue(100, 200))
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != 2 || !found[0].Sure || found[1].Sure {
		t.Fatalf("found %+v, want one person for sure and one perhaps", found)
	}
	if b := found[0].Box; math.Abs(b.X-40) > 1e-4 || math.Abs(b.Y-40) > 1e-4 || math.Abs(b.W-20) > 1e-4 || math.Abs(b.H-120) > 1e-4 {
		t.Errorf("box %+v", b)
	}
	if in := net.asked; in.Data[0] != 0 || in.Data[2*320*320] != 1 {
		t.Errorf("the network is shown blue first: %v, %v", in.Data[0], in.Data[2*320*320])
	}
}

func TestAnAnswerOfAnotherShapeIsRefused(t *testing.T) {
	for name, form := range map[string]person.Form{"grid": person.FastestDet, "rows": person.YoloFastest} {
		net := &answer{out: map[string]vision.Tensor{}}
		for _, out := range form.Outputs {
			net.out[out] = vision.NewTensor(1, 3, 22, 22)
		}
		if found, err := person.New(net, form).Find(t.Context(), blue(10, 10)); err == nil {
			t.Errorf("%s: found %v", name, found)
		}
	}
}
