// Package pipeline runs one frame through every step to a shelf.Observation: quality, detector,
// recogniser, rows, mount, planogram. It owns no device and no file; whoever wires the program gives
// it the parts.
//
// Its promise is the product's: where a frame does not show enough, a slot is Unknown with the reason,
// never Empty and never OK.
package pipeline

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/fuse"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/quality"
	"github.com/coldshelf/coldshelf/vision/rows"
)

// Recogniser names the facings of a frame: gallery.Recogniser does by enrolled references.
type Recogniser interface {
	Model() string
	// Name gives one match a box.
	Name(ctx context.Context, f vision.Frame, boxes []shelf.Box) ([]gallery.Match, error)
	// Ask is Name without remembering: for boxes that no detector found.
	Ask(ctx context.Context, f vision.Frame, boxes []shelf.Box) ([]gallery.Match, error)
	// Threshold is the similarity from which a pack is a known product.
	Threshold() float64
	// Forget drops what is remembered of earlier frames.
	Forget()
}

// Lanes says how likely lanes in which nothing was found are bare: lane.Network does.
type Lanes interface {
	Model() string
	// Bare gives one probability a lane.
	Bare(ctx context.Context, scene lane.Scene, lanes []lane.Shape) ([]float64, error)
	// Threshold is the probability from which a lane may be told as bare.
	Threshold() float64
}

// Config lists the parts. Only Detector must be there.
type Config struct {
	Detector   vision.Detector
	Recogniser Recogniser       // nil: facings stay unnamed
	Lanes      Lanes            // nil: geometry and the recogniser say what is bare
	Mount      *mount.Mount     // nil: no slots, rows from the facings
	Planogram  *shelf.Planogram // nil: no slots
	// Video says that frames come from one fixed camera in order: what did not change is not looked at
	// again, and a camera that froze or moved is noticed. Without it every frame stands alone.
	Video bool
}

// WeakFrom is the detector's score from which a weak detection casts doubt on a slot that shows nothing else.
const WeakFrom = 0.15

// weakUpTo is the highest score of a weak detection that the lanes' network was trained on.
const weakUpTo = 0.3

// Costs says where the last frame's time went. Gate is what the quality gate took beyond the detector, which
// runs beside it.
type Costs struct {
	Gate, Detect, Name, Judge time.Duration
}

// Pipeline belongs to one goroutine at a time, as its networks do.
type Pipeline struct {
	cfg    Config
	sight  *mount.Sight
	w, h   int // that sight is for
	watch  *quality.Watch
	slots  *fuse.Tracker
	events []fuse.Event
	costs  Costs
	found  []Found
}

// New checks that the parts fit each other.
func New(cfg Config) (*Pipeline, error) {
	if cfg.Detector == nil {
		return nil, errors.New("pipeline: no detector")
	}
	p := &Pipeline{cfg: cfg}
	if cfg.Video {
		p.watch = quality.NewWatch()
	}
	if err := p.fit(); err != nil {
		return nil, err
	}
	return p, nil
}

// fit tries the mount on the planogram at the mount's own picture size, so that a wrong pair is told at the
// start and not at the first frame.
func (p *Pipeline) fit() error {
	p.sight = nil
	if p.cfg.Video {
		p.slots = fuse.New()
	}
	if p.cfg.Mount == nil || p.cfg.Planogram == nil {
		return nil
	}
	_, err := p.cfg.Mount.On(p.cfg.Planogram, p.cfg.Mount.Width, p.cfg.Mount.Height)
	return err
}

// SetPlanogram judges the frames from now on by another planogram; nil: by none. On an error the old one
// stays.
func (p *Pipeline) SetPlanogram(plan *shelf.Planogram) error {
	old := p.cfg.Planogram
	p.cfg.Planogram = plan
	if err := p.fit(); err != nil {
		p.cfg.Planogram = old
		return errors.Join(err, p.fit())
	}
	return nil
}

// Model names the networks with their versions, as observations carry it.
func (p *Pipeline) Model() string {
	model := p.cfg.Detector.Model()
	if p.cfg.Recogniser != nil {
		model += " + " + p.cfg.Recogniser.Model()
	}
	if p.cfg.Lanes != nil {
		model += " + " + p.cfg.Lanes.Model()
	}
	return model
}

// Costs says where the last Look's time went.
func (p *Pipeline) Costs() Costs { return p.costs }

// Events are the removals and restocks that the last Look confirmed; none without Video.
func (p *Pipeline) Events() []fuse.Event { return p.events }

// Found are the detections of the last Look, the detector's surest first.
func (p *Pipeline) Found() []Found { return p.found }

// Look judges one frame. An error means that no judgement could be made at all (an unusable frame, a
// runtime's fault); a bad picture is no error but an observation that says so.
func (p *Pipeline) Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	if err := p.aim(f.Width, f.Height); err != nil {
		return nil, err
	}
	obs := &shelf.Observation{CapturedAt: f.CapturedAt, Width: f.Width, Height: f.Height, Model: p.Model(), Facings: []shelf.Facing{}, Slots: []shelf.SlotReading{}}
	start := time.Now()
	// The gate needs nothing of the detector and half of a core: beside it, it costs next to no time.
	measured := make(chan *quality.Map, 1)
	go func() { measured <- quality.Measure(f) }()
	strong, weak, err := p.detect(ctx, f)
	p.costs.Detect = lap(&start)
	seen := <-measured
	if err != nil {
		return nil, err
	}
	obs.Quality = seen.Report()
	obs.Quality.Reason = seen.WholeReason()
	if p.watch != nil && obs.Quality.Reason == shelf.NoReason {
		obs.Quality.Reason = p.watch.Step(seen)
	}
	p.costs.Gate = lap(&start)
	matches, err := p.name(ctx, f, strong)
	if err != nil {
		return nil, err
	}
	p.costs.Name = lap(&start)
	if err := p.judge(ctx, f, obs, seen, strong, weak, matches); err != nil {
		return nil, err
	}
	p.events = nil
	if p.slots != nil {
		p.events = p.slots.Step(obs)
	}
	p.costs.Judge = lap(&start)
	return obs, nil
}

func lap(start *time.Time) time.Duration {
	now := time.Now()
	d := now.Sub(*start)
	*start = now
	return d
}

// detect gives the facings, and the boxes of what may be facings but is too weak to be told.
func (p *Pipeline) detect(ctx context.Context, f vision.Frame) (strong []shelf.Facing, weak []lane.Weak, err error) {
	detections, err := p.cfg.Detector.Detect(ctx, f)
	if err != nil {
		return nil, nil, fmt.Errorf("detect facings: %w", err)
	}
	p.found = p.weigh(detections)
	for _, d := range p.found {
		switch {
		case d.Told:
			strong = append(strong, shelf.Facing{Box: d.Box, Score: d.Chance})
		case d.Score >= WeakFrom:
			weak = append(weak, lane.Weak{Box: d.Box, Score: min(d.Score, weakUpTo)})
		}
	}
	return strong, weak, nil
}

// aim brings the mount to the size of the frames and the planogram, where there are both.
func (p *Pipeline) aim(w, h int) error {
	if p.cfg.Planogram == nil || p.cfg.Mount == nil || (p.sight != nil && p.w == w && p.h == h) {
		return nil
	}
	sight, err := p.cfg.Mount.On(p.cfg.Planogram, w, h)
	if err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	p.sight, p.w, p.h = sight, w, h
	return nil
}

func boxOf(d vision.Detection) shelf.Box {
	x, y := int(math.Round(d.X0)), int(math.Round(d.Y0))
	return shelf.Box{X: x, Y: y, W: max(1, int(math.Round(d.X1))-x), H: max(1, int(math.Round(d.Y1))-y)}
}

// name names the facings; what the recogniser said is given, one a facing.
func (p *Pipeline) name(ctx context.Context, f vision.Frame, facings []shelf.Facing) ([]gallery.Match, error) {
	if p.cfg.Recogniser == nil {
		return nil, nil
	}
	if !p.cfg.Video {
		p.cfg.Recogniser.Forget()
	}
	boxes := make([]shelf.Box, len(facings))
	for i, f := range facings {
		boxes[i] = f.Box
	}
	matches, err := p.cfg.Recogniser.Name(ctx, f, boxes)
	if err != nil {
		return nil, fmt.Errorf("name facings: %w", err)
	}
	for i, m := range matches {
		facings[i].GTIN, facings[i].SKUScore = m.GTIN, m.Confidence
	}
	return matches, nil
}

// judge places the facings and compares them with the planogram.
func (p *Pipeline) judge(ctx context.Context, f vision.Frame, obs *shelf.Observation, seen *quality.Map, facings []shelf.Facing, weak []lane.Weak, matches []gallery.Match) error {
	plan := p.cfg.Planogram
	if plan == nil || p.cfg.Mount == nil {
		rows.Assign(facings)
		obs.Facings = append(obs.Facings, facings...)
		obs.Quality.Blind = among(seen.Parts(), facings)
		return nil
	}
	p.sight.Settle(facings)
	p.sight.Assign(facings)
	obs.PlanogramID, obs.PlanogramVersion = plan.ID, plan.Version
	view := p.sight.View()
	view.Whole = obs.Quality.Reason
	view.Blind = over(seen.Parts(), view)
	p.withhold(plan, view, facings, matches)
	obs.Facings = append(obs.Facings, facings...)
	free, err := p.freeLanes(ctx, f, facings, weak)
	if err != nil {
		return err
	}
	slight := slightlySpoilt(view)
	bare := p.seenBare(plan, free, slight)
	view.Blind = lift(view.Blind, view, bare)
	view.Blind = append(view.Blind, p.doubts(plan, seen, view, facings, bare)...)
	// Last, so that a slot is only hidden if nothing else is wrong with it: fuse makes much of that.
	unsure, err := p.unsure(ctx, f, plan, view, facings, weak, free, slight)
	if err != nil {
		return err
	}
	view.Blind = append(view.Blind, unsure...)
	obs.Quality.Blind = view.Blind
	obs.Slots = shelf.Compare(plan, facings, view)
	return nil
}

// over keeps the parts that lie over a slot: what is dark beside the cooler is nobody's concern.
func over(parts []shelf.Blind, view shelf.View) []shelf.Blind {
	var out []shelf.Blind
	for _, b := range parts {
		for _, slot := range view.Slots {
			if b.Box.Intersect(slot.Box).Area() > 0 {
				out = append(out, b)
				break
			}
		}
	}
	return out
}

// among keeps the parts that lie between or over the facings, where there are some: a picture of which no
// mount is known has walls and floors that nobody needs to see.
func among(parts []shelf.Blind, facings []shelf.Facing) []shelf.Blind {
	if len(facings) < 2 {
		return parts
	}
	var all shelf.Box
	for _, f := range facings {
		all = hull(all, f.Box)
	}
	var out []shelf.Blind
	for _, b := range parts {
		if b.Box.CoveredBy(all) > 0.5 {
			out = append(out, b)
		}
	}
	return out
}
