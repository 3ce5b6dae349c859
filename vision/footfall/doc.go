// Package footfall counts people who walk past a fixed camera: across lines, by direction, and in zones,
// by how long they stay.
//
// A frame comes in as a Mask of what moves (package opencv makes it). The package finds people in it, follows
// them from frame to frame, asks a detector whether what walks there is a person, and tells when one has
// crossed a line, has left a zone, or has gone without crossing. It is plain Go, pure but for what a Counter
// remembers: the same frames give the same counts.
//
// It keeps no picture and knows no face: what is remembered of a person is a box and a speed, for as long
// as they are in view. It promises that a person who turns round on a line is in none of its counts, that
// one who is hidden for less than a second and a half stays the same person, and that nothing is counted
// that did not walk.
//
// Coordinates are pixels of the camera's picture, x to the right and y down. A person is where their feet
// are: the middle of the box's lower side.
package footfall

import (
	"fmt"
	"math"
)

// Pace is how many frames a second a Counter wants: fewer lose people who hurry, more cost time.
const Pace = 10

// Point is a place in the picture, in pixels.
type Point struct{ X, Y float64 }

// Box is a person's part of the picture: X and Y are its upper left corner.
type Box struct{ X, Y, W, H float64 }

// Foot is where the person stands.
func (b Box) Foot() Point { return Point{b.X + b.W/2, b.Y + b.H} }

// Check reports a box that is no part of any picture.
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

// union is the least box that holds both.
func (b Box) union(o Box) Box {
	x, y := min(b.X, o.X), min(b.Y, o.Y)
	return Box{x, y, max(b.right(), o.right()) - x, max(b.bottom(), o.bottom()) - y}
}

// common is the area that both share.
func (b Box) common(o Box) float64 {
	w := min(b.right(), o.right()) - max(b.X, o.X)
	h := min(b.bottom(), o.bottom()) - max(b.Y, o.Y)
	return max(w, 0) * max(h, 0)
}

// holds: the point is inside, or at most slack outside.
func (b Box) holds(p Point, slack float64) bool {
	return p.X >= b.X-slack && p.X <= b.right()+slack && p.Y >= b.Y-slack && p.Y <= b.bottom()+slack
}
