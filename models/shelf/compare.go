package shelf

// Which facings stand in a slot.
const (
	minInside  = 0.3 // of a facing's box inside the slot's box, to stand in it
	slotPlayMM = 25  // how far a pack may stand beside its slot, in the gap between two slots
	pushedMM   = 30  // how far the middle of a pack may lie beyond its slot's border, in the neighbouring slot
)

// lowShare is the share of a lane's capacity at or below which it is nearly sold out.
const lowShare = 0.34

// Compare judges every slot of the planogram by the facings that a picture shows, and gives one reading for each slot, in
// the planogram's order. It is a pure function, so that the cloud can judge the same facts again under another version.
// Unknown is a slot under a blind part of the picture or outside of it, one in which only packs without a name stand, and
// one in which nothing is seen while a lane is hidden. A hidden lane is not a missing facing. If several things are wrong,
// the first of Foreign, Misplaced, Empty and Low is told.
func Compare(p *Planogram, facings []Facing, view View) []SlotReading {
	home := assign(p, facings, view)
	var readings []SlotReading
	for i, s := range p.Shelves {
		for _, slot := range s.Slots {
			r := SlotReading{SlotID: slot.ID, Shelf: i + 1, GTIN: slot.GTIN, Due: slot.Facings, Seen: home[slot.ID]}
			r.Box = view.Slots[slot.ID].Box
			r.State, r.Reason, r.Present, r.Hidden = judge(p, slot, facings, home[slot.ID], view)
			readings = append(readings, r)
		}
	}
	return readings
}

// judge decides one slot's state.
func judge(p *Planogram, slot Slot, facings []Facing, seen []int, view View) (state State, reason Reason, present, lost int) {
	if blind := blindness(slot, view); blind != NoReason {
		return Unknown, blind, 0, 0
	}
	var due, unnamed int
	var foreign, misplaced, nearlyOut bool
	for _, i := range seen {
		switch f := facings[i]; {
		case f.GTIN == "":
			unnamed++
		case p.Fills(slot.GTIN, f.GTIN):
			due++
			nearlyOut = nearlyOut || laneNearlyOut(slot, f.Depth)
		case isForeign(p, f.GTIN):
			foreign = true
		default:
			misplaced = true
		}
	}
	present = due + unnamed
	lost, why := hiddenLanes(slot, view, facings, seen)
	switch {
	case foreign:
		return Foreign, NoReason, due, lost
	case misplaced:
		return Misplaced, NoReason, due, lost
	case due == 0 && unnamed > 0:
		return Unknown, Unrecognised, unnamed, 0
	case present == 0 && lost > 0:
		return Unknown, why, 0, 0
	case present == 0:
		return Empty, NoReason, 0, 0
	case present < slot.Facings-lost || nearlyOut:
		return Low, NoReason, present, lost
	}
	return OK, NoReason, present, lost
}

// isForeign reports a competitor's product, or one that this planogram does not know at all.
func isForeign(p *Planogram, g GTIN) bool {
	if product, ok := p.Product(g); ok {
		return !product.Own
	}
	for _, s := range p.Shelves {
		for _, slot := range s.Slots {
			if p.Fills(slot.GTIN, g) {
				return false
			}
		}
	}
	return true
}

// laneNearlyOut reports that the front pack stands so deep that at most one pack, or lowShare of the lane, can be left.
func laneNearlyOut(slot Slot, depth int) bool {
	lane := slot.Capacity / max(1, slot.Facings)
	if lane < 2 || depth == 0 {
		return false
	}
	return lane-depth <= max(1, int(lowShare*float64(lane)))
}

// assign gives each slot the indices of the facings that stand in it. If the camera's mount gave the millimetre at which a
// facing stands, that decides: in the picture a pack deep in its lane may lie in front of the neighbouring slot, and its
// box alone would mislead. Otherwise a facing goes to the slot that holds most of its box, on its own shelf row if that is
// known. One of which no slot holds minInside is left out: it stands beside the planogram.
func assign(p *Planogram, facings []Facing, view View) map[string][]int {
	home := map[string][]int{}
	for i, f := range facings {
		slot := ""
		if f.XMM > 0 && f.Shelf > 0 && f.Shelf <= len(p.Shelves) {
			if at, ok := p.HomeAt(f); ok {
				slot = at.ID
			}
		} else {
			slot = coveringSlot(p, f, view)
		}
		if slot != "" {
			home[slot] = append(home[slot], i)
		}
	}
	return home
}

// HomeAt is the slot in which a facing stands, by its shelf and millimetre, which it must have. If its middle lies a
// little beyond the border of a slot that is due to hold its product, it was pushed or measured badly, and counts there
// instead of as misplaced next door.
func (p *Planogram) HomeAt(f Facing) (Slot, bool) {
	shelf := p.Shelves[f.Shelf-1]
	at, ok := shelf.SlotAt(f.XMM)
	if !ok || f.GTIN == "" || p.Fills(at.GTIN, f.GTIN) {
		return at, ok
	}
	for _, slot := range shelf.Slots {
		if slot.away(f.XMM) <= pushedMM && p.Fills(slot.GTIN, f.GTIN) {
			return slot, true
		}
	}
	return at, true
}

// away is how far x lies beside the slot, in millimetres; 0 inside.
func (s Slot) away(x int) int { return max(s.XMM-x, x-s.XMM-s.WidthMM, 0) }

// SlotAt is the slot at x, in millimetres from the left inner wall, or the nearest one within slotPlayMM. Of two that meet
// at x it is the left one.
func (s Shelf) SlotAt(x int) (Slot, bool) {
	best, miss := Slot{}, slotPlayMM+1
	for _, slot := range s.Slots {
		if d := slot.away(x); d < miss {
			best, miss = slot, d
		}
	}
	return best, miss <= slotPlayMM
}

// coveringSlot is the slot that holds most of a facing's box.
func coveringSlot(p *Planogram, f Facing, view View) string {
	best, bestShare := "", minInside
	for row, s := range p.Shelves {
		if f.Shelf > 0 && f.Shelf != row+1 {
			continue
		}
		for _, slot := range s.Slots {
			if share := f.Box.CoveredBy(view.Slots[slot.ID].Box); share > bestShare {
				best, bestShare = slot.ID, share
			}
		}
	}
	return best
}
