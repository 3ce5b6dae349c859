package synth

import (
	"context"
	"fmt"
	"image"
	"runtime"
	"sync"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// Shot is one exposure of a scene.
type Shot struct {
	Camera    lens.Spec
	Condition Condition
	Width     int // pixels, 16 to 4096
	Height    int
	Seed      uint64 // for what belongs to the moment: people, fog, noise
	Device    uint64 // for what belongs to the camera: colours, softness, vignette; 0: same as Seed
	Plain     bool   // without the camera's own blur, vignette and noise
	Workers   int    // number of goroutines that share the rows; 0: one per processor
}

// Frame is a rendered shot: the picture before JPEG compression, and its truth.
type Frame struct {
	Image *image.RGBA
	Truth Truth
	// Before marks, row by row, the pixels of people and things in front of the cooler; nil: there are none.
	Before []bool
}

// Render takes the shot. If ctx ends, it returns early with the context's error.
func (s *Scene) Render(ctx context.Context, shot Shot) (*Frame, error) {
	if shot.Width < 16 || shot.Height < 16 || shot.Width > 4096 || shot.Height > 4096 {
		return nil, fmt.Errorf("picture of %d×%d pixels, want 16 to 4096 each way", shot.Width, shot.Height)
	}
	if shot.Condition == "" {
		shot.Condition = Clean
	}
	if !shot.Condition.known() {
		return nil, fmt.Errorf("condition %q is not one of %v", shot.Condition, Conditions())
	}
	cam, err := shot.Camera.Camera(shot.Width, shot.Height)
	if err != nil {
		return nil, err
	}
	w := s.world(s.inFront(shot, cam))
	b := newBuffer(shot.Width, shot.Height)
	b.cone = cam.PixelAngle()
	workers := shot.Workers
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if err := rows(ctx, workers, b.h, func(y int) { b.traceRow(w, cam, y) }); err != nil {
		return nil, err
	}
	edges := b.edges()
	colour := append([]rgb(nil), b.pix...)
	if err := rows(ctx, workers, b.h, func(y int) { b.refineRow(w, cam, y, edges, colour) }); err != nil {
		return nil, err
	}
	b.pix = colour
	if s.light == LightTraced {
		if err := s.traceLight(ctx, b, w, cam, shot.Seed, workers); err != nil {
			return nil, err
		}
	}
	truth := s.truth(w, cam, b, workers)
	truth.Camera, truth.Condition = shot.Camera, shot.Condition
	img := s.develop(b, w, cam, shot)
	return &Frame{img, truth, b.before(w)}, ctx.Err()
}

// rows calls f for every row from several goroutines and waits for them.
func rows(ctx context.Context, workers, h int, f func(y int)) error {
	var wg sync.WaitGroup
	next := make(chan int)
	for range workers {
		wg.Go(func() {
			for y := range next {
				f(y)
			}
		})
	}
	var err error
	for y := 0; y < h && err == nil; y += 4 {
		select {
		case next <- y:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	close(next)
	wg.Wait()
	return err
}

// buffer is a picture in linear light, with the solid that the centre of each pixel shows.
type buffer struct {
	w, h int
	pix  []rgb
	id   []int32 // of the solid; −1: the room
	cone float64 // angle that a pixel spans, in radians
}

func newBuffer(w, h int) *buffer {
	return &buffer{w: w, h: h, pix: make([]rgb, w*h), id: make([]int32, w*h)}
}

// before marks the pixels whose centres show something in front of the cooler.
func (b *buffer) before(w *world) []bool {
	if w.front == len(w.solids) {
		return nil
	}
	out := make([]bool, len(b.id))
	for i, id := range b.id {
		out[i] = int(id) >= w.front
	}
	return out
}

// traceRow traces the centres of the pixels of four rows.
func (b *buffer) traceRow(w *world, cam lens.Camera, y0 int) {
	cone := cam.PixelAngle()
	for y := y0; y < min(y0+4, b.h); y++ {
		for x := range b.w {
			i := y*b.w + x
			d, ok := cam.Ray(float64(x)+0.5, float64(y)+0.5)
			if !ok {
				b.id[i] = -2
				continue
			}
			c, id := w.trace(newRay(cam.Pos, d), cone, 0, -1)
			b.pix[i], b.id[i] = c, int32(id)
		}
	}
}

// edges marks pixels whose neighbours show another solid or differ much in brightness.
func (b *buffer) edges() []bool {
	e := make([]bool, len(b.id))
	mark := func(i, j int) {
		if b.id[i] != b.id[j] {
			e[i], e[j] = true, true
			return
		}
		p, q := b.pix[i].luma(), b.pix[j].luma()
		if d := p - q; (d > 0.12 || d < -0.12) && (d > 0.35*(p+q) || d < -0.35*(p+q)) {
			e[i], e[j] = true, true
		}
	}
	for y := range b.h {
		for x := range b.w {
			i := y*b.w + x
			if x+1 < b.w {
				mark(i, i+1)
			}
			if y+1 < b.h {
				mark(i, i+b.w)
			}
		}
	}
	return e
}

// refineRow replaces marked pixels by the mean of four samples on a rotated grid.
func (b *buffer) refineRow(w *world, cam lens.Camera, y0 int, edges []bool, out []rgb) {
	cone := cam.PixelAngle()
	for y := y0; y < min(y0+4, b.h); y++ {
		for x := range b.w {
			i := y*b.w + x
			if !edges[i] {
				continue
			}
			var sum rgb
			for _, o := range [4][2]float64{{0.125, 0.375}, {0.375, 0.875}, {0.625, 0.125}, {0.875, 0.625}} {
				if d, ok := cam.Ray(float64(x)+o[0], float64(y)+o[1]); ok {
					c, _ := w.trace(newRay(cam.Pos, d), cone, 0, -1)
					// Lamps are clipped so that a single bright sample does not decide the pixel.
					sum = sum.plus(rgb{min(c.r, 3), min(c.g, 3), min(c.b, 3)})
				}
			}
			out[i] = sum.times(0.25)
		}
	}
}
