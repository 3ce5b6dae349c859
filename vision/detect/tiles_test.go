package detect_test

import (
	"context"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/detect"
)

// shelfOf is a network that finds the packs of wall by their colour, at whatever scale: each has a blue of its own. Packs of
// fewer than seen pixels of height escape it; of larger ones it is surer.
type shelfOf struct {
	passes int
	seen   int
}

func (s *shelfOf) Runtime() string { return "shelf" }
func (s *shelfOf) Close() error    { return nil }

func (s *shelfOf) Forward(ctx context.Context, in map[string]vision.Tensor, outputs []string) (map[string]vision.Tensor, error) {
	s.passes++
	t := in["image"]
	h, w := t.Shape[2], t.Shape[3]
	type extent struct{ x0, y0, x1, y1 int }
	packs := map[int]*extent{}
	for y := range h {
		for x := range w {
			if t.Data[2*w*h+y*w+x] < 0.999 { // red is full on packs alone, and less where an edge is blended
				continue
			}
			v := int(math.Round(float64(t.Data[y*w+x]) * 255))
			e := packs[v]
			if e == nil {
				e = &extent{x, y, x, y}
				packs[v] = e
			}
			e.x0, e.x1, e.y0, e.y1 = min(e.x0, x), max(e.x1, x), min(e.y0, y), max(e.y1, y)
		}
	}
	d := &drawn{}
	for _, e := range packs {
		if e.y1-e.y0 >= s.seen && e.x1-e.x0 >= stride/2 {
			d.boxes = append(d.boxes, vision.Detection{X0: float64(e.x0), Y0: float64(e.y0), X1: float64(e.x1), Y1: float64(e.y1),
				Score: 0.5 + 0.4*math.Min(1, float64(e.y1-e.y0)/80)})
		}
	}
	return d.Forward(ctx, in, outputs)
}

// wall is a frame with n packs of w×h pixels in a row, on black.
func wall(width, height, n, w, h int) vision.Frame {
	f := frame(width, height)
	for k := range n {
		x0, y0 := (k+1)*width/(n+1)-w/2, height/2-h/2
		for y := y0; y < y0+h; y++ {
			for x := x0; x < x0+w; x++ {
				at := f.BGR[3*(y*width+x):]
				at[0], at[2] = byte(10*k), 255
			}
		}
	}
	return f
}

func TestSmallPacksOfAWideViewAreFoundInTiles(t *testing.T) {
	net := &shelfOf{seen: 12}
	d, err := detect.New(net, spec()) // brings pictures down to 640
	if err != nil {
		t.Fatal(err)
	}
	f := wall(2560, 1280, 20, 40, 80)
	found, err := d.Detect(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	if net.passes < 5 {
		t.Fatalf("%d passes over a picture of four times the input's side with packs of 20 pixels at its scale: no tiles", net.passes)
	}
	if len(found) != 20 {
		t.Fatalf("found %d packs %v, want each of the 20 once", len(found), found)
	}
	for _, b := range found {
		if w, h := b.X1-b.X0, b.Y1-b.Y0; math.Abs(w-40) > 5 || math.Abs(h-80) > 7 {
			t.Errorf("a pack is %.0f×%.0f, want 40×80", w, h)
		}
	}
}

func TestLargePacksNeedNoTiles(t *testing.T) {
	for name, f := range map[string]vision.Frame{
		"large packs":    wall(2560, 1280, 10, 120, 400),
		"a small frame":  wall(640, 320, 10, 20, 40),
		"too few packs":  wall(2560, 1280, 3, 40, 80),
		"nothing in it":  frame(2560, 1280),
		"hardly smaller": wall(700, 350, 10, 20, 40),
	} {
		net := &shelfOf{seen: 12}
		d, err := detect.New(net, spec())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Detect(t.Context(), f); err != nil {
			t.Fatal(err)
		}
		if net.passes != 1 {
			t.Errorf("%s: %d passes, want one", name, net.passes)
		}
	}
}
