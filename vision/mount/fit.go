package mount

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/rows"
)

// What a row of facings must show for a shelf's line to be drawn through it.
const (
	leastFitted = 2   // facings that stand where the planogram has a lane
	fittedShare = 0.6 // of the shelf's lanes in which one stands
	laneMiss    = 0.3 // of a lane's width that a facing's middle may be beside the lane's
	scaleSpread = 1.3 // how much larger one shelf may look than another: a camera that looks down sees the upper ones larger
)

// ErrFit is wrapped where the facings of a picture do not tell where the shelves are.
var ErrFit = errors.New("the shelves cannot be told from the facings")

// Fitted is how well one shelf's line is known.
type Fitted struct {
	Shelf int // from the top, 1 first
	Lanes int // that the planogram has
	Found int // of them in which a facing stands
	OffMM int // root mean square of what the facings' middles are beside the lanes', in millimetres
}

// FromFacings makes a mount of marks by the facings of one picture of w×h pixels, for a cooler that is stocked, more or less,
// as its planogram says: rows of facings are the shelves, and what stands on a shelf is laid over the planogram's lanes so that as
// many as can be agree (RANSAC, Fischler and Bolles 1981, over all pairs, which are few). Straight shelves are
// assumed: pictures of a lens that bends must have been made straight.
//
// Errors wrap ErrFit and say which shelf lacks what.
func FromFacings(plan *shelf.Planogram, facings []shelf.Facing, w, h int) (*Mount, []Fitted, error) {
	if plan.WidthMM <= 0 {
		return nil, nil, fmt.Errorf("%w: width_mm is missing", ErrPlanogram)
	}
	found := rowsOf(facings)
	if len(found) != len(plan.Shelves) {
		return nil, nil, fmt.Errorf("%w: %d rows of facings are seen, the planogram has %d shelves", ErrFit, len(found), len(plan.Shelves))
	}
	lines := make([]fit, len(found))
	for i, row := range plan.Shelves {
		lines[i] = fitRow(lanesOf(row), found[i])
	}
	// A shelf with packs missing at its end fits one lane further on as well: there the shelves that are sure decide.
	usual := surest(lines)
	m := &Mount{Version: Version, Width: w, Height: h}
	var report []Fitted
	for i, row := range plan.Shelves {
		lanes := lanesOf(row)
		l := fitNear(lanes, found[i], usual)
		out := Fitted{Shelf: i + 1, Lanes: len(lanes), Found: len(l.pairs), OffMM: int(math.Round(l.off))}
		if out.Found < leastFitted || float64(out.Found) < fittedShare*float64(out.Lanes) {
			return nil, nil, fmt.Errorf("%w: on shelf %d of the planogram %d of %d lanes are seen to hold a facing", ErrFit, i+1, out.Found, out.Lanes)
		}
		left, right := l.offset, l.offset+l.scale*float64(plan.WidthMM)
		slope, level := feet(found[i], l.pairs)
		m.Shelves = append(m.Shelves, Marks{Line: [][]float64{tenth(left, level+slope*left), tenth(right, level+slope*right)}})
		report = append(report, out)
	}
	if err := m.Validate(); err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFit, err)
	}
	return m, report, nil
}

func tenth(u, v float64) []float64 { return []float64{math.Round(10*u) / 10, math.Round(10*v) / 10} }

// rowsOf gives the rows of facings from the top; what stands by itself is none.
func rowsOf(facings []shelf.Facing) (out [][]shelf.Box) {
	all := slices.Clone(facings)
	rows.Assign(all)
	byRow := map[int][]shelf.Box{}
	last := 0
	for _, f := range all {
		byRow[f.Shelf] = append(byRow[f.Shelf], f.Box)
		last = max(last, f.Shelf)
	}
	for n := 1; n <= last; n++ {
		if len(byRow[n]) >= leastFitted {
			slices.SortFunc(byRow[n], func(a, b shelf.Box) int { return a.X + a.W/2 - b.X - b.W/2 })
			out = append(out, byRow[n])
		}
	}
	return out
}

// lane is the middle and the width of a lane, in millimetres from the left inner wall.
type laneSpan struct{ at, wide float64 }

func lanesOf(row shelf.Shelf) (out []laneSpan) {
	for _, slot := range row.Slots {
		wide := float64(slot.WidthMM) / float64(max(1, slot.Facings))
		for k := range slot.Facings {
			out = append(out, laneSpan{float64(slot.XMM) + (float64(k)+0.5)*wide, wide})
		}
	}
	return out
}

// fit lays millimetres over pixels: u = offset + scale·x.
type fit struct {
	scale, offset float64
	pairs         [][2]int // box, lane
	off           float64  // mm
}

// better has more facings in lanes, or as many and closer.
func (f fit) better(o fit) bool {
	return len(f.pairs) > len(o.pairs) || len(f.pairs) == len(o.pairs) && f.off < o.off
}

func middle(b shelf.Box) float64 { return float64(b.X) + float64(b.W)/2 }

// fitRow tries every two boxes on every two lanes.
func fitRow(lanes []laneSpan, boxes []shelf.Box) fit {
	return best(lanes, boxes, func(fit) bool { return true })
}

// fitNear is fitRow among what is about as large and stands about where others do.
func fitNear(lanes []laneSpan, boxes []shelf.Box, usual fit) fit {
	if usual.scale == 0 {
		return fit{}
	}
	return best(lanes, boxes, func(f fit) bool {
		if f.scale > usual.scale*scaleSpread || f.scale < usual.scale/scaleSpread {
			return false
		}
		// The middle of the lanes may lie a good half of a lane beside where the others have it.
		x := (lanes[0].at + lanes[len(lanes)-1].at) / 2
		return math.Abs(f.offset+f.scale*x-usual.offset-usual.scale*x) <= 0.6*lanes[0].wide*usual.scale
	})
}

func best(lanes []laneSpan, boxes []shelf.Box, may func(fit) bool) (top fit) {
	for i := range boxes {
		for k := i + 1; k < len(boxes); k++ {
			for a := range lanes {
				for b := a + 1; b < len(lanes); b++ {
					scale := (middle(boxes[k]) - middle(boxes[i])) / (lanes[b].at - lanes[a].at)
					f := fit{scale: scale, offset: middle(boxes[i]) - scale*lanes[a].at}
					if scale <= 0 || !may(f) {
						continue
					}
					if f = f.refined(lanes, boxes); may(f) && f.better(top) {
						top = f
					}
				}
			}
		}
	}
	return top
}

// refined pairs boxes with lanes and draws the line of least squares through the pairs.
func (f fit) refined(lanes []laneSpan, boxes []shelf.Box) fit {
	f.pair(lanes, boxes)
	var n, sx, su, sxx, sxu float64
	for _, p := range f.pairs {
		x, u := lanes[p[1]].at, middle(boxes[p[0]])
		n, sx, su, sxx, sxu = n+1, sx+x, su+u, sxx+x*x, sxu+x*u
	}
	if d := n*sxx - sx*sx; n >= 2 && d > 0 {
		f.scale = (n*sxu - sx*su) / d
		f.offset = (su - f.scale*sx) / n
	}
	sum := 0.0
	for _, p := range f.pairs {
		miss := (middle(boxes[p[0]])-f.offset)/f.scale - lanes[p[1]].at
		sum += miss * miss
	}
	f.off = math.Sqrt(sum / math.Max(n, 1))
	return f
}

// pair gives each box the lane that it stands in, each lane once.
func (f *fit) pair(lanes []laneSpan, boxes []shelf.Box) {
	f.pairs = f.pairs[:0:0]
	taken := make([]bool, len(lanes))
	for i, b := range boxes {
		x := (middle(b) - f.offset) / f.scale
		for k, l := range lanes {
			if !taken[k] && math.Abs(x-l.at) <= laneMiss*l.wide {
				taken[k] = true
				f.pairs = append(f.pairs, [2]int{i, k})
				break
			}
		}
	}
}

// surest is the fit of the shelf of which the largest share of many facings stands in lanes.
func surest(lines []fit) (top fit) {
	for _, l := range lines {
		if l.better(top) {
			top = l
		}
	}
	return top
}

// feet gives the line through the feet of the facings that stand in lanes: the middle slope of all pairs of them and the
// middle height (Theil 1950, Sen 1968), which a pack deep in its lane moves little.
func feet(boxes []shelf.Box, pairs [][2]int) (slope, level float64) {
	var slopes, levels []float64
	for i, p := range pairs {
		for _, q := range pairs[i+1:] {
			a, b := boxes[p[0]], boxes[q[0]]
			if run := middle(b) - middle(a); run != 0 {
				slopes = append(slopes, float64(b.Y+b.H-a.Y-a.H)/run)
			}
		}
	}
	if len(slopes) > 0 {
		slope = median(slopes)
	}
	for _, p := range pairs {
		b := boxes[p[0]]
		levels = append(levels, float64(b.Y+b.H)-slope*middle(b))
	}
	return slope, median(levels)
}

func median(list []float64) float64 {
	slices.Sort(list)
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}
