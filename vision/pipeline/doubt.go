package pipeline

import (
	"context"
	"fmt"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/quality"
)

const (
	// weakInside is how much of a weak box must lie in a slot for the slot to be in doubt.
	weakInside = 0.5
	// weakCovered is how much of it a facing may cover: more, and it is that facing's own echo.
	weakCovered = 0.4
	// emptyInFrame is how much of a slot's front must be in the picture for it to be told as empty.
	emptyInFrame = 0.8
	// plainEdge is the contrast in grey levels from which a shelf's front edge tells anything; one slot's
	// edge that shows goneEdge times less than the middle one of the picture is covered.
	plainEdge, goneEdge = 10, 0.22
	// A slot about to be told as empty is in doubt if it looks like the product due from dueLike times the
	// open-set threshold on, or like any product from anyLike of the way from there to one.
	dueLike, anyLike = 0.8, 0.25
)

// doubts gives a blind part for every slot in which a due facing is missing but could stand unseen: its
// part of the picture is faint, or the detector half sees something there. A slot that shows all that
// is due needs no such grace, whatever the picture. The parts go into the observation, so whoever
// judges it again comes to the same.
func (p *Pipeline) doubts(plan *shelf.Planogram, seen *quality.Map, view shelf.View, facings []shelf.Facing, weak []shelf.Box) []shelf.Blind {
	var out []shelf.Blind
	covered := p.covered(plan, seen)
	for _, r := range shelf.Compare(plan, facings, view) {
		if r.State == shelf.Unknown || r.Box.Area() == 0 {
			continue
		}
		v := seen.Judge(r.Box)
		missing := r.Present < r.Due && (r.State == shelf.Empty || r.State == shelf.Low)
		switch {
		case missing && covered[r.SlotID]:
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.Blocked})
		case r.State == shelf.Empty && view.Slots[r.SlotID].InFrame < emptyInFrame:
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.OutOfView})
		case v.Sight == quality.Blind, v.Sight == quality.Faint && missing:
			out = append(out, shelf.Blind{Box: r.Box, Reason: v.Reason})
		case r.State == shelf.Empty && halfSeen(r.Box, facings, weak):
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.Uncertain})
		}
	}
	return out
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
		// Most edges are gone, or this cooler has none that show: the strongest quarter decides.
		usual = all[len(all)*3/4]
	}
	out := map[string]bool{}
	for id, c := range contrast {
		out[id] = usual >= plainEdge && c < goneEdge*usual
	}
	return out
}

// halfSeen: a weak detection lies in the slot, and no facing explains it.
func halfSeen(slot shelf.Box, facings []shelf.Facing, weak []shelf.Box) bool {
	for _, w := range weak {
		if w.CoveredBy(slot) < weakInside {
			continue
		}
		explained := false
		for _, f := range facings {
			explained = explained || w.CoveredBy(f.Box) > weakCovered || f.Box.CoveredBy(w) > weakCovered
		}
		if !explained {
			return true
		}
	}
	return false
}

// secondLook asks the recogniser about each slot that would be told as empty: where a lane of it looks like an
// enrolled product, the detector has missed a pack, and the slot is in doubt. It costs an embedding a
// lane, and only where a stockout is about to be told.
func (p *Pipeline) secondLook(ctx context.Context, f vision.Frame, plan *shelf.Planogram, view shelf.View, facings []shelf.Facing) ([]shelf.Blind, error) {
	if p.cfg.Recogniser == nil {
		return nil, nil
	}
	var lanes []shelf.Box
	var of []shelf.SlotReading
	for _, r := range shelf.Compare(plan, facings, view) {
		if r.State != shelf.Empty {
			continue
		}
		for _, lane := range view.Slots[r.SlotID].Lanes {
			if lane.W > 0 && lane.H > 0 {
				lanes, of = append(lanes, lane), append(of, r)
			}
		}
	}
	if len(lanes) == 0 {
		return nil, nil
	}
	matches, err := p.cfg.Recogniser.Ask(ctx, f, lanes)
	if err != nil {
		return nil, fmt.Errorf("look again at empty slots: %w", err)
	}
	var out []shelf.Blind
	threshold := p.cfg.Recogniser.Threshold()
	for i, m := range matches {
		if (plan.Fills(of[i].GTIN, m.Nearest) && m.Similarity >= dueLike*threshold) || m.Similarity >= threshold+anyLike*(1-threshold) {
			out = append(out, shelf.Blind{Box: of[i].Box, Reason: shelf.Uncertain})
		}
	}
	return out, nil
}
