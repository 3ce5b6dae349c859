// Package footfall counts the people who walk past a fixed camera: across lines, by direction, and in zones, by
// how long they stay. It stands beside the way from a frame to an alert: the counts go to the cloud as
// telemetry.
//
// Each frame comes in as a Mask of what moves, which package opencv makes. The package finds people in it,
// follows them from frame to frame, asks a detector whether what walks there is a person, and reports when one
// has crossed a line, has left a zone, or has gone without crossing. It is plain Go and has no state outside a
// Counter: the same frames give the same counts.
//
// It keeps no picture and knows no face. All that it remembers of a person is a box and a speed, for as long as
// the person is in view. A person who turns round on a line is not counted as crossing it, one who is hidden
// for less than a second and a half stays the same person, and nothing is counted that did not walk.
//
// Coordinates are pixels of the camera's picture, x to the right and y down. A person's place is that of their
// feet: the middle of the lower side of the box.
package footfall

import (
	"fmt"
	"math"
)

// Pace is the number of frames per second that a Counter expects. With fewer, people who hurry are lost; more
// cost processor time.
const Pace = 10

// Point is a place in the picture, in pixels.
type Point struct{ X, Y float64 }

// Box is the part of the picture that a person covers, in pixels. X and Y are its upper left corner.
type Box struct{ X, Y, W, H float64 }

// Foot returns the place where the person stands.
func (b Box) Foot() Point { return Point{b.X + b.W/2, b.Y + b.H} }

// Check returns an error if the box cannot be part of any picture.
func (b Box) Check() error {
	for _, v := range []float64{b.X, b.Y, b.W, b.H} {
		if math.IsNaN(v) || math.Abs(v) > maxPixel {
			return fmt.Errorf("box %v is no part of a picture", b)
		}
	}
	if b.W <= 0 || b.H <= 0 {
		return fmt.Errorf("box %v is empty", b)
	}
	return nil
}

func (b Box) middle() Point   { return Point{b.X + b.W/2, b.Y + b.H/2} }
func (b Box) right() float64  { return b.X + b.W }
func (b Box) bottom() float64 { return b.Y + b.H }

// union returns the smallest box that contains both.
func (b Box) union(o Box) Box {
	x, y := min(b.X, o.X), min(b.Y, o.Y)
	return Box{x, y, max(b.right(), o.right()) - x, max(b.bottom(), o.bottom()) - y}
}

// common returns the area of the intersection.
func (b Box) common(o Box) float64 {
	w := min(b.right(), o.right()) - max(b.X, o.X)
	h := min(b.bottom(), o.bottom()) - max(b.Y, o.Y)
	return max(w, 0) * max(h, 0)
}

// holds reports whether the point is inside, or at most slack pixels outside.
func (b Box) holds(p Point, slack float64) bool {
	return p.X >= b.X-slack && p.X <= b.right()+slack && p.Y >= b.Y-slack && p.Y <= b.bottom()+slack
}
