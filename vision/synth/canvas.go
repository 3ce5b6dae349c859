package synth

import (
	"image"
	"image/color"
	"image/draw"
	"math"

	"golang.org/x/image/vector"
)

// ink is an sRGB colour with alpha, used for label art.
type ink struct{ r, g, b, a uint8 }

func (c ink) RGBA() (r, g, b, a uint32) { return color.NRGBA{c.r, c.g, c.b, c.a}.RGBA() }

func (c ink) alpha(a float64) ink { c.a = uint8(clamp01(a) * 255); return c }

// towards mixes c with d by the share t, keeping c's alpha.
func (c ink) towards(d ink, t float64) ink {
	m := func(a, b uint8) uint8 { return uint8(float64(a) + (float64(b)-float64(a))*t + 0.5) }
	return ink{m(c.r, d.r), m(c.g, d.g), m(c.b, d.b), c.a}
}

// lightness returns the colour's luma, 0 to 1.
func (c ink) lightness() float64 {
	return (0.299*float64(c.r) + 0.587*float64(c.g) + 0.114*float64(c.b)) / 255
}

var (
	white = ink{255, 255, 255, 255}
	black = ink{16, 16, 18, 255}
)

// hsv returns an opaque ink: hue in degrees, saturation and value 0 to 1.
func hsv(h, s, v float64) ink {
	h = math.Mod(math.Mod(h, 360)+360, 360) / 60
	c := v * s
	x := c * (1 - math.Abs(math.Mod(h, 2)-1))
	var r, g, b float64
	switch int(h) {
	case 0:
		r, g = c, x
	case 1:
		r, g = x, c
	case 2:
		g, b = c, x
	case 3:
		g, b = x, c
	case 4:
		r, b = x, c
	default:
		r, b = c, x
	}
	m := v - c
	q := func(f float64) uint8 { return uint8((f+m)*255 + 0.5) }
	return ink{q(r), q(g), q(b), 255}
}

func clamp01(x float64) float64 { return min(1, max(0, x)) }

type point struct{ x, y float64 }

// outline is a set of closed polygons, filled by the non-zero winding rule.
type outline [][]point

// moved returns the outline with f applied to every corner.
func (o outline) moved(f func(point) point) outline {
	out := make(outline, len(o))
	for i, p := range o {
		q := make([]point, len(p))
		for j, a := range p {
			q[j] = f(a)
		}
		out[i] = q
	}
	return out
}

// at returns the outline scaled by s, turned by deg degrees and moved to (x, y).
func (o outline) at(x, y, s, deg float64) outline {
	sin, cos := math.Sincos(deg * math.Pi / 180)
	return o.moved(func(p point) point {
		return point{x + s*(p.x*cos-p.y*sin), y + s*(p.x*sin+p.y*cos)}
	})
}

func (o outline) extent() (lo, hi point) {
	lo, hi = point{math.Inf(1), math.Inf(1)}, point{math.Inf(-1), math.Inf(-1)}
	for _, p := range o {
		for _, a := range p {
			lo.x, lo.y = min(lo.x, a.x), min(lo.y, a.y)
			hi.x, hi.y = max(hi.x, a.x), max(hi.y, a.y)
		}
	}
	return lo, hi
}

// canvas paints shapes with smooth edges in sRGB pixels. It wraps around a pack, so a shape that leaves it on
// the right comes back on the left.
type canvas struct {
	img  *image.RGBA
	w, h float64
	ras  *vector.Rasterizer
	wrap bool
}

func newCanvas(w, h int, wrap bool) *canvas {
	return &canvas{image.NewRGBA(image.Rect(0, 0, w, h)), float64(w), float64(h), vector.NewRasterizer(1, 1), wrap}
}

// fill paints the outline in one ink.
func (c *canvas) fill(o outline, i ink) {
	if i.a == 0 {
		return
	}
	lo, hi := o.extent()
	if !(lo.x < hi.x && lo.y < hi.y) || hi.x-lo.x > 4*c.w {
		return
	}
	c.fillAt(o, lo, hi, i, 0)
	if c.wrap && hi.x > c.w {
		c.fillAt(o, lo, hi, i, -c.w)
	}
	if c.wrap && lo.x < 0 {
		c.fillAt(o, lo, hi, i, c.w)
	}
}

func (c *canvas) fillAt(o outline, lo, hi point, i ink, dx float64) {
	b := image.Rect(int(math.Floor(lo.x+dx)), int(math.Floor(lo.y)), int(math.Ceil(hi.x+dx))+1, int(math.Ceil(hi.y))+1).
		Intersect(c.img.Rect)
	if b.Empty() {
		return
	}
	c.ras.Reset(b.Dx(), b.Dy())
	c.ras.DrawOp = draw.Over
	ox, oy := float64(b.Min.X)-dx, float64(b.Min.Y)
	for _, p := range o {
		if len(p) < 3 {
			continue
		}
		c.ras.MoveTo(float32(p[0].x-ox), float32(p[0].y-oy))
		for _, a := range p[1:] {
			c.ras.LineTo(float32(a.x-ox), float32(a.y-oy))
		}
		c.ras.ClosePath()
	}
	c.ras.Draw(c.img, b, image.NewUniform(i), image.Point{})
}

// rect paints an axis-aligned rectangle.
func (c *canvas) rect(x0, y0, x1, y1 float64, i ink) {
	c.fill(outline{{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}}}, i)
}

// each sets every pixel by its position, given as shares of the width and the height.
func (c *canvas) each(f func(u, v float64) ink) {
	w, h := c.img.Rect.Dx(), c.img.Rect.Dy()
	for y := range h {
		row := c.img.Pix[y*c.img.Stride:]
		for x := range w {
			k := f((float64(x)+0.5)/c.w, (float64(y)+0.5)/c.h)
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = k.r, k.g, k.b, 255
		}
	}
}

func (c *canvas) flood(i ink) {
	draw.Draw(c.img, c.img.Rect, image.NewUniform(i), image.Point{}, draw.Src)
}

// gradient fills the canvas with a gradient from top to bottom.
func (c *canvas) gradient(top, bottom ink) {
	w, h := c.img.Rect.Dx(), c.img.Rect.Dy()
	for y := range h {
		k := top.towards(bottom, (float64(y)+0.5)/c.h)
		row := c.img.Pix[y*c.img.Stride:]
		for x := range w {
			row[4*x], row[4*x+1], row[4*x+2], row[4*x+3] = k.r, k.g, k.b, 255
		}
	}
}

// wave paints a band between two sine curves, all around the canvas.
func (c *canvas) wave(y, amp, thick float64, cycles int, phase float64, i ink) {
	var top, bottom []point
	n := 24 * max(1, cycles)
	for k := 0; k <= n; k++ {
		f := float64(k) / float64(n)
		dy := amp * math.Sin(2*math.Pi*(f*float64(cycles)+phase))
		top = append(top, point{f * c.w, y + dy})
		bottom = append(bottom, point{f * c.w, y + dy + thick})
	}
	for a, b := 0, len(bottom)-1; a < b; a, b = a+1, b-1 {
		bottom[a], bottom[b] = bottom[b], bottom[a]
	}
	c.fill(outline{append(top, bottom...)}, i)
}
