package lens_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/board/boardtest"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// barrel is a wide pinhole with a lens off the middle, wide a fisheye close to equisolid.
func barrel() *lens.Profile {
	return &lens.Profile{Version: 1, Kind: lens.KindPinhole, Width: 640, Height: 480, FX: 420, FY: 424, CX: 331, CY: 236,
		Distortion: []float64{-0.21, 0.06, 0.0012, -0.0008, -0.006}}
}

func wide() *lens.Profile {
	// Equisolid: 2·sin(θ/2) = θ − θ³/24 + θ⁵/1920 …
	return &lens.Profile{Version: 1, Kind: lens.KindFisheye, Width: 640, Height: 480, FX: 330, FY: 331, CX: 325, CY: 244,
		Distortion: []float64{-1.0 / 24, 1.0 / 1920, -1.0 / 322560, 0}}
}

func TestADistortedRayAndProjectAreInverse(t *testing.T) {
	for name, p := range map[string]*lens.Profile{"pinhole": barrel(), "fisheye": wide()} {
		t.Run(name, func(t *testing.T) {
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			l := p.Lens()
			for v := 0.5; v < 480; v += 37 {
				for u := 0.5; u < 640; u += 41 {
					d, ok := l.Ray(u, v)
					if !ok || math.Abs(d.Len()-1) > 1e-12 {
						t.Fatalf("no unit ray at (%g, %g)", u, v)
					}
					gu, gv, ok := l.Project(d.Scale(3))
					if !ok || math.Hypot(gu-u, gv-v) > 1e-5 {
						t.Errorf("(%g, %g) comes back as (%g, %g)", u, v, gu, gv)
					}
				}
			}
		})
	}
}

// The polynomial with the equisolid's coefficients is the equisolid lens.
func TestAFisheyeProfileAgreesWithTheEquisolidLens(t *testing.T) {
	a := lens.KannalaBrandt{FX: 330, FY: 330, CX: 320, CY: 240, K: [4]float64(wide().Distortion)}
	b := lens.Equisolid{F: 330, CX: 320, CY: 240}
	for deg := 0.0; deg <= 75; deg += 5 {
		sin, cos := math.Sincos(deg * math.Pi / 180)
		d := lens.Vec3{X: 0.6 * sin, Y: -0.8 * sin, Z: cos}
		au, av, _ := a.Project(d)
		bu, bv, _ := b.Project(d)
		if math.Hypot(au-bu, av-bv) > 0.02 {
			t.Errorf("%g°: (%g, %g) and (%g, %g)", deg, au, av, bu, bv)
		}
	}
}

func TestTheProfileFile(t *testing.T) {
	for _, p := range []*lens.Profile{barrel(), wide()} {
		data, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := lens.DecodeProfile(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		again, err := back.Encode()
		if err != nil || string(again) != string(data) {
			t.Errorf("read and written again: %v\n%s\n%s", err, data, again)
		}
	}
}

func TestBadProfilesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*lens.Profile)
		want   string
	}{
		"version":           {func(p *lens.Profile) { p.Version = 2 }, "version is 2"},
		"kind":              {func(p *lens.Profile) { p.Kind = "mirror" }, "mirror"},
		"too few numbers":   {func(p *lens.Profile) { p.Distortion = p.Distortion[:4] }, "4 numbers"},
		"no size":           {func(p *lens.Profile) { p.Width = 0 }, "width and height"},
		"focal length of 0": {func(p *lens.Profile) { p.FX = 0 }, "fx and fy"},
		"not a number":      {func(p *lens.Profile) { p.CX = math.NaN() }, "not finite"},
		"folds over":        {func(p *lens.Profile) { p.Distortion = []float64{-1.5, 0, 0, 0, 0} }, "folds"},
	} {
		t.Run(name, func(t *testing.T) {
			p := barrel()
			c.change(p)
			if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	for name, text := range map[string]string{"unknown key": "version: 1\nzoom: 2\n", "not YAML": "\t:", "empty": ""} {
		if _, err := lens.DecodeProfile([]byte(text)); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func FuzzDecodeProfile(f *testing.F) {
	for _, p := range []*lens.Profile{barrel(), wide()} {
		data, err := p.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := lens.DecodeProfile(data)
		if err != nil {
			return
		}
		if _, ok := p.Lens().Ray(p.CX, p.CY); !ok {
			t.Error("a valid lens has no axis")
		}
	})
}

func TestAProfileHoldsForTheSamePictureAtAnotherSize(t *testing.T) {
	p := barrel()
	half, err := p.For(320, 240)
	if err != nil {
		t.Fatal(err)
	}
	d := lens.Vec3{X: 0.3, Y: -0.2, Z: 1}
	u, v, _ := p.Lens().Project(d)
	hu, hv, _ := half.Lens().Project(d)
	if math.Hypot(u/2-hu, v/2-hv) > 1e-9 {
		t.Errorf("(%g, %g) becomes (%g, %g)", u, v, hu, hv)
	}
	if _, err := p.For(640, 360); !errors.Is(err, lens.ErrSize) {
		t.Errorf("another shape: %v", err)
	}
}

// What a bent lens took, straightened, is what the ideal lens takes of the same board.
func TestARectifiedPictureIsTheIdealLens(t *testing.T) {
	pose := boardtest.Pose{Middle: lens.Vec3{X: 0.02, Y: -0.01, Z: 0.3}, RX: 0.3, RY: -0.2, RZ: 0.1}
	for name, p := range map[string]*lens.Profile{"pinhole": barrel(), "fisheye": wide()} {
		t.Run(name, func(t *testing.T) {
			r, err := lens.NewRectifier(p, p.Width, p.Height)
			if err != nil {
				t.Fatal(err)
			}
			_, fov, ideal := p.Ideal()
			if fov < 50 || fov > 120 {
				t.Errorf("%g° across the width", fov)
			}
			got := r.Apply(boardtest.Photo(p.Lens(), pose, p.Width, p.Height, 0, 1))
			want := boardtest.Photo(ideal, pose, p.Width, p.Height, 0, 1)
			bent := boardtest.Photo(p.Lens(), pose, p.Width, p.Height, 0, 1)
			if d, before := difference(got, want), difference(bent, want); d > 2.5 || before < 3*d {
				t.Errorf("grey levels away: %.2f, unrectified %.2f", d, before)
			}
		})
	}
}

// difference is the mean absolute difference in the middle half of two pictures, away from what a lens does not see.
func difference(a, b vision.Frame) float64 {
	sum, n := 0.0, 0
	for y := a.Height / 4; y < a.Height*3/4; y++ {
		for x := a.Width / 4; x < a.Width*3/4; x++ {
			i := 3 * (y*a.Width + x)
			sum += math.Abs(float64(a.BGR[i]) - float64(b.BGR[i]))
			n++
		}
	}
	return sum / float64(n)
}

func BenchmarkRectify(b *testing.B) {
	p, err := wide().For(1280, 960)
	if err != nil {
		b.Fatal(err)
	}
	r, err := lens.NewRectifier(p, 1280, 960)
	if err != nil {
		b.Fatal(err)
	}
	f := vision.Frame{Width: 1280, Height: 960, BGR: make([]byte, 3*1280*960)}
	for b.Loop() {
		r.Apply(f)
	}
}
