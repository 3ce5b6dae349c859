// Package boardtest renders photos of the calibration board through exactly known lenses, for tests.
package boardtest

import (
	"math"
	"math/rand/v2"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/board"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// Pose is the board's position and attitude before the camera: its middle in metres in camera axes, and its
// rotation about its own axes, in radians, in the order x, y, z.
type Pose struct {
	Middle     lens.Vec3
	RX, RY, RZ float64
}

func (p Pose) turned(v lens.Vec3) lens.Vec3 {
	sin, cos := math.Sincos(p.RX)
	v = lens.Vec3{X: v.X, Y: cos*v.Y - sin*v.Z, Z: sin*v.Y + cos*v.Z}
	sin, cos = math.Sincos(p.RY)
	v = lens.Vec3{X: cos*v.X + sin*v.Z, Y: v.Y, Z: cos*v.Z - sin*v.X}
	sin, cos = math.Sincos(p.RZ)
	return lens.Vec3{X: cos*v.X - sin*v.Y, Y: sin*v.X + cos*v.Y, Z: v.Z}
}

// middleX and middleY are the middle of the inner corners, in millimetres from the first one.
var middleX, middleY = float64((board.Columns - 1) * board.SquareMM / 2), float64((board.Rows-1)*board.SquareMM) / 2

// Corners returns the pixels at which the lens sees the board's inner corners. ok is false if not all of them
// lie within a picture of w×h pixels.
func Corners(l lens.Lens, p Pose, w, h int) (out [][2]float64, ok bool) {
	for _, c := range board.Corners() {
		at := p.Middle.Add(p.turned(lens.Vec3{X: (c[0] - middleX) / 1000, Y: (c[1] - middleY) / 1000}))
		u, v, seen := l.Project(at)
		if !seen || u < 0 || v < 0 || u >= float64(w) || v >= float64(h) {
			return nil, false
		}
		out = append(out, [2]float64{u, v})
	}
	return out, true
}

const (
	paper, ink, wall = 225.0, 30.0, 120.0
	samples          = 2 // per pixel, in each direction
)

// Photo renders the board in front of a grey wall, with a gradient of light and with noise of the given
// standard deviation in grey levels.
func Photo(l lens.Lens, p Pose, w, h int, noise float64, seed uint64) vision.Frame {
	rng := rand.New(rand.NewPCG(seed, 77))
	f := vision.Frame{Width: w, Height: h, BGR: make([]byte, 3*w*h)}
	ex, ey, n := p.turned(lens.Vec3{X: 1}), p.turned(lens.Vec3{Y: 1}), p.turned(lens.Vec3{Z: 1})
	for y := range h {
		for x := range w {
			sum := 0.0
			for s := range samples * samples {
				u := float64(x) + (float64(s%samples)+0.5)/samples
				v := float64(y) + (float64(s/samples)+0.5)/samples
				sum += shade(l, p, ex, ey, n, u, v)
			}
			light := 0.8 + 0.2*float64(x)/float64(w)
			for c := range 3 {
				f.BGR[3*(y*w+x)+c] = byte(math.Min(255, math.Max(0, light*sum/(samples*samples)+noise*rng.NormFloat64())))
			}
		}
	}
	return f
}

func shade(l lens.Lens, p Pose, ex, ey, n lens.Vec3, u, v float64) float64 {
	d, ok := l.Ray(u, v)
	if !ok {
		return 0
	}
	along := n.Dot(d)
	if math.Abs(along) < 1e-9 {
		return wall
	}
	t := n.Dot(p.Middle) / along
	if t <= 0 {
		return wall
	}
	at := d.Scale(t).Sub(p.Middle)
	switch black, ok := board.At(1000*at.Dot(ex)+middleX, 1000*at.Dot(ey)+middleY); {
	case !ok:
		return wall
	case black:
		return ink
	}
	return paper
}

// Poses returns n poses, spread over the picture and turned, at which the lens sees the whole board in a
// picture of w×h pixels. The same seed gives the same poses.
func Poses(l lens.Lens, w, h, n int, seed uint64) []Pose {
	rng := rand.New(rand.NewPCG(seed, 5))
	spread := func(most float64) float64 { return most * (2*rng.Float64() - 1) }
	var out []Pose
	for tries := 0; len(out) < n && tries < 100000; tries++ {
		// Put the middle anywhere in the picture, as near to the camera as the whole board still fits.
		d, ok := l.Ray((0.1+0.8*rng.Float64())*float64(w), (0.1+0.8*rng.Float64())*float64(h))
		if !ok {
			continue
		}
		p := Pose{d.Scale(0.22 + 0.35*rng.Float64()), spread(0.6), spread(0.6), spread(0.3)}
		if corners, ok := Corners(l, p, w, h); ok && large(corners, w) {
			out = append(out, p)
		}
	}
	return out
}

// large reports whether the squares are large enough to be found: at least a forty-fifth of the picture's
// width.
func large(corners [][2]float64, w int) bool {
	for r := range board.Rows {
		for c := range board.Columns - 1 {
			a, b := corners[r*board.Columns+c], corners[r*board.Columns+c+1]
			if math.Hypot(a[0]-b[0], a[1]-b[1]) < float64(w)/45 {
				return false
			}
		}
	}
	return true
}
