package synth

import (
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// laneState judges a lane by its packs, the front one first.
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

// slotTruth judges every slot. With a world, it also says how much of the slot's front plane is in view.
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

// frontPlane samples the place where a lane's front pack belongs. It returns the number of points, how many of
// them are in the picture with nothing but packs and air before them, and the box of those.
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
	// Points stand for cells: add half a cell on every side, and clip to the picture.
	padX, padY := (hi.x-lo.x)/(2*(nx-1)), (hi.y-lo.y)/(2*(nz-1))
	x0, y0 := int(math.Floor(max(0, lo.x-padX))), int(math.Floor(max(0, lo.y-padY)))
	x1, y1 := int(math.Ceil(min(float64(cam.W), hi.x+padX))), int(math.Ceil(min(float64(cam.H), hi.y+padY)))
	return all, seen, &Rect{x0, y0, max(1, x1-x0), max(1, y1-y0)}
}

// clearTo reports whether nothing but packs lies between from and p.
func (w *world) clearTo(from, p vec) bool {
	d := p.Sub(from)
	dist := d.Len()
	r := newRay(from, d.Scale(1/dist))
	return !w.still.blocked(&r, dist-0.001, -1)
}
