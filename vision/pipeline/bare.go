package pipeline

import (
	"maps"
	"slices"

	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	// wideOpen is the share of a lane's places at which a pack would show, as geometry knows, from which hardly anything can hide in it.
	wideOpen = 0.8
	// slightly is the share of the slots' part of a picture up to which what the gate takes for fog, blur or darkness may be a plain
	// wall: of rendered clean pictures one in thirty has more, of fogged ones one in six less.
	slightly = 0.06
)

// seenBare lists the slots that the network saw to be bare in every lane, wide open and beyond doubt, in a picture that is at most
// slightly spoilt. The back wall of an empty slot is often too plain for the gate to tell it from fog, from a hand or from a
// reflection; the network knows the difference.
func (p *Pipeline) seenBare(plan *shelf.Planogram, free []freeLane, slight bool) map[string]bool {
	if len(free) == 0 || !slight {
		return nil
	}
	lanes := map[string]int{}
	for _, l := range free {
		if l.Open >= wideOpen && l.bare >= p.cfg.Lanes.Threshold() {
			lanes[l.SlotID]++
		}
	}
	out := map[string]bool{}
	for id, n := range lanes {
		if slot, _, ok := plan.Slot(id); ok && n == slot.Facings {
			out[id] = true
		}
	}
	return out
}

// slightlySpoilt says that a picture is clear, or so nearly that what spoils it may be a plain wall.
func slightlySpoilt(view shelf.View) bool {
	return view.Whole == shelf.NoReason && spoiltShare(view) <= slightly
}

// spoiltShare is the share of the part of the picture in which slots stand that fog, blur, darkness or something in the way spoils.
func spoiltShare(view shelf.View) float64 {
	var all shelf.Box
	for _, at := range view.Slots {
		all = hull(all, at.Box)
	}
	if all.Area() == 0 {
		return 1
	}
	area := 0
	for _, b := range view.Blind {
		if spoils(b) {
			area += b.Box.Intersect(all).Area()
		}
	}
	return float64(area) / float64(all.Area())
}

// liftable says whether a plain back wall can be mistaken for the reason.
func liftable(r shelf.Reason) bool {
	return r == shelf.Fog || r == shelf.Glare || r == shelf.Blocked
}

// lift cuts the boxes of slots that were seen bare out of the parts that a plain wall can be mistaken for.
func lift(parts []shelf.Blind, view shelf.View, bare map[string]bool) []shelf.Blind {
	for _, id := range slices.Sorted(maps.Keys(bare)) {
		var left []shelf.Blind
		for _, part := range parts {
			if !liftable(part.Reason) {
				left = append(left, part)
				continue
			}
			for _, b := range without(part.Box, view.Slots[id].Box) {
				left = append(left, shelf.Blind{Box: b, Reason: part.Reason})
			}
		}
		parts = left
	}
	return parts
}

// without gives what is left of a box, in up to four boxes, when another is cut out of it.
func without(b, cut shelf.Box) []shelf.Box {
	cut = b.Intersect(cut)
	if cut.Area() == 0 {
		return []shelf.Box{b}
	}
	var out []shelf.Box
	for _, rest := range []shelf.Box{
		{X: b.X, Y: b.Y, W: b.W, H: cut.Y - b.Y},
		{X: b.X, Y: cut.Y + cut.H, W: b.W, H: b.Y + b.H - cut.Y - cut.H},
		{X: b.X, Y: cut.Y, W: cut.X - b.X, H: cut.H},
		{X: cut.X + cut.W, Y: cut.Y, W: b.X + b.W - cut.X - cut.W, H: cut.H},
	} {
		if rest.W > 0 && rest.H > 0 {
			out = append(out, rest)
		}
	}
	return out
}

// hull is the smallest box around both; that of nothing and a box is the box.
func hull(a, b shelf.Box) shelf.Box {
	if a.Area() == 0 {
		return b
	}
	if b.Area() == 0 {
		return a
	}
	x0, y0 := min(a.X, b.X), min(a.Y, b.Y)
	return shelf.Box{X: x0, Y: y0, W: max(a.X+a.W, b.X+b.W) - x0, H: max(a.Y+a.H, b.Y+b.H) - y0}
}
