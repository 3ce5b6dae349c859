package synth

import (
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// Rect is a box in pixels: left, top, width, height.
type Rect [4]int

// Annotation is the truth about one visible pack.
type Annotation struct {
	Box             Rect // bounding box of its visible pixels
	Area            int  // number of visible pixels
	SKU             *SKU
	Facing          bool    // the front pack of its lane
	VisibleFraction float64 // visible pixels ÷ all of its pixels, including those outside the frame
	Truncated       bool    // part of it lies outside the frame
	LaneID, SlotID  string
	DepthInLane     int // number of places between it and the front
	OrderInLane     int // number of packs in front of it in its lane
	Fallen          bool
	YawDeg          float64
	Ignore          bool // hardly visible: neither a hit nor a miss
}

// State is the state of a lane or a slot.
type State string

const (
	StateOK        State = "ok"
	StateLow       State = "low"
	StateEmpty     State = "empty"
	StateMisplaced State = "misplaced"
	StateForeign   State = "foreign"
)

// LaneTruth is the state of one lane.
type LaneTruth struct {
	LaneID       string
	State        State
	Items        int
	Capacity     int
	WrongItems   int
	Front        *SKU // nil: the lane is bare
	FrontDepth   int
	FrontVisible bool
	ViewFraction float64 // share of its front plane that is in view
	Box          *Rect   // the part of the picture that shows it; nil: none
}

// SlotTruth is the state of one slot.
type SlotTruth struct {
	SlotID          string
	Row             int
	Expected        *SKU
	FacingsExpected int
	FacingsPresent  int
	ItemsLeft       int
	Capacity        int
	State           State
	ViewFraction    float64
	Occluded        bool
	Box             *Rect
	Lanes           []LaneTruth
}

// Truth is all that is known about a frame.
type Truth struct {
	Camera      lens.Spec
	Condition   Condition
	Annotations []Annotation
	Slots       []SlotTruth
}

// Slot returns the truth of the slot with the given ID.
func (t *Truth) Slot(id string) (SlotTruth, bool) {
	for _, s := range t.Slots {
		if s.SlotID == id {
			return s, true
		}
	}
	return SlotTruth{}, false
}

// The thresholds of the truth. Limits in pixels are for pictures 1280 pixels wide, and scale with the width.
const (
	ignoreFraction = 0.10
	ignoreArea     = 400
	ignoreSide     = 8
	leastArea      = 25
	occludedBelow  = 0.25 // share of a slot's front plane that is in view
	lowShare       = 0.34
)

// seen counts the pixels of one pack.
type seen struct {
	n              int
	x0, y0, x1, y1 int
}

func (s *Scene) truth(w *world, cam lens.Camera, b *buffer, workers int) Truth {
	counts := make([]seen, w.packs)
	for i := range counts {
		counts[i].x0, counts[i].y0 = math.MaxInt, math.MaxInt
	}
	for y := range b.h {
		for x := range b.w {
			id := b.id[y*b.w+x]
			if id < 0 || int(id) >= w.packs {
				continue
			}
			c := &counts[id]
			c.n++
			c.x0, c.y0 = min(c.x0, x), min(c.y0, y)
			c.x1, c.y1 = max(c.x1, x), max(c.y1, y)
		}
	}
	scale := float64(b.w) / 1280
	side := max(4, ignoreSide*scale)
	var t Truth
	visible := map[[2]int]bool{} // by lane and order in the lane: the packs that can be judged
	for i := range counts {
		c := &counts[i]
		if float64(c.n) < max(6, leastArea*scale*scale) {
			continue
		}
		k := w.solids[i].(*pack)
		fraction, truncated := b.fraction(k, cam, c)
		it := s.Stock[k.lane][k.order]
		l := &s.Planogram.Lanes[k.lane]
		a := Annotation{
			Box: Rect{c.x0, c.y0, c.x1 - c.x0 + 1, c.y1 - c.y0 + 1}, Area: c.n, SKU: k.sku, Facing: k.order == 0,
			VisibleFraction: round(fraction, 3), Truncated: truncated, LaneID: l.ID, SlotID: l.SlotID,
			DepthInLane: it.Place, OrderInLane: k.order, Fallen: it.Fallen, YawDeg: round(it.Yaw, 1),
		}
		a.Ignore = fraction < ignoreFraction || float64(c.n) < ignoreArea*scale*scale ||
			float64(min(a.Box[2], a.Box[3])) < side
		visible[[2]int{k.lane, k.order}] = !a.Ignore
		t.Annotations = append(t.Annotations, a)
	}
	t.Slots = s.slotTruth(w, cam, visible)
	return t
}

// fraction counts, on a lattice, which share of the pack's own pixels is visible, and whether some lie outside
// the frame.
func (b *buffer) fraction(k *pack, cam lens.Camera, c *seen) (share float64, truncated bool) {
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for i := range 8 {
		at := k.box.lo
		if i&1 != 0 {
			at.X = k.box.hi.X
		}
		if i&2 != 0 {
			at.Y = k.box.hi.Y
		}
		if i&4 != 0 {
			at.Z = k.box.hi.Z
		}
		u, v, ok := cam.Project(at)
		if !ok {
			truncated = true
			u, v = lo.x, lo.y
			if math.IsInf(u, 1) {
				continue
			}
		}
		lo, hi = point{min(lo.x, u), min(lo.y, v)}, point{max(hi.x, u), max(hi.y, v)}
	}
	lo, hi = point{min(lo.x, float64(c.x0)), min(lo.y, float64(c.y0))}, point{max(hi.x, float64(c.x1)), max(hi.y, float64(c.y1))}
	// Straight edges bulge in a fisheye picture, and a pack next to the lens fills more than the picture.
	pad := 2 + 0.05*(hi.x-lo.x+hi.y-lo.y)
	x0, y0 := int(max(lo.x-pad, -2*float64(b.w))), int(max(lo.y-pad, -2*float64(b.h)))
	x1, y1 := int(min(hi.x+pad, 3*float64(b.w))), int(min(hi.y+pad, 3*float64(b.h)))
	step := 1
	for (x1-x0)/step*((y1-y0)/step) > 900 {
		step++
	}
	x0, y0 = x0-mod(x0, step), y0-mod(y0, step)
	all, vis := 0, 0
	var h hit
	for y := y0; y <= y1; y += step {
		for x := x0; x <= x1; x += step {
			d, ok := cam.Ray(float64(x)+0.5, float64(y)+0.5)
			if !ok {
				continue
			}
			r := newRay(cam.Pos, d)
			h.t = math.Inf(1)
			if !k.intersect(&r, &h) {
				continue
			}
			all++
			if x < 0 || y < 0 || x >= b.w || y >= b.h {
				truncated = true
			} else if int(b.id[y*b.w+x]) == k.index {
				vis++
			}
		}
	}
	if vis == 0 { // the pack is thinner than the lattice
		all = max(all*step*step, c.n)
		return float64(c.n) / float64(all), truncated
	}
	return float64(vis) / float64(all), truncated
}

func mod(a, n int) int { return ((a % n) + n) % n }

func round(x float64, digits int) float64 {
	k := math.Pow(10, float64(digits))
	return math.Round(x*k) / k
}

func (a Annotation) String() string {
	return fmt.Sprintf("%s %s %v facing=%t visible=%.3f", a.LaneID, a.SKU.GTIN, a.Box, a.Facing, a.VisibleFraction)
}
