package mount

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// edges is a box of pixels that need not be in the picture.
type edges struct{ u0, v0, u1, v1 float64 }

func (e edges) clip(w, h float64) edges {
	return edges{max(e.u0, 0), max(e.v0, 0), min(e.u1, w), min(e.v1, h)}
}

// axes are the cooler's in those of the camera. Thousands of packs are looked at in each picture, and in the camera's axes the
// points of a pack are a few steps apart.
type axes struct {
	right, into, up lens.Vec3
	rim             [8]lens.Vec3 // a pack's, of a radius of a metre
	straight        bool         // what is straight is so in the picture
}

func axesOf(c *lens.Camera) axes {
	a := axes{
		right: lens.Vec3{X: c.Right.X, Y: c.Down.X, Z: c.Forward.X},
		into:  lens.Vec3{X: c.Right.Y, Y: c.Down.Y, Z: c.Forward.Y},
		up:    lens.Vec3{X: c.Right.Z, Y: c.Down.Z, Z: c.Forward.Z},
	}
	for i, p := range rim {
		a.rim[i] = a.right.Scale(p[0]).Add(a.into.Scale(p[1]))
	}
	_, a.straight = c.Lens.(lens.Pinhole)
	return a
}

// of gives a step in the cooler as the camera has it.
func (a *axes) of(v lens.Vec3) lens.Vec3 {
	return a.right.Scale(v.X).Add(a.into.Scale(v.Y)).Add(a.up.Scale(v.Z))
}

// packBox is what shows of a pack of the given width and height, as deep as wide, whose front stands at a
// place: the rail of its shelf may hide its foot and the board above its head. ok is false where next to
// nothing shows.
func (s *Sight) packBox(at Place, wide, tall float64) (edges, bool) {
	board := float64(s.plan.Shelves[at.Row].HeightMM) / 1000
	x, y := at.X-float64(s.plan.WidthMM)/2000, s.front+at.Depth
	low, high := s.opening(at.Row, y)
	low, high = max(low, board), min(high, board+tall)
	if high-low < leastShown*tall {
		return edges{}, false
	}
	e := edges{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	r := wide / 2
	foot := s.axes.of(lens.Vec3{X: x, Y: y + r, Z: low}.Sub(s.camera.Pos))
	head := foot.Add(s.axes.up.Scale(high - low))
	footIn, footOK := s.widen(&e, foot, r)
	headIn, headOK := s.widen(&e, head, r)
	if !footOK || !headOK {
		return edges{}, false
	}
	if s.axes.straight && footIn && headIn {
		return e, e.u1-e.u0 >= 1 // what lies between is within
	}
	for level := 1; level < levels-1; level++ {
		if _, ok := s.widen(&e, foot.Lerp(head, float64(level)/(levels-1)), r); !ok {
			return edges{}, false
		}
	}
	return e, e.u1-e.u0 >= 1
}

// widen makes e hold a pack's rim around a point of the camera's axes. inside says that all of it lies between the picture's
// upper and lower edge; ok is false where the lens cannot see some of it.
func (s *Sight) widen(e *edges, middle lens.Vec3, radius float64) (inside, ok bool) {
	inside = true
	for i := range s.axes.rim {
		u, v, seen := s.camera.Lens.Project(middle.Add(s.axes.rim[i].Scale(radius)))
		if !seen {
			return false, false
		}
		// Where a lens bends, what lies beyond the picture's edge is wider than what is in it.
		if v < 0 || v >= float64(s.h) {
			v, inside = max(0, min(float64(s.h), v)), false
		} else {
			e.u0, e.u1 = min(e.u0, u), max(e.u1, u)
		}
		e.v0, e.v1 = min(e.v0, v), max(e.v1, v)
	}
	return inside, true
}

// opening is the stretch of heights, in metres above the cooler's floor, that the camera sees y metres inside
// the cooler between a shelf's rail and the board above it.
func (s *Sight) opening(row int, y float64) (low, high float64) {
	pos := s.camera.Pos
	low, high = math.Inf(-1), math.Inf(1)
	if pos.Y >= 0 {
		return low, high // the camera is inside
	}
	beyond := (y - pos.Y) / -pos.Y
	low = pos.Z + (float64(s.plan.Shelves[row].HeightMM)/1000+railUp-pos.Z)*beyond
	if row > 0 {
		high = pos.Z + (float64(s.plan.Shelves[row-1].HeightMM)/1000-boardUnder-pos.Z)*beyond
	}
	return low, high
}

// levels of a pack's height at which its rim is projected.
const levels = 5

// leastShown is the share of a pack's height that must show for it to be what a box is of.
const leastShown = 0.15

// typicalPack is a can's width in metres, for packs beside all slots.
const typicalPack = 0.066

// rim is a circle of eight points: enough for the box of a pack, round or square.
var rim = [8][2]float64{{1, 0}, {math.Sqrt2 / 2, math.Sqrt2 / 2}, {0, 1}, {-math.Sqrt2 / 2, math.Sqrt2 / 2}, {-1, 0}, {-math.Sqrt2 / 2, -math.Sqrt2 / 2}, {0, -1}, {math.Sqrt2 / 2, -math.Sqrt2 / 2}}

// packWidth is how wide a pack at x is: nearly its lane.
func (s *Sight) packWidth(row int, x float64) float64 {
	if slot := s.slotAt(row, x); slot != nil {
		return float64(slot.WidthMM)/1000/float64(slot.Facings) - packGap
	}
	return typicalPack
}

// slotAt is the slot of a shelf at x metres from the left inner wall, or the one that is at most slotPlay beside it; nil for
// none.
func (s *Sight) slotAt(row int, x float64) (best *shelf.Slot) {
	const slotPlay = 0.02
	slots, miss := s.plan.Shelves[row].Slots, slotPlay
	for i := range slots {
		left := float64(slots[i].XMM) / 1000
		if d := max(left-x, x-left-float64(slots[i].WidthMM)/1000, 0); d < miss {
			best, miss = &slots[i], d
		}
	}
	return best
}

// packAt is the height of a pack at x: as the planogram has it for the product wherever that is due, else for
// the slot, else as learnt.
func (s *Sight) packAt(row int, x float64, gtin shelf.GTIN, tall heights) float64 {
	if mm := s.packMM[gtin]; mm > 0 {
		return float64(mm) / 1000
	}
	slots := s.plan.Shelves[row].Slots
	for i := range slots {
		slot := &slots[i]
		if mm := x * 1000; slot.PackMM > 0 && mm >= float64(slot.XMM) && mm < float64(slot.XMM+slot.WidthMM) {
			return float64(slot.PackMM) / 1000
		}
	}
	return tall.of(row, gtin, packShare*s.clear(row))
}
