package mount

import (
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

const (
	// leastSeen is the share of a pack's front that must be open to the camera for the pack to be found
	// there; below, a lane in which nothing was found may still hold one.
	leastSeen = 0.2
	// openShare is the share of a lane's places that must be open for a lane in which nothing was found to be bare.
	// Rendered coolers, perfect boxes: of slots with no pack in sight, nine in ten are empty from 0.8 on, six in ten below.
	openShare = 0.8
	// sideways is how much of a lane's width a pack leaves free at each side.
	sideways = 0.12
	// samples a side, over a pack's front.
	across, upward = 5, 6
	// slack is the share of a pack's lane or box at each side that hides nothing behind it.
	slack = 0.06
	// sightStep is how far apart a sight line is looked at, in metres.
	sightStep = 0.015
	// defaultDepth of a cooler in metres, where the planogram does not tell.
	defaultDepth = 0.45
	// defaultPlaces of a lane whose capacity is not known.
	defaultPlaces = 5
	// A price rail stands up above its board by railUp metres, the next board with its rail hangs down by boardUnder.
	railUp, boardUnder = 0.005, 0.025
)

// stock is what Assign found, by lane: how deep the front pack of each stands.
type stock struct {
	lanes  [][]stockLane // by row
	places []Place
	ok     []bool
	boxes  []shelf.Box
}

type stockLane struct {
	slot         shelf.Slot
	x0, x1, pack float64 // metres from the left inner wall, height
	front        float64 // depth of the first pack, metres
	held         bool
}

func (s *Sight) stock(facings []shelf.Facing) *stock {
	st := &stock{}
	for _, f := range facings {
		st.boxes = append(st.boxes, f.Box)
	}
	st.places, st.ok = s.Places(facings)
	tall := s.heights(facings)
	for row, line := range s.plan.Shelves {
		var lanes []stockLane
		for _, slot := range line.Slots {
			w := float64(slot.WidthMM) / 1000 / float64(slot.Facings)
			for k := range slot.Facings {
				x0 := float64(slot.XMM)/1000 + float64(k)*w
				lanes = append(lanes, stockLane{slot: slot, x0: x0, x1: x0 + w, pack: s.packAt(row, x0+w/2, slot.GTIN, tall)})
			}
		}
		st.lanes = append(st.lanes, lanes)
	}
	for i, p := range st.places {
		if !st.ok[i] {
			continue
		}
		for k := range st.lanes[p.Row] {
			l := &st.lanes[p.Row][k]
			if p.X >= l.x0 && p.X < l.x1 {
				if !l.held || p.Depth < l.front {
					l.front = p.Depth
				}
				l.held = true
			}
		}
	}
	return st
}

// HiddenLanes gives parts of the picture for lanes in which nothing was found but a pack could stand
// unseen: at the back of the lane, behind the packs of its neighbours, behind the board above, or
// beyond the picture. Facings must have been placed by Assign. A mount of marks knows no depth and
// gives none.
func (s *Sight) HiddenLanes(facings []shelf.Facing) []shelf.Blind {
	if s.camera == nil {
		return nil
	}
	st := s.stock(facings)
	var out []shelf.Blind
	for row, lanes := range st.lanes {
		for k, l := range lanes {
			if l.held {
				continue
			}
			box, inFrame := s.planeBox(row, l.x0, l.x1, s.front, l.pack)
			if inFrame == 0 || s.openPlaces(st, row, k) >= openShare {
				continue
			}
			// Over the middle of the lane alone, so that its neighbours stay judged.
			out = append(out, shelf.Blind{Reason: shelf.Hidden,
				Box: shelf.Box{X: box.X + box.W/8, Y: box.Y + box.H/8, W: box.W * 3 / 4, H: box.H * 3 / 4}})
		}
	}
	return out
}

// openPlaces is the share of a lane's places at which a pack would show enough of its front. Packs are taken from the
// front, so the last ones of a lane stand at its back, where the neighbours hide them first; a lane that shows bare for
// most of its depth has at most those left.
func (s *Sight) openPlaces(st *stock, row, lane int) float64 {
	l := st.lanes[row][lane]
	n, seen := places(l.slot), 0
	for k := range n {
		if s.placeOpen(st, row, lane, (s.depth()-s.front)*float64(k)/float64(n)) {
			seen++
		}
	}
	return float64(seen) / float64(n)
}

// placeOpen: a pack deep metres behind the lane's front place would show leastSeen of its front.
func (s *Sight) placeOpen(st *stock, row, lane int, deep float64) bool {
	l := st.lanes[row][lane]
	margin := sideways * (l.x1 - l.x0)
	seen := 0
	for i := range across {
		for j := range upward {
			x := l.x0 + margin + (l.x1-l.x0-2*margin)*float64(i)/(across-1)
			up := l.pack * (0.05 + 0.9*float64(j)/(upward-1))
			if s.pointOpen(st, row, lane, x, deep, up) {
				seen++
			}
		}
	}
	return float64(seen) >= leastSeen*across*upward
}

// depth of the shelves in metres.
func (s *Sight) depth() float64 {
	if s.plan.DepthMM > 0 {
		return float64(s.plan.DepthMM) / 1000
	}
	return defaultDepth
}

// pointOpen: the camera sees the point through the shelf's opening, past the packs that stand nearer.
func (s *Sight) pointOpen(st *stock, row, lane int, x, d, up float64) bool {
	half := float64(s.plan.WidthMM) / 2000
	board := float64(s.plan.Shelves[row].HeightMM) / 1000
	at := lens.Vec3{X: x - half, Y: s.front + d, Z: board + up}
	u, v, seen := s.camera.Project(at)
	if !seen || !s.camera.Contains(u, v) {
		return false
	}
	if t := -s.camera.Pos.Y / (at.Y - s.camera.Pos.Y); t > 0 && t < 1 {
		through := s.camera.Pos.Lerp(at, t) // where the sight passes the cooler's front
		if through.Z < board+railUp || through.X < -half || through.X > half {
			return false
		}
		if row > 0 && through.Z > float64(s.plan.Shelves[row-1].HeightMM)/1000-boardUnder {
			return false
		}
	}
	if s.throughPacks(st, row, lane, at) {
		return false
	}
	for i, b := range st.boxes {
		if st.ok[i] && st.places[i].Row == row { // throughPacks has looked at those
			continue
		}
		// Packs are narrower than their boxes, at the neck at least.
		slim := slack * float64(b.W)
		if u >= float64(b.X)+slim && u < float64(b.X+b.W)-slim && v >= float64(b.Y) && v < float64(b.Y+b.H) {
			return false
		}
	}
	return true
}

// throughPacks: the sight line crosses a lane of the same shelf that is held, at or behind its front
// pack. Behind a front pack more are taken to stand, up to the back: to be wrong in that costs an
// unknown, the other way round a false stockout.
func (s *Sight) throughPacks(st *stock, row, lane int, at lens.Vec3) bool {
	half := float64(s.plan.WidthMM) / 2000
	board := float64(s.plan.Shelves[row].HeightMM) / 1000
	from := s.camera.Pos
	for y := s.front; y < at.Y; y += sightStep {
		p := from.Lerp(at, (y-from.Y)/(at.Y-from.Y))
		x := p.X + half
		for k, l := range st.lanes[row] {
			if k == lane || !l.held || x < l.x0 || x >= l.x1 {
				continue
			}
			margin := slack * (l.x1 - l.x0)
			if x >= l.x0+margin && x < l.x1-margin && y-s.front >= l.front && p.Z < board+l.pack {
				return true
			}
		}
	}
	return false
}
