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

// body is what moves in a rendered passage seen from above: an ellipse with a head, or a box.
type body struct {
	at     figure
	rx, ry float64
	shade  float64
	box    bool
}

// shopper goes along a way, at so many pixels a frame from a frame on.
func shopper(begin int, speed float64, way ...[2]float64) body {
	return body{at: along(begin, speed, way...), rx: 20, ry: 30, shade: 70}
}

// along is a way by its corners.
func along(begin int, speed float64, way ...[2]float64) figure {
	return func(f int) (float64, float64, bool) {
		left := float64(f-begin) * speed
		for i := 1; i < len(way) && left >= 0; i++ {
			a, b := way[i-1], way[i]
			length := math.Hypot(b[0]-a[0], b[1]-a[1])
			if left <= length {
				s := left / length
				return a[0] + s*(b[0]-a[0]), a[1] + s*(b[1]-a[1]), true
			}
			left -= length
		}
		return 0, 0, false
	}
}

// floor renders frames quickly: the tiles once, and noise out of a long row of it.
type floor struct {
	tiles []float64
	noise []float64
}

func newFloor() *floor {
	f := &floor{}
	for y := range passageH {
		for x := range passageW {
			v := 130.0
			if (x/40+y/40)%2 == 0 {
				v += 24
			}
			f.tiles = append(f.tiles, v)
		}
	}
	r := rand.New(rand.NewPCG(7, 7))
	for range 2 * passageW * passageH {
		f.noise = append(f.noise, 4*r.NormFloat64())
	}
	return f
}

func (l *floor) frame(n int, light float64, bodies []body) vision.Frame {
	v := append([]float64(nil), l.tiles...)
	for _, b := range bodies {
		x, y, there := b.at(n)
		if there {
			b.paint(v, x, y)
		}
	}
	f := vision.Frame{Width: passageW, Height: passageH, BGR: make([]byte, 3*len(v))}
	from := n * 7919 % len(v)
	for i, p := range v {
		p = max(0, min(240, light*p+l.noise[from+i]))
		f.BGR[3*i], f.BGR[3*i+1], f.BGR[3*i+2] = byte(0.95*p), byte(p), byte(1.04*p)
	}
	return f
}

func (b body) paint(v []float64, cx, cy float64) {
	for y := max(0, int(cy-b.ry)); y < min(passageH, int(cy+b.ry)+1); y++ {
		for x := max(0, int(cx-b.rx)); x < min(passageW, int(cx+b.rx)+1); x++ {
			dx, dy := (float64(x)-cx)/b.rx, (float64(y)-cy)/b.ry
			switch {
			case b.box && max(math.Abs(dx), math.Abs(dy)) < 1:
				v[y*passageW+x] = b.shade
			case b.box:
			case math.Hypot(float64(x)-cx, float64(y)-cy) < 10:
				v[y*passageW+x] = 0.6 * b.shade
			case dx*dx+dy*dy < 1:
				v[y*passageW+x] = b.shade
			}
		}
	}
}

// What happens in shops, seen from above, where no detector knows anybody: every crossing is counted, and nothing else.
// Each clip begins with two who walk through, from whom the counter learns how large people are.
func TestScenesFromAbove(t *testing.T) {
	opencv.SetThreads(1)
	const begin = 150
	straight := func(after int, y float64) body {
		return shopper(begin+after, 4, [2]float64{-40, y}, [2]float64{520, y})
	}
	cases := []struct {
		name    string
		frames  int
		bodies  []body
		light   func(int) float64
		in, out int
	}{
		{"a pair side by side", 320, []body{straight(0, 100), straight(0, 158)}, nil, 0, 2},
		{"one close behind the other", 330, []body{straight(0, 130), straight(13, 130)}, nil, 0, 2},
		{"three abreast", 320, []body{straight(0, 80), straight(0, 142), straight(8, 205)}, nil, 0, 3},
		{"five in a stream", 370, []body{straight(0, 80), straight(10, 150), straight(22, 220), straight(30, 100), straight(42, 180)}, nil, 0, 5},
		{"two pass through each other on the line", 320, []body{
			shopper(begin, 4, [2]float64{-40, 140}, [2]float64{520, 160}), shopper(begin, 4, [2]float64{520, 160}, [2]float64{-40, 140}),
		}, nil, 1, 1},
		{"one turns round beyond the line", 350, []body{shopper(begin, 4, [2]float64{-40, 140}, [2]float64{320, 140}, [2]float64{-40, 150})}, nil, 1, 1},
		{"one turns round before the line", 330, []body{shopper(begin, 4, [2]float64{-40, 140}, [2]float64{200, 140}, [2]float64{-40, 150})}, nil, 0, 0},
		{"a hurry", 230, []body{shopper(begin, 12, [2]float64{-40, 140}, [2]float64{520, 140})}, nil, 0, 1},
		{"out of a door in the midst of the picture", 300, []body{shopper(begin, 4, [2]float64{100, 160}, [2]float64{520, 160})}, nil, 0, 1},
		{"into a door in the midst of the picture", 300, []body{shopper(begin, 4, [2]float64{-40, 160}, [2]float64{400, 160})}, nil, 0, 1},
		{"a trolley", 330, []body{straight(0, 140), {at: along(begin, 4, [2]float64{8, 140}, [2]float64{568, 140}), rx: 26, ry: 20, shade: 190, box: true}}, nil, 0, 1},
		{"an arm from the left", 270, []body{{at: func(f int) (float64, float64, bool) {
			x := min(260, 6*float64(f-begin), 6*float64(begin+120-f))
			return x - 150, 150, x > 0
		}, rx: 150, ry: 12, shade: 110, box: true}}, nil, 0, 0},
		{"a door that swings on the line", 280, []body{{at: func(f int) (float64, float64, bool) {
			return 230 + 20*math.Abs(math.Sin(float64(f-begin)/25)), 30, f > begin && f < begin+80
		}, rx: 30, ry: 40, shade: 180, box: true}}, nil, 0, 0},
		{"the light goes off and on again", 390, []body{straight(60, 140)}, func(f int) float64 {
			if f > begin && f < begin+40 {
				return 0.45
			}
			return 1
		}, 0, 1},
		{"somebody walks in the dark", 340, []body{straight(20, 140)}, func(f int) float64 {
			if f > begin {
				return 0.5
			}
			return 1
		}, 0, 1},
	}
	line := footfall.Line{Name: "middle", A: footfall.Point{X: 240, Y: 0}, B: footfall.Point{X: 240, Y: passageH}}
	picture := newFloor()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := passageWatch(t, line)
			bodies := append([]body{
				shopper(15, 9, [2]float64{-40, 90}, [2]float64{520, 90}), shopper(80, 9, [2]float64{520, 200}, [2]float64{-40, 200}),
			}, c.bodies...)
			var found []footfall.Crossing
			for f := range c.frames {
				light := 1.0
				if c.light != nil {
					light = c.light(f)
				}
				e, err := w.Look(f, picture.frame(f, light, bodies))
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, e.Crossings...)
			}
			found = append(found, w.Counter.Close().Crossings...)
			in, out := directions(found)
			if in != c.in+1 || out != c.out+1 {
				t.Errorf("in %d, out %d, want %d and %d: %v", in, out, c.in+1, c.out+1, found)
			}
		})
	}
}
