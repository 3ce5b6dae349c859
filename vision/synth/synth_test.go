package synth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/synth"
)

func catalogue(t testing.TB, n int) *synth.Catalogue {
	t.Helper()
	c, err := synth.NewCatalogue(11, n)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func scene(t testing.TB, c *synth.Catalogue, seed uint64) *synth.Scene {
	t.Helper()
	s, err := synth.NewScene(synth.Config{Catalogue: c, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func render(t testing.TB, s *synth.Scene, shot synth.Shot) *synth.Frame {
	t.Helper()
	f, err := s.Render(context.Background(), shot)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCatalogue(t *testing.T) {
	c := catalogue(t, 600)
	if len(c.SKUs) != 600 {
		t.Fatalf("%d SKUs, want 600", len(c.SKUs))
	}
	seen := map[shelf.GTIN]bool{}
	families := map[string]int{}
	for _, s := range c.SKUs {
		if g, err := shelf.ParseGTIN(string(s.GTIN)); err != nil || len(s.GTIN) != 13 || g != s.GTIN {
			t.Errorf("%s: GTIN %q: %v", s.Name, s.GTIN, err)
		}
		if seen[s.GTIN] {
			t.Errorf("GTIN %s twice", s.GTIN)
		}
		seen[s.GTIN] = true
		for i, m := range s.Size {
			if m < 0.02 || m > 0.45 {
				t.Errorf("%s (%s): side %d is %.3f m", s.Name, s.Pack, i, m)
			}
		}
		families[s.Brand+s.Pack]++
	}
	alike := 0
	for _, n := range families {
		if n > 1 {
			alike++
		}
	}
	if alike < len(families)/2 {
		t.Errorf("only %d of %d families have look-alikes", alike, len(families))
	}
	larger := catalogue(t, 650)
	for i, s := range c.SKUs {
		if larger.SKUs[i].GTIN != s.GTIN || larger.SKUs[i].Name != s.Name {
			t.Fatalf("a larger catalogue changes SKU %d from %s to %s", i, s.Name, larger.SKUs[i].Name)
		}
	}
}

func TestRenderingDoesNotDependOnParallelism(t *testing.T) {
	shot := synth.Shot{Condition: synth.Arm, Width: 160, Height: 120, Seed: 5}
	run := func(workers, procs int) *synth.Frame {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		s := scene(t, catalogue(t, 200), 9)
		shot.Camera = s.Camera(synth.CameraFisheye, 3)
		shot.Workers = workers
		return render(t, s, shot)
	}
	want := run(1, 1)
	for _, c := range [][2]int{{1, 4}, {3, 2}, {0, 4}} {
		got := run(c[0], c[1])
		if !bytes.Equal(got.Image.Pix, want.Image.Pix) {
			t.Errorf("%d workers on %d processors give other pixels", c[0], c[1])
		}
		if len(got.Truth.Annotations) != len(want.Truth.Annotations) {
			t.Fatalf("%d workers on %d processors give %d annotations, want %d", c[0], c[1], len(got.Truth.Annotations), len(want.Truth.Annotations))
		}
		for i := range got.Truth.Annotations {
			if g, w := got.Truth.Annotations[i].String(), want.Truth.Annotations[i].String(); g != w {
				t.Errorf("annotation %d: %s, want %s", i, g, w)
			}
		}
	}
}

func TestTruthHolds(t *testing.T) {
	c := catalogue(t, 400)
	kinds := []synth.CameraKind{synth.CameraFront, synth.CameraFisheye, synth.CameraOblique, synth.CameraClose}
	for i, cond := range synth.Conditions() {
		for j := range 2 {
			seed := uint64(100 + 10*i + j)
			s := scene(t, c, seed)
			kind := kinds[(i+j)%len(kinds)]
			t.Run(fmt.Sprintf("%s/%s/%d", cond, kind, seed), func(t *testing.T) {
				f := render(t, s, synth.Shot{Camera: s.Camera(kind, seed), Condition: cond, Width: 200, Height: 150, Seed: seed})
				checkTruth(t, s, f)
			})
		}
	}
}

func checkTruth(t *testing.T, s *synth.Scene, f *synth.Frame) {
	t.Helper()
	w, h := f.Image.Rect.Dx(), f.Image.Rect.Dy()
	inside := func(r synth.Rect) bool {
		return r[0] >= 0 && r[1] >= 0 && r[2] > 0 && r[3] > 0 && r[0]+r[2] <= w && r[1]+r[3] <= h
	}
	facing := map[string]bool{}
	for _, a := range f.Truth.Annotations {
		if !inside(a.Box) {
			t.Errorf("%s: box leaves the picture", a)
		}
		if a.Area < 1 || a.Area > a.Box[2]*a.Box[3] {
			t.Errorf("%s: area %d", a, a.Area)
		}
		if !(a.VisibleFraction > 0 && a.VisibleFraction <= 1) {
			t.Errorf("%s: visible fraction", a)
		}
		if a.Facing != (a.OrderInLane == 0) {
			t.Errorf("%s: order %d", a, a.OrderInLane)
		}
		if a.Facing && facing[a.LaneID] {
			t.Errorf("%s: second facing of its lane", a)
		}
		facing[a.LaneID] = facing[a.LaneID] || a.Facing
		if a.VisibleFraction < 0.1 && !a.Ignore {
			t.Errorf("%s: hardly visible, not ignored", a)
		}
	}
	if len(f.Truth.Slots) != len(s.Planogram.Slots) {
		t.Fatalf("%d slots, want %d", len(f.Truth.Slots), len(s.Planogram.Slots))
	}
	states := s.States()
	for _, slot := range f.Truth.Slots {
		if slot.State != states[slot.SlotID] {
			t.Errorf("%s: %s in the picture, %s in the stock", slot.SlotID, slot.State, states[slot.SlotID])
		}
		if slot.Box != nil && !inside(*slot.Box) {
			t.Errorf("%s: box %v leaves the picture", slot.SlotID, *slot.Box)
		}
		if (slot.Box == nil) != (slot.ViewFraction == 0) {
			t.Errorf("%s: box %v with %g in view", slot.SlotID, slot.Box, slot.ViewFraction)
		}
		items, capacity := 0, 0
		for _, l := range slot.Lanes {
			items += l.Items
			capacity += l.Capacity
			if (l.State == synth.StateEmpty) != (l.Items == 0) || (l.Front == nil) != (l.Items == 0) {
				t.Errorf("%s: %s with %d items", l.LaneID, l.State, l.Items)
			}
		}
		if items != slot.ItemsLeft || capacity != slot.Capacity || slot.FacingsPresent > slot.FacingsExpected {
			t.Errorf("%s: lanes hold %d of %d, slot says %d of %d", slot.SlotID, items, capacity, slot.ItemsLeft, slot.Capacity)
		}
	}
}

// A pack that nothing hides must stand where the camera model puts its lane.
func TestBoxesAgreeWithTheLens(t *testing.T) {
	c := catalogue(t, 400)
	checked := 0
	for seed := range uint64(6) {
		for _, kind := range []synth.CameraKind{synth.CameraFront, synth.CameraFisheye, synth.CameraOblique} {
			s := scene(t, c, 50+seed)
			spec := s.Camera(kind, seed)
			f := render(t, s, synth.Shot{Camera: spec, Width: 240, Height: 180, Seed: seed})
			cam, err := spec.Camera(240, 180)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range f.Truth.Annotations {
				if !a.Facing || a.Fallen || a.Truncated || a.VisibleFraction < 0.95 {
					continue
				}
				for _, l := range s.Planogram.Lanes {
					if l.ID != a.LaneID {
						continue
					}
					y := s.Planogram.Front + float64(a.DepthInLane)*(l.Expected.Size[1]+0.004) + a.SKU.Size[1]/2
					u, v, _ := cam.Project(lens.Vec3{X: l.X, Y: y, Z: l.Z + a.SKU.Size[2]/2})
					du, dv := u-float64(a.Box[0])-float64(a.Box[2])/2, v-float64(a.Box[1])-float64(a.Box[3])/2
					if math.Abs(du) > 0.4*float64(a.Box[2])+2 || math.Abs(dv) > 0.2*float64(a.Box[3])+2 {
						t.Errorf("%s camera: %s is %.1f, %.1f pixels off its lane", kind, a, du, dv)
					}
					checked++
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d packs to check", checked)
	}
}

func TestConditionsDoWhatTheySay(t *testing.T) {
	s := scene(t, catalogue(t, 200), 4)
	camera := s.Camera(synth.CameraFront, 4)
	shot := func(c synth.Condition) *synth.Frame {
		return render(t, s, synth.Shot{Camera: camera, Condition: c, Width: 200, Height: 150, Seed: 8})
	}
	clean := shot(synth.Clean)
	brightness, sharpness := measure(clean)
	hidden := func(f *synth.Frame) (n int) {
		for _, slot := range f.Truth.Slots {
			if slot.Occluded {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		cond synth.Condition
		ok   func(b, s float64, f *synth.Frame) bool
		what string
	}{
		{synth.Dark, func(b, _ float64, _ *synth.Frame) bool { return b < 0.6*brightness }, "darker"},
		{synth.Over, func(b, _ float64, _ *synth.Frame) bool { return b > 1.15*brightness }, "brighter"},
		{synth.Blur, func(_, s float64, _ *synth.Frame) bool { return s < 0.85*sharpness }, "softer"},
		{synth.Fog, func(_, s float64, _ *synth.Frame) bool { return s < 0.85*sharpness }, "softer"},
		{synth.Blocked, func(_, _ float64, f *synth.Frame) bool { return hidden(f) > hidden(clean) }, "hiding slots"},
	} {
		t.Run(string(c.cond), func(t *testing.T) {
			f := shot(c.cond)
			b, sh := measure(f)
			if !c.ok(b, sh, f) {
				t.Errorf("not %s: brightness %.3f (clean %.3f), sharpness %.4f (clean %.4f), %d slots hidden (clean %d)",
					c.what, b, brightness, sh, sharpness, hidden(f), hidden(clean))
			}
		})
	}
}

// measure gives the mean brightness and the mean step between neighbouring pixels.
func measure(f *synth.Frame) (brightness, sharpness float64) {
	p := f.Image.Pix
	for i := 0; i+8 < len(p); i += 4 {
		brightness += float64(p[i+1])
		sharpness += math.Abs(float64(p[i+1]) - float64(p[i+5]))
	}
	n := float64(len(p) / 4)
	return brightness / n, sharpness / n
}

func TestPlanogramSpeaksTheShelfLanguage(t *testing.T) {
	c := catalogue(t, 300)
	for seed := range uint64(20) {
		s := scene(t, c, seed)
		p := s.Planogram.Shelf()
		if err := p.Validate(); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
	}
}

func TestRefusals(t *testing.T) {
	c := catalogue(t, 50)
	for name, cfg := range map[string]synth.Config{
		"no catalogue":   {},
		"too many rows":  {Catalogue: c, Rows: 9},
		"a keyhole":      {Catalogue: c, Width: 0.05},
		"a packed house": {Catalogue: c, Width: 12},
	} {
		if _, err := synth.NewScene(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	s := scene(t, c, 1)
	good := synth.Shot{Camera: s.Camera(synth.CameraFront, 1), Width: 64, Height: 48}
	for name, change := range map[string]func(*synth.Shot){
		"unknown condition": func(s *synth.Shot) { s.Condition = "haunted" },
		"no pixels":         func(s *synth.Shot) { s.Width = 0 },
		"no lens":           func(s *synth.Shot) { s.Camera.Model = "" },
	} {
		shot := good
		change(&shot)
		if _, err := s.Render(context.Background(), shot); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Render(ctx, good); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v, want %v", err, context.Canceled)
	}
}

func TestReferences(t *testing.T) {
	c := catalogue(t, 60)
	for _, s := range c.SKUs[:12] {
		front, err := c.Reference(context.Background(), s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if front.Rect.Dy() != 256 || front.Rect.Dx() < 60 {
			t.Errorf("%s: reference of %v pixels", s.Name, front.Rect.Max)
		}
		again, err := c.Reference(context.Background(), s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(front.Pix, again.Pix) {
			t.Errorf("%s: a second reference differs", s.Name)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	c := catalogue(b, 400)
	for _, size := range [][2]int{{640, 480}, {1280, 960}} {
		for _, kind := range []synth.CameraKind{synth.CameraFront, synth.CameraFisheye} {
			b.Run(fmt.Sprintf("%s/%dx%d", kind, size[0], size[1]), func(b *testing.B) {
				for i := range b.N {
					s := scene(b, c, uint64(i%8))
					render(b, s, synth.Shot{Camera: s.Camera(kind, 1), Width: size[0], Height: size[1], Workers: 1})
				}
			})
		}
	}
}

func BenchmarkLabelArt(b *testing.B) {
	c := catalogue(b, 2000)
	for i := range b.N {
		if _, err := c.Reference(context.Background(), c.SKUs[i%2000], 0); err != nil {
			b.Fatal(err)
		}
	}
}
