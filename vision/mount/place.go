package mount

import (
	"math"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// Place is where on the shelves a facing stands.
type Place struct {
	Row   int     // 0 is the highest shelf
	X     float64 // metres from the left inner wall to the pack's middle
	Depth float64 // metres from the front place to the pack's front, ≥ 0; 0 where the mount cannot tell
}

const (
	depthStep = 0.01 // metres
	// A pack's foot may be hidden: behind the rail a little, and more behind the board where the camera looks
	// up at it. So much of a gap above the board is forgiven, in metres; a foot that hangs under its board
	// counts sinking-fold.
	railHides, boardHides = 0.006, 0.02
	sinking               = 3.0
	maxError              = 0.09  // metres of misfit beyond which a box stands on no shelf
	depthPrior            = 0.04  // misfit that a metre of depth costs: near the front unless seen otherwise
	wallPlay              = 0.03  // metres outside of the inner walls that an error in the mount may put a pack
	gridDepth             = 0.005 // metres; below this a depth is the front
)

// Places finds where each facing stands; ok is false for one that stands on no shelf. It decides shelf,
// lane and depth together: of all depths on all shelves, the one at which the box's foot is on the board
// and its head at the pack's height, which the planogram tells or the facings themselves (see heights).
func (s *Sight) Places(facings []shelf.Facing) (places []Place, ok []bool) {
	places, ok = make([]Place, len(facings)), make([]bool, len(facings))
	tall := s.heights(facings)
	for i, f := range facings {
		if s.camera != nil {
			places[i], ok[i] = s.byCamera(f, tall)
		} else {
			places[i], ok[i] = s.byMarks(f.Box)
		}
	}
	return places, ok
}

func (s *Sight) byCamera(f shelf.Facing, tall heights) (Place, bool) {
	b := f.Box
	middle := float64(b.X) + float64(b.W)/2
	foot, okFoot := s.camera.Ray(middle, float64(b.Y+b.H))
	head, okHead := s.camera.Ray(middle, float64(b.Y))
	centre, okCentre := s.camera.Ray(middle, float64(b.Y)+float64(b.H)/2)
	if !okFoot || !okHead || !okCentre || centre.Y <= 0.05 {
		return Place{}, false
	}
	cut := b.Y+b.H >= s.h-2 // the foot is below the picture
	cutTop := b.Y <= 1
	depth := s.depth()
	width := float64(s.plan.WidthMM) / 1000
	best, bestCost := Place{}, math.Inf(1)
	for d := 0.0; d <= depth-s.front; d += depthStep {
		plane := s.front + d
		x := atPlane(s.camera.Pos, centre, plane).X + width/2
		if x < -wallPlay || x > width+wallPlay {
			continue
		}
		footZ, headZ := atPlane(s.camera.Pos, foot, plane).Z, atPlane(s.camera.Pos, head, plane).Z
		for row, line := range s.plan.Shelves {
			board := float64(line.HeightMM) / 1000
			cost := depthPrior * d
			if !cut {
				hides := railHides
				if s.camera.Pos.Z < board {
					hides = boardHides
				}
				if up := footZ - board; up > 0 {
					cost += math.Max(0, up-hides)
				} else {
					cost -= sinking * up
				}
			}
			if !cutTop {
				cost += math.Abs(headZ - board - s.packAt(row, x, f.GTIN, tall))
			}
			if cost < bestCost {
				best, bestCost = Place{row, x, d}, cost
			}
		}
	}
	if best.Depth < gridDepth {
		best.Depth = 0
	}
	return best, bestCost <= maxError
}

// packAt is the height of a pack at x: as the planogram has it for the slot, else as learnt.
func (s *Sight) packAt(row int, x float64, gtin shelf.GTIN, tall heights) float64 {
	for _, slot := range s.plan.Shelves[row].Slots {
		if mm := x * 1000; slot.PackMM > 0 && mm >= float64(slot.XMM) && mm < float64(slot.XMM+slot.WidthMM) {
			return float64(slot.PackMM) / 1000
		}
	}
	return tall.of(row, gtin, packShare*s.clear(row))
}

// atPlane is where a ray meets the plane y.
func atPlane(from, dir lens.Vec3, y float64) lens.Vec3 {
	return from.Add(dir.Scale((y - from.Y) / dir.Y))
}

// byMarks takes the shelf whose line is nearest to the box's foot, and its share of the line.
func (s *Sight) byMarks(b shelf.Box) (Place, bool) {
	middle, foot := float64(b.X)+float64(b.W)/2, float64(b.Y+b.H)
	width := float64(s.plan.WidthMM) / 1000
	best, bestMiss := Place{}, math.Inf(1)
	for row, line := range s.marks {
		share := (middle - line[0][0]) / (line[len(line)-1][0] - line[0][0])
		if share < -wallPlay || share > 1+wallPlay {
			continue
		}
		_, v, _ := along(line, share, width)
		// Packs stand on or behind the line, so their feet are above it more often than below.
		miss := v - foot
		if miss < 0 {
			miss *= -sinking
		}
		if miss < bestMiss {
			best, bestMiss = Place{Row: row, X: share * width}, miss
		}
	}
	return best, bestMiss <= 0.8*float64(b.H)
}

// Assign sets Shelf, Position, XMM and Depth of every facing that stands on a shelf of the planogram.
func (s *Sight) Assign(facings []shelf.Facing) {
	places, ok := s.Places(facings)
	rows := make([][]int, len(s.plan.Shelves))
	for i := range facings {
		facings[i].Shelf, facings[i].Position, facings[i].XMM, facings[i].Depth = 0, 0, 0, 0
		if !ok[i] {
			continue
		}
		facings[i].Shelf = places[i].Row + 1
		facings[i].XMM = max(1, int(math.Round(places[i].X*1000)))
		facings[i].Depth = s.placesDeep(places[i])
		rows[places[i].Row] = append(rows[places[i].Row], i)
	}
	for _, row := range rows {
		sort.SliceStable(row, func(a, b int) bool { return places[row[a]].X < places[row[b]].X })
		for k, i := range row {
			facings[i].Position = k + 1
		}
	}
}

// placesDeep turns metres of depth into places of the lane that the facing stands in.
func (s *Sight) placesDeep(p Place) int {
	depth := s.depth() - s.front
	for _, slot := range s.plan.Shelves[p.Row].Slots {
		lane := slot.Capacity / max(1, slot.Facings)
		if mm := p.X * 1000; mm >= float64(slot.XMM) && mm < float64(slot.XMM+slot.WidthMM) && lane > 0 && depth > 0 {
			return min(lane-1, int(p.Depth/(depth/float64(lane))+0.35))
		}
	}
	return 0
}

// SlotsOf names the slot that each box stands in, "" for none. The facings beside them tell how tall packs
// are.
func (s *Sight) SlotsOf(boxes []shelf.Box, facings []shelf.Facing) []string {
	all := append([]shelf.Facing(nil), facings...)
	for _, b := range boxes {
		all = append(all, shelf.Facing{Box: b})
	}
	places, ok := s.Places(all)
	places, ok = places[len(facings):], ok[len(facings):]
	out := make([]string, len(boxes))
	for i, p := range places {
		if !ok[i] {
			continue
		}
		for _, slot := range s.plan.Shelves[p.Row].Slots {
			if mm := p.X * 1000; mm >= float64(slot.XMM) && mm < float64(slot.XMM+slot.WidthMM) {
				out[i] = slot.ID
			}
		}
	}
	return out
}
