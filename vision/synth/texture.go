package synth

import (
	"image"
	"math"
)

// rgb is a colour in linear light; 1 is white in full light.
type rgb struct{ r, g, b float32 }

func (c rgb) times(k float32) rgb { return rgb{c.r * k, c.g * k, c.b * k} }
func (c rgb) plus(d rgb) rgb      { return rgb{c.r + d.r, c.g + d.g, c.b + d.b} }
func (c rgb) by(d rgb) rgb        { return rgb{c.r * d.r, c.g * d.g, c.b * d.b} }
func (c rgb) luma() float32       { return 0.2126*c.r + 0.7152*c.g + 0.0722*c.b }
func (c rgb) towards(d rgb, t float32) rgb {
	return rgb{c.r + (d.r-c.r)*t, c.g + (d.g-c.g)*t, c.b + (d.b-c.b)*t}
}

// linear returns the ink in linear light.
func (c ink) linear() rgb { return rgb{linearLight[c.r], linearLight[c.g], linearLight[c.b]} }

// linearLight maps each sRGB byte to linear light. Source: IEC 61966-2-1.
var linearLight = func() (table [256]float32) {
	for i := range table {
		x := float64(i) / 255
		if x <= 0.04045 {
			table[i] = float32(x / 12.92)
		} else {
			table[i] = float32(math.Pow((x+0.055)/1.055, 2.4))
		}
	}
	return table
}()

// texture is a picture with successively halved copies, for sampling at any size.
type texture struct {
	levels []texLevel
	wrap   bool // the right edge joins the left one
}

type texLevel struct {
	w, h int
	pix  []rgb
}

func newTexture(img *image.RGBA, wrap bool) *texture {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	l := texLevel{w, h, make([]rgb, w*h)}
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			l.pix[y*w+x] = ink{r: row[4*x], g: row[4*x+1], b: row[4*x+2]}.linear()
		}
	}
	t := &texture{levels: []texLevel{l}, wrap: wrap}
	for l.w >= 8 && l.h >= 8 {
		n := texLevel{l.w / 2, l.h / 2, make([]rgb, (l.w/2)*(l.h/2))}
		for y := range n.h {
			for x := range n.w {
				i := 2*y*l.w + 2*x
				a, b, c, d := l.pix[i], l.pix[i+1], l.pix[i+l.w], l.pix[i+l.w+1]
				n.pix[y*n.w+x] = a.plus(b).plus(c).plus(d).times(0.25)
			}
		}
		t.levels = append(t.levels, n)
		l = n
	}
	return t
}

// at samples the picture at (u, v), in shares of its width and height, averaged over about foot of its width.
func (t *texture) at(u, v, foot float64) rgb {
	level := 0
	for f := foot * float64(t.levels[0].w); f > 1.4 && level < len(t.levels)-1; f /= 2 {
		level++
	}
	l := &t.levels[level]
	x, y := u*float64(l.w)-0.5, v*float64(l.h)-0.5
	x0, y0 := math.Floor(x), math.Floor(y)
	fx, fy := float32(x-x0), float32(y-y0)
	ix, iy := int(x0), int(y0)
	a := l.get(ix, iy, t.wrap).towards(l.get(ix+1, iy, t.wrap), fx)
	b := l.get(ix, iy+1, t.wrap).towards(l.get(ix+1, iy+1, t.wrap), fx)
	return a.towards(b, fy)
}

func (l *texLevel) get(x, y int, wrap bool) rgb {
	if wrap {
		if x %= l.w; x < 0 {
			x += l.w
		}
	} else {
		x = min(max(x, 0), l.w-1)
	}
	return l.pix[min(max(y, 0), l.h-1)*l.w+x]
}
