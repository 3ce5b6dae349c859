package footfall

import "math"

const (
	// leastSeen is the share of a person's expected cells that must be seen for them to tell where the person
	// is. A person who shows less is taken to be hidden.
	leastSeen = 0.15
	// freeEdge is the largest share of an edge's cells that may adjoin another person if the edge is to count
	// as the person's own.
	freeEdge = 0.35
	// strays is the share of a person's cells at each side that is ignored: an arm, a neighbour's shoulder.
	strays = 0.02
	// handsWidth is how far outside the expected box a person's cells are looked for, as a share of the box.
	handsWidth = 0.25
)

// apart tells known people in one blob from each other. Each cell is given to the person in whose expected box
// it lies deepest. A person is measured by the cells given to them, and only by those edges that nobody else
// hides.
func (b *blob) apart(here []*track) []*person {
	owner := make(map[int]int, len(b.cells))
	parts := make([]part, len(here))
	for i, t := range here {
		parts[i] = part{want: t.ahead()}
	}
	for _, at := range b.cells {
		x, y := b.mask.place(at)
		best, least := -1, math.Inf(1)
		for i, p := range parts {
			d := math.Max(math.Abs(x-p.want.middle().X)/p.want.W, math.Abs(y-p.want.middle().Y)/p.want.H)
			if d < least {
				best, least = i, d
			}
		}
		if least <= 0.5+handsWidth {
			owner[at] = best
			parts[best].cells = append(parts[best].cells, at)
		}
	}
	var out []*person
	for i := range parts {
		out = append(out, &person{Box: parts[i].measure(b, owner, i)})
	}
	return out
}

// part is one person's share of a blob.
type part struct {
	want  Box
	cells []int
}

// measure returns the person's box, as far as the part shows it, completed by the expected size.
func (p *part) measure(b *blob, owner map[int]int, me int) Box {
	m := b.mask
	expected := p.want.W * p.want.H * usualFill / (m.Scale * m.Scale)
	if float64(len(p.cells)) < leastSeen*expected {
		return within(p.want, b.Box)
	}
	columns, rows := make([]int, m.W), make([]int, m.H)
	for _, at := range p.cells {
		columns[at%m.W]++
		rows[at/m.W]++
	}
	x0, x1 := bulk(columns, len(p.cells))
	y0, y1 := bulk(rows, len(p.cells))
	free := func(dx, dy, edge int) bool { return p.free(m, owner, me, dx, dy, edge) }
	x, w := span(float64(x0)*m.Scale, float64(x1)*m.Scale, p.want.X, p.want.W, free(-1, 0, x0), free(1, 0, x1-1))
	y, h := span(float64(y0)*m.Scale, float64(y1)*m.Scale, p.want.Y, p.want.H, free(0, -1, y0), free(0, 1, y1-1))
	return Box{x, y, w, h}
}

// free reports whether the next column or row beyond the part's edge belongs mostly to nobody else.
func (p *part) free(m *Mask, owner map[int]int, me, dx, dy, edge int) bool {
	all, others := 0, 0
	for _, at := range p.cells {
		x, y := at%m.W, at/m.W
		if dx != 0 && x != edge || dy != 0 && y != edge {
			continue
		}
		all++
		if x+dx < 0 || x+dx >= m.W || y+dy < 0 || y+dy >= m.H {
			continue
		}
		if o, ok := owner[(y+dy)*m.W+x+dx]; ok && o != me {
			others++
		}
	}
	return float64(others) <= freeEdge*float64(all)
}

// span returns a person's extent along one axis from what was seen of it. An end that is hidden follows from
// the other end and the expected length.
func span(low, high, want, length float64, lowFree, highFree bool) (from, size float64) {
	switch {
	case lowFree && highFree:
		return low, high - low
	case lowFree:
		return low, math.Max(length, high-low)
	case highFree:
		size = math.Max(length, high-low)
		return high - size, size
	}
	return want, length
}

// bulk returns the extent [from, to) of counts by column or row, without the strays.
func bulk(counts []int, total int) (from, to int) {
	few := int(strays * float64(total))
	sum := 0
	for from = 0; sum+counts[from] <= few; from++ {
		sum += counts[from]
	}
	sum = 0
	for to = len(counts); sum+counts[to-1] <= few; to-- {
		sum += counts[to-1]
	}
	return from, to
}

// place returns the middle of a cell, in pixels.
func (m *Mask) place(at int) (x, y float64) {
	return (float64(at%m.W) + 0.5) * m.Scale, (float64(at/m.W) + 0.5) * m.Scale
}

// usualFill is the share of the bounding box that a walking person fills.
const usualFill = 0.55
