package pipeline

import (
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/quality"
)

const (
	// weakInside is how much of a weak box must lie in a slot for the slot to be in doubt.
	weakInside = 0.5
	// weakCovered is how much of it a facing may cover: more, and it is that facing's own echo.
	weakCovered = 0.4
)

// doubts gives a blind part for every slot in which a due facing is missing but could stand unseen: its
// part of the picture is faint, or the detector half sees something there. A slot that shows all that
// is due needs no such grace, whatever the picture. The parts go into the observation, so whoever
// judges it again comes to the same.
func (p *Pipeline) doubts(plan *shelf.Planogram, seen *quality.Map, view shelf.View, facings []shelf.Facing, weak []shelf.Box) []shelf.Blind {
	var out []shelf.Blind
	for _, r := range shelf.Compare(plan, facings, view) {
		if r.State == shelf.Unknown || r.Box.Area() == 0 {
			continue
		}
		v := seen.Judge(r.Box)
		missing := r.Present < r.Due && (r.State == shelf.Empty || r.State == shelf.Low)
		switch {
		case v.Sight == quality.Blind, v.Sight == quality.Faint && missing:
			out = append(out, shelf.Blind{Box: r.Box, Reason: v.Reason})
		case r.State == shelf.Empty && halfSeen(r.Box, facings, weak):
			out = append(out, shelf.Blind{Box: r.Box, Reason: shelf.Uncertain})
		}
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
