package mount

import (
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// heights are the packs' heights in metres as the facings of one picture tell them, for planograms that do
// not. Most packs stand at the front, where a box gives its height at once; a pack deep in its lane looks
// smaller there, so of several equal packs the taller ones are believed.
type heights struct {
	product map[shelf.GTIN]float64
	row     []float64 // 0 where nothing was learnt
}

const (
	believed   = 0.8  // the share of a product's facings that may look smaller than it is
	leastPack  = 0.3  // of the clear height: what looks smaller is a part of a pack
	rowBelow   = 0.05 // metres that a foot may seem under its board, by the mount's error
	rowAbove   = 0.12 // and above it, deep in a lane or behind a rail
	fewFacings = 3    // of a row to learn from
)

// of gives a product's height on a shelf, otherwise the shelf's, otherwise a guess.
func (h heights) of(row int, gtin shelf.GTIN, guess float64) float64 {
	if v := h.product[gtin]; v > 0 && gtin != "" {
		return v
	}
	if row < len(h.row) && h.row[row] > 0 {
		return h.row[row]
	}
	return guess
}

// heights looks at every facing as if it stood at the front of the shelf that its foot is nearest to. Products whose
// height the planogram tells are left out.
func (s *Sight) heights(facings []shelf.Facing) heights {
	h := heights{product: map[shelf.GTIN]float64{}, row: make([]float64, len(s.plan.Shelves))}
	if s.camera == nil {
		return h
	}
	byProduct, byRow := map[shelf.GTIN][]float64{}, make([][]float64, len(s.plan.Shelves))
	for _, f := range facings {
		row, tall, ok := s.atFront(f.Box)
		if !ok {
			continue
		}
		byRow[row] = append(byRow[row], tall)
		if f.GTIN != "" && s.packMM[f.GTIN] == 0 {
			byProduct[f.GTIN] = append(byProduct[f.GTIN], tall)
		}
	}
	for row, list := range byRow {
		if len(list) >= fewFacings {
			h.row[row] = quantile(list, believed)
		}
	}
	for gtin, list := range byProduct {
		h.product[gtin] = quantile(list, believed)
	}
	return h
}

// atFront gives the shelf that a box stands on and its height, both as if it stood at the front.
func (s *Sight) atFront(b shelf.Box) (row int, tall float64, ok bool) {
	if b.Y <= 1 || b.Y+b.H >= s.h-2 {
		return 0, 0, false // cut off by the picture's edge
	}
	middle := float64(b.X) + float64(b.W)/2
	foot, okFoot := s.camera.Ray(middle, float64(b.Y+b.H))
	head, okHead := s.camera.Ray(middle, float64(b.Y))
	if !okFoot || !okHead || foot.Y <= 0.05 || head.Y <= 0.05 {
		return 0, 0, false
	}
	footZ, headZ := atPlane(s.camera.Pos, foot, s.front).Z, atPlane(s.camera.Pos, head, s.front).Z
	if headZ < s.camera.Pos.Z { // seen from above, a pack's highest point is the far side of its lid
		headZ = atPlane(s.camera.Pos, head, s.front+typicalPack).Z
	}
	best := rowAbove
	for i, line := range s.plan.Shelves {
		board := float64(line.HeightMM) / 1000
		up := footZ - board
		if up < -rowBelow || up > rowAbove {
			continue
		}
		if up < 0 {
			up *= -sinking
		}
		if h := headZ - board; up <= best && h >= leastPack*s.clear(i) && h <= s.clear(i)+boardThick {
			row, tall, ok, best = i, h, true, up
		}
	}
	return row, tall, ok
}

func quantile(list []float64, share float64) float64 {
	sort.Float64s(list)
	return list[min(len(list)-1, int(share*float64(len(list))))]
}
