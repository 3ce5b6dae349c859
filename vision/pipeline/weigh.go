package pipeline

import (
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/mount"
)

const (
	// weighedFrom is the detector's score from which a detection is worth asking where it stands.
	weighedFrom = 0.1
	// likely is the chance from which a detection is told as a facing: on rendered sets as many of those told are facings as
	// by the detector's threshold, and more are found.
	likely = 0.6
)

// Found is one detection: what it was weighed by, and what came of it.
type Found struct {
	Box shelf.Box
	mount.Evidence
	Chance float64 // that it is a facing, 0 to 1; the detector's score where no mount knows where it stands
	Told   bool
}

// weigh decides which detections are told as facings, and gives all of them, the detector's surest first. A mount
// that knows depth says how well each fits a place on the shelves; without, the detector's word is all there is.
func (p *Pipeline) weigh(detections []vision.Detection) []Found {
	sort.SliceStable(detections, func(i, j int) bool { return detections[i].Score > detections[j].Score })
	out := make([]Found, len(detections))
	told := 0
	for i, d := range detections {
		out[i] = Found{Box: boxOf(d), Evidence: mount.Evidence{Score: d.Score}, Chance: d.Score, Told: !d.Weak}
		if !d.Weak {
			told++
		}
	}
	if p.sight == nil || !p.sight.Weighs() {
		return out
	}
	n := sort.Search(len(out), func(i int) bool { return out[i].Score < weighedFrom })
	boxes := make([]shelf.Facing, n)
	for i := range boxes {
		boxes[i] = shelf.Facing{Box: out[i].Box, Score: out[i].Score}
	}
	evidence := p.sight.Weigh(boxes, min(told, n))
	for i := range out {
		if i < n {
			out[i].Evidence = evidence[i]
		} else {
			out[i].Unlike = mount.Nowhere
		}
		out[i].Chance = out[i].Evidence.Chance()
		out[i].Told = out[i].Chance >= likely
	}
	return out
}
