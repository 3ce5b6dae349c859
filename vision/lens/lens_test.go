package lens_test

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/vision/lens"
)

func spec(model string, fov, roll float64) lens.Spec {
	return lens.Spec{Model: model, HFOVDeg: fov, PosM: [3]float64{0.1, -0.8, 1.1}, TargetM: [3]float64{-0.05, 0.05, 0.9}, RollDeg: roll}
}

func TestRayAndProjectAreInverse(t *testing.T) {
	for name, s := range map[string]lens.Spec{
		"pinhole":       spec(lens.ModelPinhole, 66, -1),
		"pinhole, wide": spec(lens.ModelPinhole, 120, 30),
		"fisheye":       spec(lens.ModelEquisolid, 118, 1.1),
		"fisheye, 180°": spec(lens.ModelEquisolid, 180, 0),
	} {
		t.Run(name, func(t *testing.T) {
			cam, err := s.Camera(640, 480)
			if err != nil {
				t.Fatal(err)
			}
			for v := 0.5; v < 480; v += 53 {
				for u := 0.5; u < 640; u += 71 {
					d, ok := cam.Ray(u, v)
					if !ok {
						t.Fatalf("no ray at (%g, %g)", u, v)
					}
					if l := d.Len(); math.Abs(l-1) > 1e-12 {
						t.Fatalf("ray at (%g, %g) has length %g", u, v, l)
					}
					gu, gv, ok := cam.Project(cam.Pos.Add(d.Scale(1.7)))
					if !ok || math.Hypot(gu-u, gv-v) > 1e-6 {
						t.Errorf("(%g, %g) comes back as (%g, %g), %t", u, v, gu, gv, ok)
					}
				}
			}
		})
	}
}

func TestConvention(t *testing.T) {
	cam, err := lens.Spec{Model: lens.ModelPinhole, HFOVDeg: 90, PosM: [3]float64{0, -1, 1}, TargetM: [3]float64{0, 0, 1}}.Camera(200, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		p    lens.Vec3
		u, v float64
	}{
		{"the target is the middle", lens.Vec3{X: 0, Y: 0, Z: 1}, 100, 50},
		{"x is to the right", lens.Vec3{X: 0.5, Y: 0, Z: 1}, 150, 50},
		{"z is up", lens.Vec3{X: 0, Y: 0, Z: 1.25}, 100, 25},
		{"twice as far is half as big", lens.Vec3{X: 0.5, Y: 1, Z: 1}, 125, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, v, ok := cam.Project(c.p)
			if !ok || math.Hypot(u-c.u, v-c.v) > 1e-9 {
				t.Errorf("got (%g, %g) %t, want (%g, %g)", u, v, ok, c.u, c.v)
			}
		})
	}
	if _, _, ok := cam.Project(lens.Vec3{Y: -2, Z: 1}); ok {
		t.Error("a pinhole sees behind itself")
	}
	rolled, err := lens.Spec{Model: lens.ModelPinhole, HFOVDeg: 90, PosM: [3]float64{0, -1, 1}, TargetM: [3]float64{0, 0, 1}, RollDeg: 10}.Camera(200, 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, v, _ := rolled.Project(lens.Vec3{X: 0.5, Z: 1}); v <= 50 {
		t.Errorf("positive roll must turn the picture clockwise: a point on the right is at v = %g, want > 50", v)
	}
}

func TestFieldOfViewSpansTheWidth(t *testing.T) {
	for _, model := range []string{lens.ModelPinhole, lens.ModelEquisolid} {
		cam, err := spec(model, 110, 0).Camera(1280, 960)
		if err != nil {
			t.Fatal(err)
		}
		l, _ := cam.Lens.Ray(0, 480)
		r, _ := cam.Lens.Ray(1280, 480)
		if got := math.Acos(l.Dot(r)) * 180 / math.Pi; math.Abs(got-110) > 1e-6 {
			t.Errorf("%s: %g° across the width, want 110°", model, got)
		}
	}
}

func TestBadSpecs(t *testing.T) {
	good := spec(lens.ModelPinhole, 66, 0)
	for name, change := range map[string]func(*lens.Spec, *int){
		"unknown model":        func(s *lens.Spec, _ *int) { s.Model = "orthographic" },
		"no field of view":     func(s *lens.Spec, _ *int) { s.HFOVDeg = 0 },
		"pinhole beyond 179°":  func(s *lens.Spec, _ *int) { s.HFOVDeg = 180 },
		"field of view is NaN": func(s *lens.Spec, _ *int) { s.HFOVDeg = math.NaN() },
		"looks at itself":      func(s *lens.Spec, _ *int) { s.TargetM = s.PosM },
		"no pixels":            func(_ *lens.Spec, w *int) { *w = 0 },
	} {
		t.Run(name, func(t *testing.T) {
			s, w := good, 640
			change(&s, &w)
			if _, err := s.Camera(w, 480); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add(66.0, 0.3, 0.2, true)
	f.Add(118.0, 0.9, 0.1, false)
	f.Fuzz(func(t *testing.T, fov, fu, fv float64, pinhole bool) {
		model := lens.ModelEquisolid
		if pinhole {
			model = lens.ModelPinhole
		}
		if !(fov > 5 && fov < 170) || !(fu >= 0 && fu <= 1) || !(fv >= 0 && fv <= 1) {
			return
		}
		cam, err := spec(model, fov, 0).Camera(640, 480)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := cam.Ray(fu*640, fv*480)
		if !ok {
			return
		}
		u, v, ok := cam.Project(cam.Pos.Add(d))
		if !ok || math.Hypot(u-fu*640, v-fv*480) > 1e-4 {
			t.Errorf("(%g, %g) comes back as (%g, %g) %t", fu*640, fv*480, u, v, ok)
		}
	})
}
