package mount

import (
	"cmp"
	"math"
	"slices"
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
	depthStep = 0.02 // metres between the depths that are tried
	footNear  = 0.16 // metres above or below a board that a foot may seem, at any depth, for the shelf to be tried

	// What a box may differ from the pack that it is taken for, in shares of the pack's own height or width. A
	// side that lies inside of the pack costs less: a rail, a hand or a neighbour hides feet, and heads.
	topCost, topInside   = 1.0, 0.7
	footCost, footInside = 1.2, 0.45
	widthCost            = 0.25
	sideCost             = 0.2  // for standing at the side of a lane rather than in its middle
	depthCost            = 0.12 // for standing at the very back rather than at the front
	wrongCost            = 0.1  // for a named pack in a lane that another product is due in
	maxCost              = 0.55 // beyond this a box stands on no shelf

	sinking   = 3.0   // how much worse it is for a foot to be seen under its board than above it
	wallPlay  = 0.03  // metres outside of the inner walls that an error in the mount may put a pack
	gridDepth = 0.005 // metres; below this a depth is the front
	packGap   = 0.006 // metres between packs of neighbouring lanes
	samePlace = 0.6   // of the distance from place to place in a lane: nearer, two packs would stand in each other
)

// Places finds where each facing stands; ok is false for one that stands on no shelf. It decides shelf,
// lane and depth together: of all packs that could stand somewhere on the shelves, the one whose
// picture is most like the box. Two facings are never put into the same place: the one that fits it
// worse takes its next best. Packs are as tall as the planogram tells or the facings themselves (see
// heights), and as wide as their lanes.
func (s *Sight) Places(facings []shelf.Facing) (places []Place, ok []bool) {
	places, ok = make([]Place, len(facings)), make([]bool, len(facings))
	if s.camera == nil {
		for i, f := range facings {
			places[i], ok[i] = s.byMarks(f.Box)
		}
		return places, ok
	}
	var all []stand
	for i, stands := range s.standsOf(facings) {
		for _, c := range stands {
			c.facing = i
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b stand) int { return cmp.Compare(a.cost, b.cost) })
	var taken []stand
	for _, c := range all {
		if ok[c.facing] || s.isTaken(c, taken) {
			continue
		}
		places[c.facing], ok[c.facing] = c.Place, true
		taken = append(taken, c)
	}
	return places, ok
}

// stand is a place that a facing may have, and how unlike the facing a pack there would look.
type stand struct {
	Place
	facing, lane int // lane counts along the shelf; -1 beside all slots
	cost         float64
}

// isTaken: another facing stands there already.
func (s *Sight) isTaken(c stand, taken []stand) bool {
	for _, t := range taken {
		if t.Row == c.Row && t.lane == c.lane && c.lane >= 0 && math.Abs(t.Depth-c.Depth) < samePlace*s.pitch(c) {
			return true
		}
	}
	return false
}

// pitch is the distance from place to place in a stand's lane, in metres.
func (s *Sight) pitch(c stand) float64 {
	if slot := s.slotAt(c.Row, c.X); slot != nil {
		return (s.depth() - s.front) / float64(places(*slot))
	}
	return (s.depth() - s.front) / defaultPlaces
}

// asked is all that stands of one facing depend on in a picture.
type asked struct {
	box  shelf.Box
	gtin shelf.GTIN
	tall float64 // the product's height as the facings tell it
}

// answers are what was found about the facings that were asked about last: the steps of one look ask about the same ones.
type answers struct {
	front float64
	rows  []float64 // heights
	of    map[asked][]stand
}

// standsOf gives stands of each facing, to the lanes' full depth.
func (s *Sight) standsOf(facings []shelf.Facing) [][]stand {
	tall := s.heights(facings)
	known := s.known.of
	if s.known.front != s.front || !slices.Equal(s.known.rows, tall.row) {
		known = nil
	}
	s.known = answers{s.front, tall.row, make(map[asked][]stand, len(facings))}
	out := make([][]stand, len(facings))
	for i, f := range facings {
		key := asked{f.Box, f.GTIN, tall.product[f.GTIN]}
		stands, ok := known[key]
		if !ok {
			stands = s.stands(f, tall, s.depth()-s.front, depthStep)
		}
		out[i], s.known.of[key] = stands, stands
	}
	return out
}

// stands gives the best place of a facing in every lane where it could stand at all, at most deep metres behind the
// front place, tried at every step metres.
func (s *Sight) stands(f shelf.Facing, tall heights, deep, step float64) []stand {
	middle := float64(f.Box.X) + float64(f.Box.W)/2
	foot, okFoot := s.camera.Ray(middle, float64(f.Box.Y+f.Box.H))
	centre, okCentre := s.camera.Ray(middle, float64(f.Box.Y)+float64(f.Box.H)/2)
	if !okFoot || !okCentre || centre.Y <= 0.05 {
		return nil
	}
	width := float64(s.plan.WidthMM) / 1000
	cut := f.Box.Y+f.Box.H >= s.h-2
	var out []stand
	for row, line := range s.plan.Shelves {
		first := len(out)
		for d := 0.0; d <= deep; d += step {
			plane := s.front + d
			x := atPlane(s.camera.Pos, centre, plane+typicalPack/2).X + width/2
			if x < -wallPlay || x > width+wallPlay {
				continue
			}
			if up := atPlane(s.camera.Pos, foot, plane).Z - float64(line.HeightMM)/1000; !cut && math.Abs(up) > footNear {
				continue
			}
			if c := s.stand(f, Place{row, x, d}, tall); c.cost <= maxCost {
				out = better(out, first, c)
			}
		}
		slices.SortFunc(out[first:], func(a, b stand) int { return cmp.Compare(a.lane, b.lane) })
	}
	for i := range out {
		if out[i].Depth < gridDepth {
			out[i].Depth = 0
		}
	}
	return out
}

// better puts a stand in the place of a worse one in the same lane among those from first on, or adds it where there is none.
func better(out []stand, first int, c stand) []stand {
	for i := first; i < len(out); i++ {
		if out[i].lane == c.lane {
			if c.cost < out[i].cost {
				out[i] = c
			}
			return out
		}
	}
	return append(out, c)
}

// stand compares the facing with a pack at a place. The place's x is first guessed from the box's middle,
// then moved by what the guess is beside it: a lens that bends and a camera that looks down make a pack's
// box lie beside its foot.
func (s *Sight) stand(f shelf.Facing, at Place, tall heights) stand {
	c := stand{Place: at, lane: -1, cost: math.Inf(1)}
	b := f.Box
	wide := s.packWidth(at.Row, c.X)
	look, ok := s.packBox(c.Place, wide, s.packAt(at.Row, c.X, f.GTIN, tall))
	if !ok {
		return c
	}
	if b.X > 1 && b.X+b.W < s.w-1 {
		c.X += math.Max(-wide, math.Min(wide, (float64(b.X)+float64(b.W)/2-(look.u0+look.u1)/2)/math.Max(look.u1-look.u0, 1)*wide))
		if c.X < wide/2-wallPlay || c.X > float64(s.plan.WidthMM)/1000-wide/2+wallPlay {
			return c
		}
		if look, ok = s.packBox(c.Place, wide, s.packAt(at.Row, c.X, f.GTIN, tall)); !ok {
			return c
		}
	}
	c.cost = 0
	if slot := s.slotAt(at.Row, c.X); slot != nil {
		pitch := float64(slot.WidthMM) / 1000 / float64(slot.Facings)
		k := max(0, min(slot.Facings-1, int((c.X-float64(slot.XMM)/1000)/pitch)))
		c.lane = slot.XMM + int(float64(k)*pitch*1000)
		c.cost += sideCost * math.Abs((c.X-float64(slot.XMM)/1000)/pitch-float64(k)-0.5)
		if f.GTIN != "" && !s.plan.Fills(slot.GTIN, f.GTIN) {
			c.cost += wrongCost
		}
	}
	look = look.clip(float64(s.w), float64(s.h))
	h, w := math.Max(look.v1-look.v0, 1), math.Max(look.u1-look.u0, 1)
	c.cost += side(float64(b.Y)-look.v0, h, topCost, topInside)
	c.cost += side(look.v1-float64(b.Y+b.H), h, footCost, footInside)
	c.cost += widthCost * math.Abs(float64(b.W)-w) / w
	c.cost += depthCost * at.Depth / math.Max(s.depth()-s.front, gridDepth)
	return c
}

// side is the cost of one side of a box that lies `in` pixels inside of the pack's.
func side(in, of, out, inside float64) float64 {
	if in < 0 {
		return -in / of * out
	}
	return in / of * inside
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
