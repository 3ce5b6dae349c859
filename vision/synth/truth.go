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
	Box             Rect // of its visible pixels
	Area            int  // visible pixels
	SKU             *SKU
	Facing          bool    // front-most of its lane
	VisibleFraction float64 // visible ÷ all of its pixels, those beyond the frame included
	Truncated       bool    // part of it lies beyond the frame
	LaneID, SlotID  string
	DepthInLane     int // places from the front
	OrderInLane     int // packs of its lane before it
	Fallen          bool
	YawDeg          float64
	Ignore          bool // hardly visible: neither hit nor miss
}

// State of a lane or a slot.
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
	Front        *SKU // nil: bare
	FrontDepth   int
	FrontVisible bool
	ViewFraction float64 // share of its front plane in view
	Box          *Rect   // that part of the picture; nil: none
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

// Slot finds a slot's truth by its ID.
func (t *Truth) Slot(id string) (SlotTruth, bool) {
	for _, s := range t.Slots {
		if s.SlotID == id {
			return s, true
		}
	}
	return SlotTruth{}, false
}

// Thresholds of the truth. Pixel limits hold for pictures 1280 pixels wide and scale with the width.
const (
	ignoreFraction = 0.10
	ignoreArea     = 400
	ignoreSide     = 8
	leastArea      = 25
	occludedBelow  = 0.25 // share of a slot's front plane in view
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
	visible := map[[2]int]bool{} // lane and order of packs that can be judged
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

// fraction counts on a lattice which share of the pack's own pixels is visible, and whether some lie
// beyond the frame.
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
	// Straight edges bulge in a fisheye picture; packs next to the lens fill more than the picture.
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
	if vis == 0 { // thinner than the lattice
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

// laneState judges a lane's packs, the front-most first.
func laneState(p *Planogram, l *Lane, items []Item) (State, int) {
	wrong := 0
	for _, it := range items {
		if it.SKU != l.Expected {
			wrong++
		}
	}
	switch {
	case len(items) == 0:
		return StateEmpty, 0
	case items[0].SKU != l.Expected && !p.Holds(items[0].SKU):
		return StateForeign, wrong
	case items[0].SKU != l.Expected:
		return StateMisplaced, wrong
	case float64(len(items)) <= max(1, lowShare*float64(l.Capacity)):
		return StateLow, wrong
	}
	return StateOK, wrong
}

func slotState(lanes []LaneTruth, left, capacity int) State {
	empty := 0
	for _, l := range lanes {
		if l.State == StateForeign {
			return StateForeign
		}
		if l.State == StateEmpty {
			empty++
		}
	}
	for _, l := range lanes {
		if l.State == StateMisplaced {
			return StateMisplaced
		}
	}
	switch {
	case empty == len(lanes):
		return StateEmpty
	case empty > 0 || float64(left) <= lowShare*float64(capacity):
		return StateLow
	}
	return StateOK
}

// States judges the present stock without a picture.
func (s *Scene) States() map[string]State {
	out := map[string]State{}
	for _, t := range s.slotTruth(nil, lens.Camera{}, nil) {
		out[t.SlotID] = t.State
	}
	return out
}

// slotTruth judges every slot; with a world, also what of its front plane is in view.
func (s *Scene) slotTruth(w *world, cam lens.Camera, visible map[[2]int]bool) []SlotTruth {
	var out []SlotTruth
	p := &s.Planogram
	for _, slot := range p.Slots {
		t := SlotTruth{SlotID: slot.ID, Row: slot.Row, Expected: slot.Expected, FacingsExpected: len(slot.Lanes)}
		points, inView := 0, 0
		for _, li := range slot.Lanes {
			l, items := &p.Lanes[li], s.Stock[li]
			lt := LaneTruth{LaneID: l.ID, Items: len(items), Capacity: l.Capacity}
			lt.State, lt.WrongItems = laneState(p, l, items)
			if len(items) > 0 {
				lt.Front, lt.FrontDepth, lt.FrontVisible = items[0].SKU, items[0].Place, visible[[2]int{li, 0}]
				if lt.Front == slot.Expected {
					t.FacingsPresent++
				}
			}
			t.ItemsLeft += len(items)
			t.Capacity += l.Capacity
			if w != nil {
				n, m, box := s.frontPlane(w, cam, l)
				points, inView = points+n, inView+m
				lt.ViewFraction, lt.Box = round(float64(m)/float64(n), 3), box
				t.Box = unite(t.Box, box)
			}
			t.Lanes = append(t.Lanes, lt)
		}
		t.State = slotState(t.Lanes, t.ItemsLeft, t.Capacity)
		if w != nil {
			t.ViewFraction = round(float64(inView)/float64(points), 3)
			t.Occluded = t.ViewFraction < occludedBelow
		}
		out = append(out, t)
	}
	return out
}

func unite(a, b *Rect) *Rect {
	if a == nil || b == nil {
		if a == nil {
			return b
		}
		return a
	}
	x0, y0 := min(a[0], b[0]), min(a[1], b[1])
	x1, y1 := max(a[0]+a[2], b[0]+b[2]), max(a[1]+a[3], b[1]+b[3])
	return &Rect{x0, y0, x1 - x0, y1 - y0}
}

// frontPlane samples where a lane's front pack belongs: how many points there are, how many of them
// are in the picture and behind nothing but packs and air, and the box of those.
func (s *Scene) frontPlane(w *world, cam lens.Camera, l *Lane) (all, seen int, box *Rect) {
	const nx, nz = 9, 15
	size := l.Expected.Size
	lo, hi := point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for i := range nx {
		for j := range nz {
			all++
			at := vec{X: l.X + ((float64(i)+0.5)/nx-0.5)*size[0], Y: s.Planogram.Front, Z: l.Z + (float64(j)+0.5)/nz*size[2]}
			u, v, ok := cam.Project(at)
			if !ok || !cam.Contains(u, v) || !w.clearTo(cam.Pos, at) {
				continue
			}
			seen++
			lo, hi = point{min(lo.x, u), min(lo.y, v)}, point{max(hi.x, u), max(hi.y, v)}
		}
	}
	if seen == 0 {
		return all, 0, nil
	}
	// Points stand for cells: half a cell more on every side, cut to the picture.
	padX, padY := (hi.x-lo.x)/(2*(nx-1)), (hi.y-lo.y)/(2*(nz-1))
	x0, y0 := int(math.Floor(max(0, lo.x-padX))), int(math.Floor(max(0, lo.y-padY)))
	x1, y1 := int(math.Ceil(min(float64(cam.W), hi.x+padX))), int(math.Ceil(min(float64(cam.H), hi.y+padY)))
	return all, seen, &Rect{x0, y0, max(1, x1-x0), max(1, y1-y0)}
}

// clearTo says whether nothing but packs lies between the camera and p.
func (w *world) clearTo(from, p vec) bool {
	d := p.Sub(from)
	dist := d.Len()
	r := newRay(from, d.Scale(1/dist))
	return !w.still.blocked(&r, dist-0.001, -1)
}

func (a Annotation) String() string {
	return fmt.Sprintf("%s %s %v facing=%t visible=%.3f", a.LaneID, a.SKU.GTIN, a.Box, a.Facing, a.VisibleFraction)
}
