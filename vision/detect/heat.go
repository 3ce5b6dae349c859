package detect

import (
	"fmt"
	"sort"

	"github.com/coldshelf/coldshelf/vision"
)

// maxCandidates bounds the boxes that go into the suppression, whose cost is quadratic: a heat map that is hot
// all over (a broken network, a test card) must not stall the board.
const maxCandidates = 4000

// decode returns a box in input pixels for every cell that scores at least score, best first.
func decode(heat, ltrb vision.Tensor, stride int, score float64) ([]vision.Detection, error) {
	if err := heat.Check(); err != nil {
		return nil, fmt.Errorf("heat: %w", err)
	}
	if err := ltrb.Check(); err != nil {
		return nil, fmt.Errorf("ltrb: %w", err)
	}
	h, w, ok := planeSize(heat, 1)
	bh, bw, okBox := planeSize(ltrb, 4)
	if !ok || !okBox || h != bh || w != bw {
		return nil, fmt.Errorf("heat of shape %v and ltrb of shape %v are not 1×1×h×w and 1×4×h×w", heat.Shape, ltrb.Shape)
	}
	n := h * w
	var found []vision.Detection
	for i, s := range heat.Data {
		if !(float64(s) >= score) { // false for NaN too
			continue
		}
		cx, cy := (float64(i%w)+0.5)*float64(stride), (float64(i/w)+0.5)*float64(stride)
		d := vision.Detection{
			X0: cx - float64(ltrb.Data[i]), Y0: cy - float64(ltrb.Data[n+i]),
			X1: cx + float64(ltrb.Data[2*n+i]), Y1: cy + float64(ltrb.Data[3*n+i]),
			Score: float64(min(s, 1)),
		}
		if d.X1-d.X0 >= 1 && d.Y1-d.Y0 >= 1 {
			found = append(found, d)
		}
	}
	sort.SliceStable(found, func(i, j int) bool { return found[i].Score > found[j].Score })
	return found[:min(len(found), maxCandidates)], nil
}

func planeSize(t vision.Tensor, channels int) (h, w int, ok bool) {
	if len(t.Shape) != 4 || t.Shape[0] != 1 || t.Shape[1] != channels {
		return 0, 0, false
	}
	return t.Shape[2], t.Shape[3], true
}

// suppress is non-maximum suppression: it keeps, best first, each box that overlaps no kept box by more than
// iou. A kept box becomes the score-weighted mean of all boxes that overlap it by 0.7 or more, which halves the
// jitter that single cells have.
//
// Source of the mean: box voting, Gidaris and Komodakis, "Object detection via a multi-region and semantic
// segmentation-aware CNN model", 2015.
func suppress(sorted []vision.Detection, iou float64) []vision.Detection {
	const same = 0.7
	type cluster struct{ x0, y0, x1, y1, weight float64 }
	var kept []vision.Detection
	var clusters []cluster
	for _, d := range sorted {
		overlaps := false
		for k := range kept {
			v := overlap(kept[k], d)
			if v > same {
				c := &clusters[k]
				c.x0 += d.Score * d.X0
				c.y0 += d.Score * d.Y0
				c.x1 += d.Score * d.X1
				c.y1 += d.Score * d.Y1
				c.weight += d.Score
			}
			if v > iou {
				overlaps = true
				break
			}
		}
		if !overlaps {
			kept = append(kept, d)
			clusters = append(clusters, cluster{d.Score * d.X0, d.Score * d.Y0, d.Score * d.X1, d.Score * d.Y1, d.Score})
		}
	}
	for k, c := range clusters {
		kept[k].X0, kept[k].Y0, kept[k].X1, kept[k].Y1 = c.x0/c.weight, c.y0/c.weight, c.x1/c.weight, c.y1/c.weight
	}
	return kept
}

// overlap returns the intersection over union of two boxes.
func overlap(a, b vision.Detection) float64 {
	w := min(a.X1, b.X1) - max(a.X0, b.X0)
	h := min(a.Y1, b.Y1) - max(a.Y0, b.Y0)
	if w <= 0 || h <= 0 {
		return 0
	}
	inter := w * h
	return inter / ((a.X1-a.X0)*(a.Y1-a.Y0) + (b.X1-b.X0)*(b.Y1-b.Y0) - inter)
}
