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

// Where geometry knows that a pack would show at openLane of the lane's places, the network's answer has a second
// witness, and openBare is enough.
const openLane, openBare = 0.8, 0.88

// leastInFrame is the share of a lane's front that must be in the picture for the network to be asked about it: it was
// trained on no others.
const leastInFrame = 0.25

// unsure gives a blind part for each lane in which nothing was found but something may stand. With Lanes, a network
// looks at every such lane; without, the recogniser looks for what the detector missed where a stockout is about to
// be told, and geometry tells where packs could hide.
func (p *Pipeline) unsure(ctx context.Context, f vision.Frame, plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, weak []lane.Weak) ([]shelf.Blind, error) {
	if p.cfg.Lanes != nil {
		return p.freeLanes(ctx, f, facings, weak)
	}
	second, err := p.secondLook(ctx, f, plan, view, facings, weak)
	if err != nil {
		return nil, err
	}
	return append(second, p.sight.HiddenLanes(facings)...), nil
}

// freeLanes asks the network about every lane in which no facing stands.
func (p *Pipeline) freeLanes(ctx context.Context, f vision.Frame, facings []shelf.Facing, weak []lane.Weak) ([]shelf.Blind, error) {
	var out []shelf.Blind
	var free []mount.Lane
	for _, l := range p.sight.FreeLanes(facings) {
		if l.InFrame < leastInFrame {
			out = append(out, unsureOf(l, shelf.OutOfView))
		} else {
			free = append(free, l)
		}
	}
	if len(free) == 0 {
		return out, nil
	}
	scene := lane.Scene{Frame: f, Weak: weak}
	for _, fc := range facings {
		scene.Facings = append(scene.Facings, fc.Box)
	}
	shapes := make([]lane.Shape, len(free))
	for i, l := range free {
		shapes[i] = lane.Shape{Front: l.Front, Floor: l.Floor, Back: l.Back}
	}
	bare, err := p.cfg.Lanes.Bare(ctx, scene, shapes)
	if err != nil {
		return nil, fmt.Errorf("look at free lanes: %w", err)
	}
	for i, l := range free {
		if bare[i] >= p.cfg.Lanes.Threshold() || (l.Open >= openLane && bare[i] >= openBare) {
			continue
		}
		reason := shelf.Uncertain
		if bare[i] >= looksBare {
			reason = shelf.Hidden
		}
		out = append(out, unsureOf(l, reason))
	}
	return out, nil
}

// unsureOf lies over the middle of the lane alone, so that its neighbours stay judged.
func unsureOf(l mount.Lane, why shelf.Reason) shelf.Blind {
	b := l.Box
	return shelf.Blind{Reason: why, Box: shelf.Box{X: b.X + b.W/8, Y: b.Y + b.H/8, W: b.W * 3 / 4, H: b.H * 3 / 4}}
}
