package pipeline

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
)

// looksBare is the probability from which a lane in doubt shows nothing, as far as it shows: only its hidden depth is in
// doubt. Below, something may be seen in it.
const looksBare = 0.5

// enough says from which probability a lane is told as bare: one that is wide open to sight, so that the network's answer has
// geometry as a second witness, and any other.
type enough struct{ wide, any float64 }

// enoughOf gives what is enough. In a picture that is fogged, blocked or blurred in more than a small part the gate finds where the
// trouble is worst, not where it ends, so that more is asked of the network there. Chosen on rendered sets, see
// models/weights/lanes/CARD.md.
func (p *Pipeline) enoughOf(slight bool) enough {
	if slight {
		return enough{wide: 0.84, any: 0.87}
	}
	return enough{wide: 0.89, any: p.cfg.Lanes.Threshold()}
}

// spoils: glare and too much light spoil what they lie on and no more; fog, blur, darkness and what stands in the way reach further.
func spoils(b shelf.Blind) bool { return b.Reason != shelf.Glare && b.Reason != shelf.Overexposed }

// leastInFrame is the share of a lane's front that must be in the picture for the network to be asked about it: it was
// trained on no others.
const leastInFrame = 0.25

// freeLane is a lane in which nothing was found.
type freeLane struct {
	mount.Lane
	bare float64 // how likely nothing stands in it, 0 to 1; 0 where too little of it is in the picture to ask
}

// freeLanes asks the network about every lane in which no facing stands; without a network there are none.
func (p *Pipeline) freeLanes(ctx context.Context, f vision.Frame, facings []shelf.Facing, weak []lane.Weak) ([]freeLane, error) {
	if p.cfg.Lanes == nil {
		return nil, nil
	}
	var out []freeLane
	var asked []int
	var shapes []lane.Shape
	for _, l := range p.sight.FreeLanes(facings) {
		if l.InFrame >= leastInFrame {
			asked = append(asked, len(out))
			shapes = append(shapes, lane.Shape{Front: l.Front, Floor: l.Floor, Back: l.Back})
		}
		out = append(out, freeLane{Lane: l})
	}
	if len(asked) == 0 {
		return out, nil
	}
	scene := lane.Scene{Frame: f, Weak: weak}
	for _, fc := range facings {
		scene.Facings = append(scene.Facings, fc.Box)
	}
	bare, err := p.cfg.Lanes.Bare(ctx, scene, shapes)
	if err != nil {
		return nil, fmt.Errorf("look at free lanes: %w", err)
	}
	for i, k := range asked {
		out[k].bare = bare[i]
	}
	return out, nil
}

// unsure gives a blind part for each lane in which nothing was found but something may stand. With Lanes, a network
// has looked at every such lane; without, the recogniser looks for what the detector missed where a stockout is about to
// be told, and geometry tells where packs could hide.
func (p *Pipeline) unsure(ctx context.Context, f vision.Frame, plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, weak []lane.Weak, free []freeLane, slight bool) ([]shelf.Blind, error) {
	if p.cfg.Lanes == nil {
		second, err := p.secondLook(ctx, f, plan, view, facings, weak)
		if err != nil {
			return nil, err
		}
		return append(second, p.sight.HiddenLanes(facings)...), nil
	}
	var out []shelf.Blind
	least := p.enoughOf(slight)
	for _, l := range free {
		switch {
		case l.InFrame < leastInFrame:
			out = append(out, unsureOf(l.Lane, shelf.OutOfView))
		case l.bare >= least.any || (l.Open >= wideOpen && l.bare >= least.wide):
		case l.bare >= looksBare:
			out = append(out, unsureOf(l.Lane, shelf.Hidden))
		default:
			out = append(out, unsureOf(l.Lane, shelf.Uncertain))
		}
	}
	return out, nil
}

// unsureOf lies over the middle of the lane alone, so that its neighbours stay judged.
func unsureOf(l mount.Lane, why shelf.Reason) shelf.Blind {
	b := l.Box
	return shelf.Blind{Reason: why, Box: shelf.Box{X: b.X + b.W/8, Y: b.Y + b.H/8, W: b.W * 3 / 4, H: b.H * 3 / 4}}
}
