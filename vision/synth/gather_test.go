package synth_test

import (
	"image"
	"testing"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// tracedScenes are seeds of which at least one has glass shelves and one polished boards.
var tracedScenes = []uint64{3, 4, 5, 6}

// TestTracedLightIsAsBrightAsTheProbes holds both light models to each other: they are two estimates of the
// same light, so traced pictures are as bright as probe-lit ones of matt furniture and brighter or darker by a
// third at most where furniture is polished.
func TestTracedLightIsAsBrightAsTheProbes(t *testing.T) {
	c := catalogue(t, 60)
	for _, seed := range tracedScenes {
		lit, traced := bothLights(t, c, seed)
		a, _ := measure(lit)
		b, _ := measure(traced)
		if b < a*2/3 || b > a*3/2 {
			t.Errorf("seed %d: traced %.3f, probes %.3f", seed, b, a)
		}
	}
}

// TestTracedLightKeepsTheGoods: the same packs stand in the same places, so what both pictures show of a pack
// has the same box, but for packs seen through glass.
func TestTracedLightKeepsTheGoods(t *testing.T) {
	c := catalogue(t, 60)
	same, all := 0, 0
	for _, seed := range tracedScenes {
		lit, traced := bothLights(t, c, seed)
		boxes := map[synth.Rect]bool{}
		for _, a := range lit.Truth.Annotations {
			boxes[a.Box] = true
		}
		for _, a := range traced.Truth.Annotations {
			all++
			if boxes[a.Box] {
				same++
			}
		}
	}
	if all == 0 || same < all*3/5 {
		t.Errorf("%d of %d boxes are the same", same, all)
	}
}

func TestTracedLightDoesNotDependOnParallelism(t *testing.T) {
	c := catalogue(t, 60)
	var first *image.RGBA
	for _, workers := range []int{1, 3} {
		s := lightScene(t, c, tracedScenes[0], synth.LightTraced)
		f := render(t, s, synth.Shot{Camera: s.Camera(synth.CameraFront, 1), Width: 64, Height: 48, Seed: 1, Workers: workers})
		if first == nil {
			first = f.Image
			continue
		}
		for i := range first.Pix {
			if first.Pix[i] != f.Image.Pix[i] {
				t.Fatalf("byte %d differs", i)
			}
		}
	}
}

func lightScene(t *testing.T, c *synth.Catalogue, seed uint64, light synth.LightModel) *synth.Scene {
	t.Helper()
	s, err := synth.NewScene(synth.Config{Catalogue: c, Seed: seed, Cooler: true, Light: light})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bothLights(t *testing.T, c *synth.Catalogue, seed uint64) (lit, traced *synth.Frame) {
	t.Helper()
	shot := func(light synth.LightModel) *synth.Frame {
		s := lightScene(t, c, seed, light)
		return render(t, s, synth.Shot{Camera: s.Camera(synth.CameraFront, 1), Width: 96, Height: 72, Seed: 1, Plain: true})
	}
	return shot(synth.LightProbes), shot(synth.LightTraced)
}
