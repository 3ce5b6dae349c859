package main

import (
	"context"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

// oracle is a detector and recogniser that knows the truth of one frame. With it, eval shows what the quality
// gate, the mount and the comparison make of perfect facings.
type oracle struct{ frame *evalFrame }

func (o oracle) Model() string { return "oracle" }
func (o oracle) Forget()       {}

func (o oracle) Detect(context.Context, vision.Frame) ([]vision.Detection, error) {
	var out []vision.Detection
	for i := range o.frame.truth {
		if o.shows(i) {
			b := o.frame.truth[i].Box
			out = append(out, vision.Detection{X0: float64(b.X), Y0: float64(b.Y), X1: float64(b.X + b.W), Y1: float64(b.Y + b.H), Score: 1})
		}
	}
	return out, nil
}

// shows reports whether item i is a facing, or a pack deeper in a lane whose front pack is hidden, since no
// detector can know that there is one in front of it.
func (o oracle) shows(i int) bool {
	t, f := o.frame.truth[i], o.frame
	if !t.Neutral {
		return true
	}
	if t.Visible < deeperVisible || i >= len(f.lane) || f.lane[i] == "" {
		return false
	}
	for k, other := range f.truth {
		if k != i && f.lane[k] == f.lane[i] && (!other.Neutral || other.Visible > t.Visible) {
			return false
		}
	}
	return true
}

// Threshold is 1, because what the oracle does not report is not there.
func (o oracle) Threshold() float64 { return 1 }

// Ask returns empty matches, because no pack stands where none was reported.
func (o oracle) Ask(_ context.Context, _ vision.Frame, boxes []shelf.Box) ([]gallery.Match, error) {
	return make([]gallery.Match, len(boxes)), nil
}

// deeperVisible is the visible share from which a detector would find a deeper pack.
const deeperVisible = 0.3

func (o oracle) Name(_ context.Context, _ vision.Frame, boxes []shelf.Box) ([]gallery.Match, error) {
	out := make([]gallery.Match, len(boxes))
	for i, b := range boxes {
		for k, t := range o.frame.truth {
			if t.Box == b && o.shows(k) {
				out[i] = gallery.Match{GTIN: t.GTIN, Confidence: 1, Nearest: t.GTIN, Similarity: 1}
			}
		}
	}
	return out, nil
}
