package mount

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Evidence is what is known of one detection: what the detector made of its pixels, and what the cooler makes of
// where it stands.
type Evidence struct {
	Score  float64 // the detector's, 0 to 1
	Unlike float64 // how unlike its box is to any pack that could stand on the shelves; Nowhere if none could
	Rival  float64 // the score of the surest better detection in the same lane, 0 for none: one facing a lane
}

// Nowhere is Unlike of a box that stands on no shelf: more than maxCost.
const Nowhere = 0.7

// weighStep is coarser than depthStep: how well a place fits changes little on the way to the next, and many more boxes are
// weighed than told.
const weighStep = 3 * depthStep

// Chance that a facing stands there, 0 to 1.
//
// A logistic regression, fitted by models/training/weigh; what it is worth stands in models/weights/facings/CARD.md.
func (e Evidence) Chance() float64 {
	s := math.Max(1e-3, math.Min(1-1e-3, e.Score))
	return 1 / (1 + math.Exp(-(chanceBias + chanceScore*math.Log(s/(1-s)) + chanceUnlike*e.Unlike + chanceRival*e.Rival)))
}

const chanceBias, chanceScore, chanceUnlike, chanceRival = 4.95, 3.08, -4.35, -4.45

// Weighs says whether the mount knows depth, without which there is nothing to weigh by.
func (s *Sight) Weighs() bool { return s.camera != nil }

// Weigh gives the evidence of each detection, of which the first told are facings by their score alone and tell how
// tall packs are and, before the first Settle, where their fronts are. Detections come best first.
func (s *Sight) Weigh(found []shelf.Facing, told int) []Evidence {
	if s.frontCosts == nil {
		defer func(front float64) { s.front, s.frontCosts = front, nil }(s.front)
		s.settle(found[:told])
	}
	type place struct{ row, lane int }
	tall := s.heights(found[:told])
	surest := map[place]float64{}
	out := make([]Evidence, len(found))
	for i, f := range found {
		out[i] = Evidence{Score: f.Score, Unlike: Nowhere}
		var best stand
		for _, c := range s.stands(f, tall, s.depth()-s.front, weighStep) {
			if c.cost < out[i].Unlike {
				best, out[i].Unlike = c, c.cost
			}
		}
		if out[i].Unlike == Nowhere || best.lane < 0 {
			continue
		}
		at := place{best.Row, best.lane}
		out[i].Rival = surest[at]
		surest[at] = math.Max(surest[at], f.Score)
	}
	return out
}
