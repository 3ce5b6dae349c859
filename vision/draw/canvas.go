package draw

import (
	"image"
	"image/color"

	"golang.org/x/image/vector"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// canvas draws anti-aliased shapes. Sizes are given in units that grow with the picture, so that drawings of
// 640 and of 4,000 pixels look alike.
type canvas struct {
	img   *image.RGBA
	unit  float32 // one pixel of a picture 1,280 pixels wide
	text  *lettering
	taken []image.Rectangle // by chips, which must not cover each other
}

func newCanvas(img *image.RGBA) *canvas {
	unit := max(0.75, float32(max(img.Rect.Dx(), img.Rect.Dy()))/1280)
	return &canvas{img: img, unit: unit, text: newLettering(11.5 * float64(unit))}
}

// fill paints a path inside r.
func (c *canvas) fill(r image.Rectangle, ink color.Color, path func(z *vector.Rasterizer, x0, y0 float32)) {
	r = r.Intersect(c.img.Rect)
	if r.Empty() {
		return
	}
	z := vector.NewRasterizer(r.Dx(), r.Dy())
	path(z, float32(r.Min.X), float32(r.Min.Y))
	mask := image.NewAlpha(image.Rect(0, 0, r.Dx(), r.Dy()))
	z.Draw(mask, mask.Rect, image.Opaque, image.Point{})
	over(c.img, r, ink, mask)
}

// rounded adds a rectangle with round corners to a path. With inward it is traced in the opposite direction,
// which cuts a hole.
func rounded(z *vector.Rasterizer, x0, y0, x1, y1, r float32, inward bool) {
	r = min(r, (x1-x0)/2, (y1-y0)/2)
	if r < 0 {
		return
	}
	if inward {
		z.MoveTo(x0+r, y0)
		z.QuadTo(x0, y0, x0, y0+r)
		z.LineTo(x0, y1-r)
		z.QuadTo(x0, y1, x0+r, y1)
		z.LineTo(x1-r, y1)
		z.QuadTo(x1, y1, x1, y1-r)
		z.LineTo(x1, y0+r)
		z.QuadTo(x1, y0, x1-r, y0)
	} else {
		z.MoveTo(x0+r, y0)
		z.LineTo(x1-r, y0)
		z.QuadTo(x1, y0, x1, y0+r)
		z.LineTo(x1, y1-r)
		z.QuadTo(x1, y1, x1-r, y1)
		z.LineTo(x0+r, y1)
		z.QuadTo(x0, y1, x0, y1-r)
		z.LineTo(x0, y0+r)
		z.QuadTo(x0, y0, x0+r, y0)
	}
	z.ClosePath()
}

func bounds(b shelf.Box, margin float32) image.Rectangle {
	m := int(margin) + 2
	return image.Rect(b.X-m, b.Y-m, b.X+b.W+m, b.Y+b.H+m)
}

// frame draws a box's outline over a slightly wider dark one, so that it is visible on light and on dark packs.
func (c *canvas) frame(b shelf.Box, ink color.NRGBA, thick float32) {
	shade := color.NRGBA{0, 0, 0, 110}
	c.ring(b, shade, thick*1.9)
	c.ring(b, ink, thick)
}

func (c *canvas) ring(b shelf.Box, ink color.Color, thick float32) {
	half, r := thick/2, 4*c.unit
	c.fill(bounds(b, thick), ink, func(z *vector.Rasterizer, ox, oy float32) {
		x0, y0 := float32(b.X)-ox, float32(b.Y)-oy
		x1, y1 := x0+float32(b.W), y0+float32(b.H)
		rounded(z, x0-half, y0-half, x1+half, y1+half, r+half, false)
		rounded(z, x0+half, y0+half, x1-half, y1-half, max(0, r-half), true)
	})
}

// dashed draws a slot's outline.
func (c *canvas) dashed(b shelf.Box, ink color.NRGBA, thick float32) {
	on, off := 9*c.unit, 6*c.unit
	c.fill(bounds(b, thick), ink, func(z *vector.Rasterizer, ox, oy float32) {
		x0, y0 := float32(b.X)-ox, float32(b.Y)-oy
		x1, y1 := x0+float32(b.W), y0+float32(b.H)
		bar := func(ax, ay, bx, by float32) {
			z.MoveTo(ax, ay)
			z.LineTo(bx, ay)
			z.LineTo(bx, by)
			z.LineTo(ax, by)
			z.ClosePath()
		}
		for x := x0; x < x1; x += on + off {
			end := min(x+on, x1)
			bar(x, y0, end, y0+thick)
			bar(x, y1-thick, end, y1)
		}
		for y := y0; y < y1; y += on + off {
			end := min(y+on, y1)
			bar(x0, y, x0+thick, end)
			bar(x1-thick, y, x1, end)
		}
	})
}

// hatch covers a part that cannot be judged with a veil and slanting lines.
func (c *canvas) hatch(b shelf.Box, ink color.NRGBA) {
	veil, line := ink, ink
	veil.A, line.A = 46, 90
	r := image.Rect(b.X, b.Y, b.X+b.W, b.Y+b.H)
	c.fill(r, veil, func(z *vector.Rasterizer, ox, oy float32) {
		x0, y0 := float32(b.X)-ox, float32(b.Y)-oy
		rounded(z, x0, y0, x0+float32(b.W), y0+float32(b.H), 0, false)
	})
	step, thick := 14*c.unit, 1.4*c.unit
	c.fill(r, line, func(z *vector.Rasterizer, ox, oy float32) {
		w, h := float32(b.W), float32(b.H)
		x0, y0 := float32(b.X)-ox, float32(b.Y)-oy
		for d := step; d < w+h; d += step {
			// from the left or bottom edge up to the top or right edge
			ax, ay := x0, y0+d
			if d > h {
				ax, ay = x0+d-h, y0+h
			}
			bx, by := x0+d, y0
			if d > w {
				bx, by = x0+w, y0+d-w
			}
			z.MoveTo(ax, ay)
			z.LineTo(bx, by)
			z.LineTo(bx+thick, by)
			z.LineTo(ax+thick, ay)
			z.ClosePath()
		}
	})
}
