package draw

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"sort"

	"golang.org/x/image/vector"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Footfall draws, over the frame that a counter was given last, the people it follows, its lines with an arrow
// to their right side, and the counts so far.
func Footfall(f vision.Frame, lines []footfall.Line, people map[int]footfall.Box, in, out int) *image.RGBA {
	c := newCanvas(f.Image())
	for _, l := range lines {
		c.arrow(l, low)
	}
	ids := make([]int, 0, len(people))
	for id := range people {
		ids = append(ids, id)
	}
	sort.Ints(ids)
	for _, id := range ids {
		p := people[id]
		b := shelf.Box{X: int(p.X), Y: int(p.Y), W: int(p.W), H: int(p.H)}
		c.frame(b, named, c.unit*1.6)
		c.chip(b, fmt.Sprint(id), named, atTop)
	}
	c.headline(fmt.Sprintf("in %d · out %d", in, out))
	return c.img
}

// arrow draws a counting line and, from its middle, a short arrow to its right side, which is the way in.
func (c *canvas) arrow(l footfall.Line, ink color.NRGBA) {
	c.stroke(l.A, l.B, ink, 3*c.unit)
	dx, dy := l.B.X-l.A.X, l.B.Y-l.A.Y
	n := math.Hypot(dx, dy)
	m := footfall.Point{X: (l.A.X + l.B.X) / 2, Y: (l.A.Y + l.B.Y) / 2}
	reach := 26 * float64(c.unit)
	c.stroke(m, footfall.Point{X: m.X - dy/n*reach, Y: m.Y + dx/n*reach}, ink, 3*c.unit)
}

// stroke draws a straight line.
func (c *canvas) stroke(a, b footfall.Point, ink color.NRGBA, thick float32) {
	n := math.Hypot(b.X-a.X, b.Y-a.Y)
	if n == 0 {
		return
	}
	sx, sy := float32((b.Y-a.Y)/n)*thick/2, float32((a.X-b.X)/n)*thick/2
	m := int(thick) + 2
	r := image.Rect(int(min(a.X, b.X))-m, int(min(a.Y, b.Y))-m, int(max(a.X, b.X))+m, int(max(a.Y, b.Y))+m)
	c.fill(r, ink, func(z *vector.Rasterizer, ox, oy float32) {
		ax, ay, bx, by := float32(a.X)-ox, float32(a.Y)-oy, float32(b.X)-ox, float32(b.Y)-oy
		// The rasteriser covers only the part of r inside the picture and clips the rest.
		z.MoveTo(ax+sx, ay+sy)
		z.LineTo(bx+sx, by+sy)
		z.LineTo(bx-sx, by-sy)
		z.LineTo(ax-sx, ay-sy)
		z.ClosePath()
	})
}
