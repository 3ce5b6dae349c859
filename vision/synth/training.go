package synth

import (
	"context"
	"fmt"
)

// Sample is one frame of a set.
type Sample struct {
	Frame     *Frame
	Planogram *Planogram
	Quality   int  // JPEG quality that suits the condition
	Variant   bool // shows the frame before under another condition
}

// Training is a set to learn from: every frame has another cooler, range of SKUs, camera and condition.
type Training struct {
	Catalogue *Catalogue
	Seed      uint64
	Width     int // pixels; 0: one of several sizes for each frame
	Height    int
	Light     LightModel
}

// Render renders frame k of the set.
func (t Training) Render(ctx context.Context, k, workers int) (*Sample, error) {
	r := newRandom(t.Seed, 0x7ea1_0000+uint64(k))
	s, err := NewScene(Config{Seed: r.Uint64(), Catalogue: t.Catalogue, ID: fmt.Sprintf("T%06d", k), Light: t.Light})
	if err != nil {
		return nil, err
	}
	width, height := t.Width, t.Height
	if width == 0 {
		sizes := [][2]int{{640, 480}, {640, 480}, {800, 600}, {960, 720}, {1280, 960}, {640, 360}, {480, 640}, {720, 960}}
		size := sizes[r.IntN(len(sizes))]
		width, height = size[0], size[1]
	}
	kinds := []CameraKind{CameraFront, CameraFisheye, CameraOblique, CameraClose}
	kind := kinds[r.weighted(3, 2.5, 2, 2.5)]
	cond := Conditions()[r.weighted(50, 6, 9, 8, 2, 7, 7, 6, 5)]
	f, err := s.Render(ctx, Shot{Camera: s.Camera(kind, r.Uint64()), Condition: cond, Width: width, Height: height, Seed: r.Uint64(), Workers: workers})
	if err != nil {
		return nil, err
	}
	return &Sample{Frame: f, Planogram: &s.Planogram, Quality: cond.quality(r)}, nil
}

// quality draws the JPEG quality that a camera would use under the condition.
func (c Condition) quality(r random) int {
	if c == JPEG {
		return r.between(12, 40)
	}
	return r.between(45, 95)
}
