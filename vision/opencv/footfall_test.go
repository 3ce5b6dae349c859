//go:build customenv

package opencv_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// figure is somebody seen from above in a rendered passage: where they are in a frame, and whether at all.
type figure func(frame int) (x, y float64, there bool)

// walk goes from one place to another at four pixels a frame, beginning in a frame.
func walk(x0, y0, x1, y1 float64, begin int) figure {
	frames := math.Hypot(x1-x0, y1-y0) / 4
	return func(f int) (float64, float64, bool) {
		s := float64(f-begin) / frames
		return x0 + s*(x1-x0), y0 + s*(y1-y0), s >= 0 && s <= 1
	}
}

const passageW, passageH = 480, 320

// passage renders a frame: a tiled floor with sensor noise and light that breathes, figures as dark ellipses with
// shoulders and a head, and a pillar before them.
func passage(frame int, figures []figure) vision.Frame {
	f := vision.Frame{Width: passageW, Height: passageH, BGR: make([]byte, 3*passageW*passageH)}
	noise := rand.New(rand.NewPCG(7, uint64(frame)))
	light := 6 * math.Sin(float64(frame)/40)
	for y := range passageH {
		for x := range passageW {
			v := 130 + light
			if (x/40+y/40)%2 == 0 {
				v += 24
			}
			for _, g := range figures {
				gx, gy, there := g(frame)
				dx, dy := float64(x)-gx, float64(y)-gy
				switch {
				case !there:
				case dx*dx/100+dy*dy/100 < 1:
					v = 40
				case dx*dx/400+dy*dy/900 < 1:
					v = 70
				}
			}
			if x >= 300 && x < 330 && y >= 180 {
				v = 200
			}
			v += 4 * noise.NormFloat64()
			at := 3 * (y*passageW + x)
			f.BGR[at], f.BGR[at+1], f.BGR[at+2] = byte(v*0.95), byte(v), byte(min(v*1.04, 255))
		}
	}
	return f
}

// The real segmenter and the real people detector on rendered passages, whose truth is exact.
func TestPeopleAreCountedInRenderedPassages(t *testing.T) {
	opencv.SetThreads(1)
	line := footfall.Line{Name: "middle", A: footfall.Point{X: 240, Y: 0}, B: footfall.Point{X: 240, Y: passageH}}
	turn := func(f int) (float64, float64, bool) {
		return 200 - 4*math.Abs(float64(f)-80), 120, f > 25 && f < 135
	}
	cases := []struct {
		name    string
		frames  int
		figures []figure
		in, out int
	}{
		{"one each way, one of them behind the pillar", 180, []figure{walk(-40, 80, 520, 80, 20), walk(520, 240, -40, 240, 30)}, 1, 1},
		{"behind the pillar after the line", 190, []figure{walk(-40, 250, 520, 250, 20)}, 0, 1},
		{"three in a row", 230, []figure{walk(-40, 100, 520, 100, 20), walk(-40, 100, 520, 100, 50), walk(-40, 100, 520, 100, 80)}, 0, 3},
		{"one turns before the line", 150, []figure{turn}, 0, 0},
		{"an empty room", 60, nil, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := passageWatch(t, line)
			var found []footfall.Crossing
			for f := range c.frames {
				e, err := w.Look(f, passage(f, c.figures))
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, e.Crossings...)
			}
			found = append(found, w.Counter.Close().Crossings...)
			in, out := directions(found)
			if in != c.in || out != c.out {
				t.Errorf("in %d, out %d, want %d and %d: %v", in, out, c.in, c.out, found)
			}
		})
	}
}

// passageWatch returns a watch that counts people across line in a picture of the passage, with OpenCV's motion
// segmentation and person classifier.
func passageWatch(t *testing.T, line footfall.Line) footfall.Watch {
	t.Helper()
	motion, err := opencv.NewMotion()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { motion.Close() })
	person, err := opencv.NewPerson()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { person.Close() })
	counter, err := footfall.NewCounter(passageW, passageH, []footfall.Line{line}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return footfall.Watch{Segment: motion.Segment, Person: person.Score, Counter: counter}
}

// directions counts crossings by their direction.
func directions(crossings []footfall.Crossing) (in, out int) {
	for _, x := range crossings {
		if x.Dir == footfall.In {
			in++
		} else {
			out++
		}
	}
	return in, out
}

func TestMotionAndPersonRefuseWhatIsNoPicture(t *testing.T) {
	motion, err := opencv.NewMotion()
	if err != nil {
		t.Fatal(err)
	}
	person, err := opencv.NewPerson()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := motion.Segment(vision.Frame{Width: 10, Height: 10, BGR: []byte{1}}); err == nil {
		t.Error("motion takes a frame of one byte")
	}
	good := passage(0, nil)
	for _, b := range []footfall.Box{{}, {X: math.NaN(), W: 1, H: 1}, {X: 1e9, W: 5, H: 5}} {
		if _, err := person.Score(good, b); err == nil {
			t.Errorf("person takes the box %v", b)
		}
	}
	if s, err := person.Score(good, footfall.Box{X: -30, Y: -30, W: 20, H: 40}); err != nil || s != 0 {
		t.Errorf("a box beside the picture: %v, %v", s, err)
	}
	for range 2 {
		if err := motion.Close(); err != nil {
			t.Error(err)
		}
		if err := person.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := motion.Segment(good); err == nil {
		t.Error("motion works after Close")
	}
	if _, err := person.Score(good, footfall.Box{W: 5, H: 9}); err == nil {
		t.Error("person works after Close")
	}
}

// exposed is a frame as a camera gives it that has opened up or closed: brighter by a gain, with another contrast.
func exposed(f vision.Frame, gain, power float64) vision.Frame {
	out := f
	out.BGR = make([]byte, len(f.BGR))
	for i, v := range f.BGR {
		out.BGR[i] = byte(min(255, gain*255*math.Pow(float64(v)/255, power)))
	}
	return out
}

func TestACameraThatOpensUpMovesNothing(t *testing.T) {
	opencv.SetThreads(1)
	for name, c := range map[string]struct{ gain, power float64 }{"brighter": {1.3, 1}, "darker": {0.7, 1}, "brighter, less contrast": {1.2, 0.8}, "darker, more contrast": {0.9, 1.25}} {
		t.Run(name, func(t *testing.T) {
			motion, err := opencv.NewMotion()
			if err != nil {
				t.Fatal(err)
			}
			defer motion.Close()
			coat := walk(-40, 120, 520, 120, 100)
			for f := range 160 {
				picture := passage(f, []figure{coat})
				if f >= 105 { // the camera answers to the coat
					picture = exposed(picture, c.gain, c.power)
				}
				mask, err := motion.Segment(picture)
				if err != nil {
					t.Fatal(err)
				}
				moving, beside := 0, 0
				x, y, _ := coat(f)
				for i, v := range mask.Cells {
					if v == 0 {
						continue
					}
					moving++
					if dx, dy := float64(i%mask.W)*mask.Scale-x, float64(i/mask.W)*mask.Scale-y; math.Abs(dx) > 30 || math.Abs(dy) > 45 {
						beside++
					}
				}
				if f < 115 {
					continue
				}
				if n := len(mask.Cells); beside > n/25 || moving < n/400 {
					t.Fatalf("frame %d: %d of %d cells move, %d of them beside whoever walks", f, moving, n, beside)
				}
			}
		})
	}
}
