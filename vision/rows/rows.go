// Package rows finds the shelf rows of a picture from its facings alone. The pipeline uses it where no mount is
// known. Packs on one shelf stand beside each other, so each has a neighbour at its own height to the left and
// to the right, however the lens bends the shelf. Neither the lens nor the planogram is needed, and rows need
// not be straight.
//
// Rows are counted from the top of the picture as seen, so a shelf without any facing is not counted. Where a
// mount is known, package mount numbers shelves properly.
package rows

import (
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	reach     = 2.5 // how far to the side a neighbour may stand, in pack widths
	alongside = 0.5 // share of the lower pack's height over which neighbours must overlap
	level     = 0.5 // how much higher or lower a neighbour's bottom may be, in pack heights, before the slope is taken out
)

// Assign sets Shelf and Position of every facing: rows from the top, then from left to right, both from 1.
func Assign(facings []shelf.Facing) {
	groups := group(facings)
	order(facings, groups)
	for i, g := range groups {
		sort.SliceStable(g, func(a, b int) bool { return centreX(facings[g[a]]) < centreX(facings[g[b]]) })
		for k, f := range g {
			facings[f].Shelf, facings[f].Position = i+1, k+1
		}
	}
}

// group links each facing to its nearest right-hand neighbour at the same height; linked facings form a row.
// Two rows that meet at the same height with nothing in between are joined, so that a gap of sold-out lanes
// does not cut a shelf in two.
func group(facings []shelf.Facing) [][]int {
	parent := make([]int, len(facings))
	for i := range parent {
		parent[i] = i
	}
	var root func(int) int
	root = func(i int) int {
		if parent[i] != i {
			parent[i] = root(parent[i])
		}
		return parent[i]
	}
	for i := range facings {
		best, nearest := -1, 0.0
		for j := range facings {
			if j == i || centreX(facings[j]) <= centreX(facings[i]) || !beside(facings[i].Box, facings[j].Box) {
				continue
			}
			if gap := centreX(facings[j]) - centreX(facings[i]); best < 0 || gap < nearest {
				best, nearest = j, gap
			}
		}
		if best >= 0 {
			parent[root(best)] = root(i)
		}
	}
	index := map[int]int{}
	var groups [][]int
	for i := range facings {
		r := root(i)
		k, ok := index[r]
		if !ok {
			k = len(groups)
			index[r] = k
			groups = append(groups, nil)
		}
		groups[k] = append(groups[k], i)
	}
	return mergeGaps(facings, groups)
}

// beside reports whether two boxes stand next to each other, overlap enough in height, and stand about equally
// high.
func beside(a, b shelf.Box) bool {
	width := float64(max(a.W, b.W))
	if gap := float64(max(a.X, b.X) - min(a.X+a.W, b.X+b.W)); gap > reach*width {
		return false
	}
	low := float64(min(a.H, b.H))
	shared := float64(min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y))
	drop := float64(abs(a.Y + a.H - b.Y - b.H))
	return shared >= alongside*low && drop <= level*low
}

// mergeGaps joins rows that continue each other: the line through the bottoms at the near end of one row meets
// the end of the other within half a pack.
func mergeGaps(facings []shelf.Facing, groups [][]int) [][]int {
	for merged := true; merged; {
		merged = false
	search:
		for i := range groups {
			for j := range groups {
				if i == j || !continues(facings, groups[i], groups[j]) {
					continue
				}
				groups[i] = append(groups[i], groups[j]...)
				groups = append(groups[:j], groups[j+1:]...)
				merged = true
				break search
			}
		}
	}
	return groups
}

// continues reports whether right begins where left ends, at the height to which left's slope leads.
func continues(facings []shelf.Facing, left, right []int) bool {
	l, r := extreme(facings, left, +1), extreme(facings, right, -1)
	a, b := facings[l].Box, facings[r].Box
	if centreX(facings[l]) >= centreX(facings[r]) || b.X < a.X+a.W-min(a.W, b.W)/2 {
		return false
	}
	slopes := [2]float64{slopeAt(facings, left, l), slopeAt(facings, right, r)}
	gap := centreX(facings[r]) - centreX(facings[l])
	want := float64(a.Y+a.H) + gap*(slopes[0]+slopes[1])/2
	return absF(want-float64(b.Y+b.H)) <= 0.4*float64(min(a.H, b.H))
}

// extreme returns the facing of a row that stands furthest to the right (side +1) or left (−1).
func extreme(facings []shelf.Facing, row []int, side float64) int {
	best := row[0]
	for _, f := range row {
		if side*centreX(facings[f]) > side*centreX(facings[best]) {
			best = f
		}
	}
	return best
}

// slopeAt returns how steeply the bottoms of a row run at one of its ends, estimated from up to four facings.
func slopeAt(facings []shelf.Facing, row []int, end int) float64 {
	near := append([]int(nil), row...)
	sort.SliceStable(near, func(i, j int) bool {
		return absF(centreX(facings[near[i]])-centreX(facings[end])) < absF(centreX(facings[near[j]])-centreX(facings[end]))
	})
	near = near[:min(len(near), 4)]
	var n, sx, sy, sxx, sxy float64
	for _, f := range near {
		x, y := centreX(facings[f]), bottom(facings[f])
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	if d := n*sxx - sx*sx; d > 1e-9 {
		return (n*sxy - sx*sy) / d
	}
	return 0
}

// order sorts rows from the top. Two rows that stand one above the other somewhere are compared there; others
// are compared by their mean height.
func order(facings []shelf.Facing, groups [][]int) {
	sort.SliceStable(groups, func(i, j int) bool { return meanBottom(facings, groups[i]) < meanBottom(facings, groups[j]) })
	// Sort by insertion and pairwise comparison, because the mean of a long oblique row may lie below that of a
	// short row under its end.
	for i := 1; i < len(groups); i++ {
		for k := i; k > 0 && above(facings, groups[k], groups[k-1]); k-- {
			groups[k], groups[k-1] = groups[k-1], groups[k]
		}
	}
}

// above reports whether a is higher than b where they overlap horizontally.
func above(facings []shelf.Facing, a, b []int) bool {
	votes := 0
	for _, i := range a {
		for _, j := range b {
			if absF(centreX(facings[i])-centreX(facings[j])) > float64(max(facings[i].Box.W, facings[j].Box.W)) {
				continue
			}
			if bottom(facings[i]) < bottom(facings[j]) {
				votes++
			} else {
				votes--
			}
		}
	}
	return votes > 0
}

func meanBottom(facings []shelf.Facing, row []int) float64 {
	sum := 0.0
	for _, f := range row {
		sum += bottom(facings[f])
	}
	return sum / float64(len(row))
}

func centreX(f shelf.Facing) float64 { return float64(f.Box.X) + float64(f.Box.W)/2 }
func bottom(f shelf.Facing) float64  { return float64(f.Box.Y + f.Box.H) }

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}

func absF(v float64) float64 {
	if v < 0 {
		return -v
	}
	return v
}
