package footfall

import "math"

// Dir is the direction in which a line was crossed.
type Dir string

// In is from the left of the line to its right, looking from A to B in the picture; Out is the other direction.
const (
	In  Dir = "in"
	Out Dir = "out"
)

// Line is a counting line from A to B. To walk round one of its ends is not to cross it.
type Line struct {
	Name string
	A, B Point
}

// side returns the distance of a point from the line, in pixels: negative on its left, positive on its right.
func (l Line) side(p Point) float64 {
	dx, dy := l.B.X-l.A.X, l.B.Y-l.A.Y
	return (dx*(p.Y-l.A.Y) - dy*(p.X-l.A.X)) / math.Hypot(dx, dy)
}

// meets reports whether the way from p to q crosses the line between its ends, or at most slack pixels beyond
// them.
func (l Line) meets(p, q Point, slack float64) bool {
	sp, sq := l.side(p), l.side(q)
	if sp == sq {
		return false
	}
	t := sp / (sp - sq)
	x, y := p.X+t*(q.X-p.X), p.Y+t*(q.Y-p.Y)
	dx, dy := l.B.X-l.A.X, l.B.Y-l.A.Y
	length := math.Hypot(dx, dy)
	along := ((x-l.A.X)*dx + (y-l.A.Y)*dy) / length
	return along >= -slack && along <= length+slack
}

// Crossing is one person's crossing of a line.
type Crossing struct {
	Line   string
	Person int // number of the person's track, the same for as long as they are in view
	Frame  int // the frame in which the feet passed the line
	Dir    Dir
}

// gate follows one person at one line.
type gate struct {
	side    float64 // ±1: the side on which they were last clear of the line; 0: not yet
	from    Point   // where that was
	touched int     // the frame in which they passed the line itself
	last    float64
	crossed bool
}

const (
	// clearOf is how far from the line, in multiples of their height, a person must be to count as on one side
	// of it. Nearer than that they may turn round, and a box that trembles crosses nothing.
	clearOf = 0.15
	// endSlack is how far beyond the line's ends the feet may pass, in multiples of the person's height.
	endSlack = 0.1
)

// step takes the person's place in the next frame. If this completes a crossing, it returns its direction,
// its frame and true.
func (g *gate) step(l Line, p Point, height float64, frame int) (Dir, int, bool) {
	s := l.side(p)
	if g.last*s < 0 || g.touched == 0 {
		g.touched = frame
	}
	g.last = s
	if math.Abs(s) < clearOf*height {
		return "", 0, false
	}
	was, from := g.side, g.from
	g.side, g.from = math.Copysign(1, s), p
	if was == 0 || was == g.side || !l.meets(from, p, endSlack*height) {
		return "", 0, false
	}
	g.crossed = true
	if s > 0 {
		return In, g.touched, true
	}
	return Out, g.touched, true
}
