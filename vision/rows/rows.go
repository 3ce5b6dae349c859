// Package rows finds the shelf rows of a picture from its facings alone: packs of one shelf stand
// beside each other, so each has a neighbour to the left and right at its own height, however the
// lens bends the shelf. It needs no lens, no planogram and no straight lines.
//
// It refuses to number what has no neighbours to compare with: rows are counted from the top of the
// picture as seen, so a shelf without any facing is not counted. Where a mount is known, package
// mount knows better.
package rows

import (
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	reach     = 2.5 // how far to the side a neighbour may stand, in pack widths
	alongside = 0.5 // share of the lower pack's height that neighbours must share
	level     = 0.5 // how much higher or lower a neighbour's bottom may be, in pack heights, before slope is taken out
)

// Assign sets Shelf and Position of every facing: rows from the top, then left to right.
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

// group links each facing to its nearest neighbour on the right at its own height; linked ones are one
// row. Two rows that lie at the same height where they meet, with nothing between, are one as well: a
// gap of sold-out lanes does not cut a shelf.
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

// beside: next to each other, sharing enough of their heights, and standing about as high.
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

// mergeGaps joins rows that continue each other: the line through the bottoms of the nearer end of one
// meets the other's end within half a pack.
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

// continues: right begins where left has ended, at the height that left's slope leads to.
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

// extreme is the facing of a row that stands furthest to the right (+1) or left (-1).
func extreme(facings []shelf.Facing, row []int, side float64) int {
	best := row[0]
	for _, f := range row {
		if side*centreX(facings[f]) > side*centreX(facings[best]) {
			best = f
		}
	}
	return best
}

// slopeAt is how steeply the bottoms of a row run at one of its ends, from up to four facings.
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

// order sorts rows from the top. Two rows are compared where they stand one above the other, and by
// their mean height where they nowhere do.
func order(facings []shelf.Facing, groups [][]int) {
	sort.SliceStable(groups, func(i, j int) bool { return meanBottom(facings, groups[i]) < meanBottom(facings, groups[j]) })
	// Insertion by pairwise comparison on top of the means: a long oblique row's mean may lie below that of a
	// short row under its end.
	for i := 1; i < len(groups); i++ {
		for k := i; k > 0 && above(facings, groups[k], groups[k-1]); k-- {
			groups[k], groups[k-1] = groups[k-1], groups[k]
		}
	}
}

// above: where a and b stand over each other, a is the higher one.
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
