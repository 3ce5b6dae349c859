package shelf

import "sort"

// How much may be hidden before a part of a slot is not judged. Chosen so that a hand over one facing of three leaves the
// other two to be judged, while a slot that is half fogged is not judged at all.
const (
	minInFrame   = 0.5  // of the slot's front inside the picture
	maxBlind     = 0.35 // of the slot's box under blind parts
	maxBlindLane = 0.5  // of one lane's box under blind parts
)

// blindness gives the reason why a slot cannot be judged, NoReason where it can.
func blindness(slot Slot, view View) Reason {
	if view.Whole != NoReason {
		return view.Whole
	}
	at, ok := view.Slots[slot.ID]
	if !ok || at.InFrame < minInFrame || at.Box.Area() == 0 {
		return OutOfView
	}
	if share, reason := hidden(at.Box, view.Blind); share > maxBlind {
		return reason
	}
	return NoReason
}

// hiddenLanes counts the lanes of a slot in which a pack could stand unseen, and says why: lanes
// under blind parts or outside the picture in which no facing was found all the same.
func hiddenLanes(slot Slot, view View, facings []Facing, seen []int) (count int, why Reason) {
	for _, lane := range lanes(slot, view.Slots[slot.ID]) {
		share, reason := hidden(lane, view.Blind)
		if lane.Area() == 0 {
			share, reason = 1, OutOfView
		}
		if share <= maxBlindLane || holdsOne(lane, facings, seen) {
			continue
		}
		count++
		if why == NoReason {
			why = reason
		}
	}
	return count, why
}

// lanes splits a slot's box into one box for each facing due.
func lanes(slot Slot, at SlotView) []Box {
	if len(at.Lanes) == slot.Facings {
		return at.Lanes
	}
	n := max(1, slot.Facings)
	out := make([]Box, n)
	for i := range out {
		left, right := at.Box.W*i/n, at.Box.W*(i+1)/n
		out[i] = Box{at.Box.X + left, at.Box.Y, right - left, at.Box.H}
	}
	return out
}

func holdsOne(lane Box, facings []Facing, seen []int) bool {
	for _, i := range seen {
		if middle := facings[i].Box.X + facings[i].Box.W/2; lane.X <= middle && middle < lane.X+lane.W {
			return true
		}
	}
	return false
}

// hidden gives the share of a box that lies under blind parts, which may lie over each other or side
// by side, and the reason of the part that hides most of it.
func hidden(b Box, blind []Blind) (share float64, why Reason) {
	var parts []Box
	most := 0
	for _, part := range blind {
		cut := b.Intersect(part.Box)
		if area := cut.Area(); area > 0 {
			parts = append(parts, cut)
			if area > most {
				most, why = area, part.Reason
			}
		}
	}
	if len(parts) == 0 || b.Area() == 0 {
		return 0, NoReason
	}
	return float64(unionArea(parts)) / float64(b.Area()), why
}

// unionArea sweeps over the boxes from left to right and adds up the columns that they cover.
func unionArea(boxes []Box) int {
	var edges []int
	for _, b := range boxes {
		edges = append(edges, b.X, b.X+b.W)
	}
	sort.Ints(edges)
	sort.Slice(boxes, func(i, j int) bool { return boxes[i].Y < boxes[j].Y })
	area := 0
	for i := 1; i < len(edges); i++ {
		left, right := edges[i-1], edges[i]
		if left == right {
			continue
		}
		covered, bottom, begun := 0, 0, false
		for _, b := range boxes {
			if b.X > left || b.X+b.W < right {
				continue
			}
			top := b.Y
			if begun {
				top = max(top, bottom)
			}
			if end := b.Y + b.H; !begun || end > bottom {
				covered += max(0, end-top)
				bottom, begun = end, true
			}
		}
		area += covered * (right - left)
	}
	return area
}
