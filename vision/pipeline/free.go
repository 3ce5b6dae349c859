package pipeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
)

// looksBare is the probability from which a lane in doubt shows nothing, as far as it shows: only its hidden depth is in
// doubt. Below, something may be seen in it.
const looksBare = 0.5

// openLane is the share of a lane's places at which a pack would show, as geometry knows, from which the network's
// answer has a second witness and less of it is enough.
const openLane = 0.5

// enough says from which probability a lane is told as bare: one that is open to sight, and any other.
type enough struct{ open, any float64 }

// enoughOf gives what is enough in a picture. In one that is partly fogged, blocked or blurred the gate finds where the trouble is worst, not where it
// ends, so that more is asked of the network there. Chosen on rendered sets, see models/weights/lanes/CARD.md.
func (p *Pipeline) enoughOf(clear bool) enough {
	if clear {
		return enough{open: 0.55, any: 0.68}
	}
	return enough{open: 0.89, any: p.cfg.Lanes.Threshold()}
}

// clearPicture says that nothing spoils the picture but, at most, too much light in places.
func clearPicture(whole shelf.Reason, parts []shelf.Blind) bool {
	return whole == shelf.NoReason && !slices.ContainsFunc(parts, spoils)
}

// spoils: glare and too much light spoil what they lie on and no more; fog, blur, darkness and what stands in the way reach further.
func spoils(b shelf.Blind) bool { return b.Reason != shelf.Glare && b.Reason != shelf.Overexposed }

// leastInFrame is the share of a lane's front that must be in the picture for the network to be asked about it: it was
// trained on no others.
const leastInFrame = 0.25

// unsure gives a blind part for each lane in which nothing was found but something may stand. With Lanes, a network
// looks at every such lane; without, the recogniser looks for what the detector missed where a stockout is about to
// be told, and geometry tells where packs could hide.
func (p *Pipeline) unsure(ctx context.Context, f vision.Frame, plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, weak []lane.Weak, clear bool) ([]shelf.Blind, error) {
	if p.cfg.Lanes != nil {
		return p.freeLanes(ctx, f, facings, weak, clear)
	}
	second, err := p.secondLook(ctx, f, plan, view, facings, weak)
	if err != nil {
		return nil, err
	}
	return append(second, p.sight.HiddenLanes(facings)...), nil
}

// freeLanes asks the network about every lane in which no facing stands; clear says that the picture is.
func (p *Pipeline) freeLanes(ctx context.Context, f vision.Frame, facings []shelf.Facing, weak []lane.Weak, clear bool) ([]shelf.Blind, error) {
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
	least := p.enoughOf(clear)
	for i, l := range free {
		if bare[i] >= least.any || (l.Open >= openLane && bare[i] >= least.open) {
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
