package pipeline

import (
	"context"
	"fmt"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/quality"
)

const (
	// weakInside is how much of a weak box must lie in a slot for the slot to be in doubt.
	weakInside = 0.5
	// weakCovered is how much of it a facing may cover: more, and it is that facing's own echo.
	weakCovered = 0.4
	// weakTall is how tall it must be, of the slot's height: price tags and caps are no packs.
	weakTall = 0.4
	// filled is the share of a facing's box inside a slot's box from which it may stand there after all.
	filled = 0.6
	// strayShare is how much of a facing that stands nowhere must lie over a place of a slot to be taken to stand there.
	strayShare = 0.4
	// explained is the share of a lane's box that a neighbour's facing must cover to be what the lane looks like.
	explained = 0.08
	// besideMM is how far to the side of a slot its neighbours' second rows can look to stand in it.
	besideMM = 160
	// insideCovered is how much of a place inside a lane facings may cover for it to be looked at.
	insideCovered = 0.3
	// emptyInFrame is how much of a slot's front must be in the picture for it to be told as empty.
	emptyInFrame = 0.5
	// plainEdge is the contrast in grey levels from which a shelf's front edge tells anything; one slot's
	// edge that shows goneEdge times less than the middle one of the picture is covered.
	plainEdge, goneEdge = 10, 0.22
	// noEdge is the contrast below which there is no edge, whatever the others show: the whole picture may be covered.
	noEdge = 5
	// A slot about to be told as empty is in doubt if it looks like the product due from dueLike times the
	// open-set threshold on, or like any product from anyLike of the way from there to one.
	dueLike, anyLike = 1.3, 0.25
)

// doubts gives a blind part for every slot in which a due facing is missing but could stand unseen: its
// part of the picture is faint, covered, or cut off. A slot that shows all that is due needs no such grace, whatever the picture. The parts go into the observation, so whoever
// judges it again comes to the same. bare lists the slots that were seen bare: there the gate's word counts less.
func (p *Pipeline) doubts(plan *shelf.Planogram, seen *quality.Map, view shelf.View, facings []shelf.Facing, bare map[string]bool) []shelf.Blind {
	var out []shelf.Blind
	covered := p.covered(plan, seen)
	readings := shelf.Compare(plan, facings, view)
	due := dueWhereTheyStand(plan, readings, facings)
	for _, r := range readings {
		if r.State == shelf.Unknown || r.Box.Area() == 0 {
			continue
		}
		v := seen.Judge(r.Box)
		missing := r.Present < r.Due && (r.State == shelf.Empty || r.State == shelf.Low)
		switch {
		case missing && covered[r.SlotID] && !bare[r.SlotID]:
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.Blocked})
		case r.State == shelf.Empty && view.Slots[r.SlotID].InFrame < emptyInFrame:
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.OutOfView})
		case r.State == shelf.Empty && (fills(plan, r, facings, due) || p.strayIn(plan, r, facings)):
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.Uncertain})
		case r.State == shelf.Empty && spoilt(r.Box, view.Blind) != shelf.NoReason:
			out = append(out, shelf.Blind{Box: r.Box, Reason: spoilt(r.Box, view.Blind)})
		case bare[r.SlotID] && liftable(v.Reason):
		case v.Sight == quality.Blind, v.Sight == quality.Faint && missing:
			out = append(out, shelf.Blind{Box: r.Box, Reason: v.Reason})
		}
	}
	return out
}

// spoilt gives the reason of a part that spoils the picture and reaches into a slot's box: the gate finds where fog, blur and
// darkness are worst, not where they end.
func spoilt(slot shelf.Box, parts []shelf.Blind) shelf.Reason {
	for _, b := range parts {
		if spoils(b) && b.Box.Intersect(slot).Area() > 0 {
			return b.Reason
		}
	}
	return shelf.NoReason
}

// dueWhereTheyStand are the facings, by index, that were named and placed where their product is due.
func dueWhereTheyStand(plan *shelf.Planogram, readings []shelf.SlotReading, facings []shelf.Facing) map[int]bool {
	out := map[int]bool{}
	for _, r := range readings {
		for _, i := range r.Seen {
			out[i] = facings[i].GTIN != "" && plan.Fills(r.GTIN, facings[i].GTIN)
		}
	}
	return out
}

// fills: a facing is seen in the slot's box though it was placed elsewhere. A hand or a neighbour that hides
// its foot makes a pack seem deeper than it stands, so the place is not to be trusted with a stockout; unless the pack is
// due where it was placed and not here: through an empty slot its neighbours are seen from the side.
func fills(plan *shelf.Planogram, r shelf.SlotReading, facings []shelf.Facing, due map[int]bool) bool {
	for i, f := range facings {
		if f.Box.CoveredBy(r.Box) >= filled && float64(f.Box.H) >= weakTall*float64(r.Box.H) && (!due[i] || plan.Fills(r.GTIN, f.GTIN)) {
			return true
		}
	}
	return false
}

// strayIn: a facing that could be placed nowhere is seen where packs deep in the slot would show.
func (p *Pipeline) strayIn(plan *shelf.Planogram, r shelf.SlotReading, facings []shelf.Facing) bool {
	slot, row, ok := plan.Slot(r.SlotID)
	if !ok {
		return false
	}
	for _, f := range facings {
		if f.Shelf != 0 {
			continue
		}
		for _, b := range append(p.sight.Inside(row, slot), r.Box) {
			if f.Box.CoveredBy(b) >= strayShare {
				return true
			}
		}
	}
	return false
}

// covered finds the slots whose shelf's front edge does not show though those of the others do: a person
// or a thing stands before them.
func (p *Pipeline) covered(plan *shelf.Planogram, seen *quality.Map) map[string]bool {
	contrast := map[string]float64{}
	var all []float64
	for row, line := range plan.Shelves {
		for _, slot := range line.Slots {
			if c, ok := seen.Line(p.sight.Edge(row, slot)); ok {
				contrast[slot.ID] = c
				all = append(all, c)
			}
		}
	}
	if len(all) == 0 {
		return nil
	}
	sort.Float64s(all)
	usual := all[len(all)/2]
	if usual < plainEdge {
		// Most edges are gone, or this cooler has none that show: the strongest tenth decides.
		usual = all[int(0.9*float64(len(all)-1))]
	}
	out := map[string]bool{}
	for id, c := range contrast {
		out[id] = (usual >= plainEdge && c < goneEdge*usual) || c < noEdge
	}
	return out
}

// question is a part of a slot that would be told as empty, put to the recogniser.
type question struct {
	slot shelf.SlotReading
	box  shelf.Box
	weak bool // a weak detection; else a whole lane
}

// questions gives the lanes of every slot that would be told as empty, where packs deep in them would show, and
// the weak detections that stand in it, could be a pack, and that no facing explains.
func (p *Pipeline) questions(plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, weak []lane.Weak) []question {
	boxes := make([]shelf.Box, len(weak))
	for i, w := range weak {
		boxes[i] = w.Box
	}
	stands := p.sight.SlotsOf(boxes, facings)
	var out []question
	for _, r := range shelf.Compare(plan, facings, view) {
		if r.State != shelf.Empty {
			continue
		}
		for _, lane := range view.Slots[r.SlotID].Lanes {
			if lane.W > 0 && lane.H > 0 {
				out = append(out, question{r, lane, false})
			}
		}
		if slot, row, ok := plan.Slot(r.SlotID); ok {
			for _, b := range p.sight.Inside(row, slot) {
				if coveredBy(b, facings) <= insideCovered {
					out = append(out, question{r, b, false})
				}
			}
		}
		for i, w := range boxes {
			if stands[i] == r.SlotID && w.CoveredBy(r.Box) >= weakInside && float64(w.H) >= weakTall*float64(r.Box.H) && !isEcho(w, facings) {
				out = append(out, question{r, w, true})
			}
		}
	}
	return out
}

// coveredBy is the share of a box that facings cover, those that cover the same part counted twice.
func coveredBy(b shelf.Box, facings []shelf.Facing) float64 {
	sum := 0.0
	for _, f := range facings {
		sum += b.CoveredBy(f.Box)
	}
	return sum
}

// isEcho: the weak detection is a facing's own.
func isEcho(w shelf.Box, facings []shelf.Facing) bool {
	for _, f := range facings {
		if w.CoveredBy(f.Box) > weakCovered || f.Box.CoveredBy(w) > weakCovered {
			return true
		}
	}
	return false
}

// secondLook asks the recogniser about each slot that would be told as empty: where a lane of it or
// something half seen in it looks like an enrolled product, the detector has missed a pack, and the slot
// is in doubt. It costs an embedding a lane, and only where a stockout is about to be told. Without a
// recogniser what is half seen is doubt enough.
func (p *Pipeline) secondLook(ctx context.Context, f vision.Frame, plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, weak []lane.Weak) ([]shelf.Blind, error) {
	asked := p.questions(plan, view, facings, weak)
	if len(asked) == 0 {
		return nil, nil
	}
	matches, threshold := make([]gallery.Match, len(asked)), 0.0
	if p.cfg.Recogniser != nil {
		boxes := make([]shelf.Box, len(asked))
		for i, q := range asked {
			boxes[i] = q.box
		}
		var err error
		if matches, err = p.cfg.Recogniser.Ask(ctx, f, boxes); err != nil {
			return nil, fmt.Errorf("look again at empty slots: %w", err)
		}
		threshold = p.cfg.Recogniser.Threshold()
	}
	var out []shelf.Blind
	for i, q := range asked {
		if q.doubtful(plan, matches[i], threshold, facings) {
			out = append(out, shelf.Blind{Box: q.slot.Box, Reason: shelf.Uncertain})
		}
	}
	return out, nil
}

// doubtful says whether an answer speaks against emptiness.
func (q question) doubtful(plan *shelf.Planogram, m gallery.Match, threshold float64, facings []shelf.Facing) bool {
	sure, due := threshold+anyLike*(1-threshold), plan.Fills(q.slot.GTIN, m.Nearest)
	if q.weak {
		return m.Similarity >= threshold || m.Nearest == ""
	}
	if m.Nearest == "" || neighbour(q.box, m.Nearest, facings) || (!due && behind(q.slot, m.Nearest, plan, facings)) {
		return false
	}
	return m.Similarity >= sure || (due && m.Similarity >= dueLike*threshold)
}

// behind: the product stands beside the slot on the same shelf, so what looks like it deep in the slot is
// its neighbour's second row.
func behind(r shelf.SlotReading, gtin shelf.GTIN, plan *shelf.Planogram, facings []shelf.Facing) bool {
	slot, _, ok := plan.Slot(r.SlotID)
	if !ok {
		return false
	}
	for _, f := range facings {
		if f.GTIN == gtin && f.Shelf == r.Shelf && f.XMM > slot.XMM-besideMM && f.XMM < slot.XMM+slot.WidthMM+besideMM {
			return true
		}
	}
	return false
}

// neighbour: a facing that reaches into the box is what it looks like.
func neighbour(b shelf.Box, gtin shelf.GTIN, facings []shelf.Facing) bool {
	for _, f := range facings {
		if f.GTIN == gtin && b.CoveredBy(f.Box) >= explained {
			return true
		}
	}
	return false
}
