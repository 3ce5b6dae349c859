package footfall

import "sort"

// Mask says which parts of a frame move: W×H cells, row by row, non-zero where something moves. A cell covers
// Scale×Scale pixels of the camera's picture.
type Mask struct {
	W, H  int
	Scale float64
	Cells []byte
}

const (
	// If a larger share of the cells than this moves, the light or the camera changed, and nobody is looked
	// for.
	tooMuch = 0.45
	// leastCells is the fewest cells of a blob; anything smaller is noise.
	leastCells = 12
	// mostBlobs is how many blobs of a frame are looked at, the largest first. More of them are rain or a
	// flickering lamp.
	mostBlobs = 40
	// gapShare is the largest vertical gap between two blobs of one person, one above the other, as a share of
	// the taller one's height: a belt or the edge of a shadow cuts people in two.
	gapShare = 0.45
	// besideShare is how much of the narrower blob's width must overlap with the other blob.
	besideShare = 0.5
	// A blob that is lower than partShare of another's height, and whose middle is at most partGap of that
	// height outside the other, is a part of it.
	partShare, partGap = 0.4, 0.08
	// upperPart is the share of a blob, from its top, in which head and shoulders are.
	upperPart = 0.5
)

// blob is a connected part of a mask.
type blob struct {
	Box
	mask  *Mask
	cells []int
}

// area returns the area that moves, in pixels of the picture.
func (b *blob) area() float64 { return float64(len(b.cells)) * b.mask.Scale * b.mask.Scale }

// blobs returns the connected parts of the mask (8-connectivity), largest first, or nil if so much moves that
// nothing can be told.
func (m *Mask) blobs() []*blob {
	moving := 0
	for _, c := range m.Cells {
		if c != 0 {
			moving++
		}
	}
	if float64(moving) > tooMuch*float64(len(m.Cells)) {
		return nil
	}
	seen := make([]bool, len(m.Cells))
	var list []*blob
	for start, c := range m.Cells {
		if c == 0 || seen[start] {
			continue
		}
		cells := []int{start} // cells[:next] are done; the neighbours of the others are still to be looked at
		seen[start] = true
		for next := 0; next < len(cells); next++ {
			x, y := cells[next]%m.W, cells[next]/m.W
			for ny := max(0, y-1); ny <= min(m.H-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(m.W-1, x+1); nx++ {
					if n := ny*m.W + nx; m.Cells[n] != 0 && !seen[n] {
						seen[n] = true
						cells = append(cells, n)
					}
				}
			}
		}
		if len(cells) >= leastCells {
			list = append(list, m.blobOf(cells))
		}
	}
	sort.SliceStable(list, func(a, b int) bool { return len(list[a].cells) > len(list[b].cells) })
	return join(list[:min(len(list), mostBlobs)])
}

func (m *Mask) blobOf(cells []int) *blob {
	x0, y0, x1, y1 := m.W, m.H, 0, 0
	for _, at := range cells {
		x, y := at%m.W, at/m.W
		x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x+1), max(y1, y+1)
	}
	return &blob{Box{float64(x0) * m.Scale, float64(y0) * m.Scale, float64(x1-x0) * m.Scale, float64(y1-y0) * m.Scale}, m, cells}
}

// join merges blobs that are pieces of one person.
func join(list []*blob) []*blob {
	for changed := true; changed; {
		changed = false
		for i := 0; i < len(list); i++ {
			for k := i + 1; k < len(list); k++ {
				if list[i].over(list[k]) {
					list[i] = list[i].plus(list[k])
					list = append(list[:k], list[k+1:]...)
					changed = true
					k--
				}
			}
		}
	}
	return list
}

// over reports whether the two blobs stand one above the other, near enough to be one person, or whether o is a
// small thing at b's side, such as an arm or a bag.
func (b *blob) over(o *blob) bool {
	beside := min(b.right(), o.right()) - max(b.X, o.X)
	gap := max(b.Y, o.Y) - min(b.bottom(), o.bottom())
	if beside >= besideShare*min(b.W, o.W) && gap <= gapShare*max(b.H, o.H) {
		return true
	}
	return o.H < partShare*b.H && b.holds(o.middle(), partGap*b.H)
}

func (b *blob) plus(o *blob) *blob {
	return &blob{b.union(o.Box), b.mask, append(b.cells, o.cells...)}
}

// columns counts the moving cells in each column of the blob's upper part, where people are narrow: lower down
// there are legs that stride, and shadows.
func (b *blob) columns() []int {
	m := b.mask
	x0, y1 := int(b.X/m.Scale+0.5), int((b.Y+upperPart*b.H)/m.Scale+0.5)
	out := make([]int, int(b.W/m.Scale+0.5))
	for _, at := range b.cells {
		if at/m.W < y1 {
			out[at%m.W-x0]++
		}
	}
	return out
}

// breadth returns the width of the blob's upper part, in pixels.
func (b *blob) breadth() float64 {
	n := 0
	for _, c := range b.columns() {
		if c > 0 {
			n++
		}
	}
	return float64(n) * b.mask.Scale
}

// rows counts the moving cells in each row of the blob.
func (b *blob) rows() []int {
	m := b.mask
	y0 := int(b.Y/m.Scale + 0.5)
	out := make([]int, int(b.H/m.Scale+0.5))
	for _, at := range b.cells {
		out[at/m.W-y0]++
	}
	return out
}

// split cuts the blob into n boxes with equal shares of the moving cells: side by side, or, if upright, one
// above the other.
func (b *blob) split(n int, upright bool) []Box {
	if n < 2 {
		return []Box{b.Box}
	}
	counts, total := b.columns(), 0
	if upright {
		counts = b.rows()
	}
	for _, c := range counts {
		total += c
	}
	var out []Box
	from, sum := 0, 0
	for i, c := range counts {
		sum += c
		if sum*n >= total*(len(out)+1) || i == len(counts)-1 {
			start, size := float64(from)*b.mask.Scale, float64(i+1-from)*b.mask.Scale
			part := Box{b.X + start, b.Y, size, b.H}
			if upright {
				part = Box{b.X, b.Y + start, b.W, size}
			}
			out = append(out, part)
			if from = i + 1; len(out) == n {
				break
			}
		}
	}
	return out
}
