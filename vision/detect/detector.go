package detect

import (
	"context"
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
)

// Detector runs one network of the task weights.FacingDetection on frames. Like its network, it must be used by
// one goroutine at a time.
type Detector struct {
	net   vision.Network
	spec  weights.Network
	input vision.Tensor // kept between frames: at 1280×960 it is 15 MB
}

// New returns a detector that uses net as its manifest entry describes it. The caller keeps net and closes it.
func New(net vision.Network, spec weights.Network) (*Detector, error) {
	if spec.Task != weights.FacingDetection {
		return nil, fmt.Errorf("network %s is for %s, not for %s", spec.Name, spec.Task, weights.FacingDetection)
	}
	return &Detector{net: net, spec: spec}, nil
}

// Model returns the network's name and version.
func (d *Detector) Model() string { return d.spec.Name + " " + d.spec.Version }

// Detect returns the facings of a frame and the weak detections, best first, in pixels of the frame and clipped
// to it. A frame that is much larger than the network's input and whose packs come out small is looked at a
// second time in tiles.
func (d *Detector) Detect(ctx context.Context, f vision.Frame) ([]vision.Detection, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	found, err := d.pass(ctx, f)
	if err != nil {
		return nil, err
	}
	if tiles := d.tiles(f, found); len(tiles) > 0 {
		if found, err = d.closer(ctx, f, tiles, found); err != nil {
			return nil, err
		}
	}
	for i := range found {
		found[i].Weak = found[i].Score < d.spec.Thresholds.Score
	}
	return found, nil
}

// pass runs the network once on a whole frame.
func (d *Detector) pass(ctx context.Context, f vision.Frame) ([]vision.Detection, error) {
	lay := layOut(d.spec.Input, f.Width, f.Height)
	d.fill(f, lay)
	out, err := d.net.Forward(ctx, map[string]vision.Tensor{d.spec.Input.Name: d.input}, d.spec.Outputs)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", d.spec.Name, err)
	}
	found, err := decode(out[d.spec.Outputs[0]], out[d.spec.Outputs[1]], d.spec.Stride, d.spec.Thresholds.Score*weakShare)
	if err != nil {
		return nil, fmt.Errorf("outputs of %s: %w", d.spec.Name, err)
	}
	return lay.toFrame(suppress(found, d.spec.Thresholds.NMS), f), nil
}

// weakShare times the facing threshold is the score of the weakest detections that are returned. It is low
// enough to draw the whole precision-recall curve.
const weakShare = 1. / 6

// layout describes how a frame is placed in the network's input: scaled to w×h at the top left of W×H.
type layout struct {
	W, H, w, h int
}

func layOut(in weights.Input, width, height int) layout {
	long := max(width, height)
	scale := 1.0
	switch {
	case in.Width > 0 && in.Height > 0:
		scale = math.Min(float64(in.Width)/float64(width), float64(in.Height)/float64(height))
	case in.MaxSide > 0 && long > in.MaxSide:
		scale = float64(in.MaxSide) / float64(long)
	case in.MinSide > 0 && long < in.MinSide:
		scale = float64(in.MinSide) / float64(long)
	}
	l := layout{w: max(1, int(math.Round(float64(width)*scale))), h: max(1, int(math.Round(float64(height)*scale)))}
	if in.Width > 0 && in.Height > 0 {
		l.W, l.H, l.w, l.h = in.Width, in.Height, min(l.w, in.Width), min(l.h, in.Height)
		return l
	}
	l.W, l.H = roundUp(l.w, in.Multiple), roundUp(l.h, in.Multiple)
	return l
}

func roundUp(n, multiple int) int { return (n + multiple - 1) / multiple * multiple }

// fill writes the frame and the padding into the input tensor.
func (d *Detector) fill(f vision.Frame, l layout) {
	if len(d.input.Data) != 3*l.W*l.H {
		d.input = vision.NewTensor(1, 3, l.H, l.W)
	}
	d.input.Shape = []int{1, 3, l.H, l.W}
	in := d.spec.Input
	vision.PadPlanes(d.input.Data, l.W, l.H, shelf.Box{W: l.w, H: l.h}, float64(in.Pad), in.Mean, in.Scale)
	f.Resize(l.w, l.h).Planes(d.input.Data, l.W, l.H, 0, 0, in.Mean, in.Scale)
}

// toFrame converts boxes from input pixels to frame pixels and drops those that lie outside the frame.
func (l layout) toFrame(found []vision.Detection, f vision.Frame) []vision.Detection {
	sx, sy := float64(f.Width)/float64(l.w), float64(f.Height)/float64(l.h)
	out := found[:0]
	for _, d := range found {
		d.X0, d.X1 = clamp(d.X0*sx, f.Width), clamp(d.X1*sx, f.Width)
		d.Y0, d.Y1 = clamp(d.Y0*sy, f.Height), clamp(d.Y1*sy, f.Height)
		if d.X1-d.X0 >= 2 && d.Y1-d.Y0 >= 2 {
			out = append(out, d)
		}
	}
	return out
}

func clamp(v float64, limit int) float64 { return math.Min(math.Max(v, 0), float64(limit)) }
