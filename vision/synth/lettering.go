package synth

import (
	"fmt"
	"math"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/gofont/gosmallcaps"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// lettering turns words into outlines: in the Go typefaces, stretched, slanted and bent so that brands look
// different, or in invented square scripts that stand for Chinese characters, for which no typeface can be
// shipped.
type lettering struct{ faces []*sfnt.Font }

// The indices of lettering.faces.
const (
	faceBold = iota
	faceBoldItalic
	faceRegular
	faceItalic
	faceMedium
	faceMono
	faceSmallCaps
	faceCount
)

func newLettering() (*lettering, error) {
	l := &lettering{}
	for _, ttf := range [faceCount][]byte{gobold.TTF, gobolditalic.TTF, goregular.TTF, goitalic.TTF, gomedium.TTF, gomonobold.TTF, gosmallcaps.TTF} {
		f, err := sfnt.Parse(ttf)
		if err != nil {
			return nil, fmt.Errorf("parse typeface: %w", err)
		}
		l.faces = append(l.faces, f)
	}
	return l, nil
}

// hand is a way of writing: a typeface or a script and its distortion.
type hand struct {
	face    int
	stretch float64 // width as a multiple of the typeface's own
	slant   float64 // sideways shift per unit of height
	spacing float64 // extra advance, in em
	bend    float64 // rise of the middle, as a share of the word's width; negative sinks
	swell   float64 // growth of letters towards the middle
	script  uint64  // 0: Latin; else which made-up script
}

// word lays out text with its centre at the origin and a capital's height of one unit.
func (l *lettering) word(text string, h hand) outline {
	var o outline
	x := 0.0
	if h.script != 0 {
		for _, c := range text {
			if c != ' ' {
				o = append(o, glyph(h.script, c).moved(func(p point) point { return point{x + p.x*h.stretch, p.y} })...)
			}
			x += (1.12 + h.spacing) * h.stretch
		}
	} else {
		o, x = l.latin(text, h)
	}
	half := x / 2
	for _, p := range o {
		for i := range p {
			q := &p[i]
			q.x += h.slant * (0.5 - q.y) // before centring, so that the middle line is upright
			q.x -= half
			if half > 0 {
				f := 1 - (q.x/half)*(q.x/half)
				q.y *= 1 + h.swell*max(0, f)
				q.y -= h.bend * half * f
			}
		}
	}
	return o
}

func (l *lettering) latin(text string, h hand) (outline, float64) {
	f := l.faces[h.face%len(l.faces)]
	var buf sfnt.Buffer
	const em = 64
	ppem := fixed.I(em)
	capH := 0.72 * em
	var o outline
	x := 0.0
	for _, c := range text {
		gi, err := f.GlyphIndex(&buf, c)
		if err != nil || gi == 0 {
			x += 0.5 * em / capH * h.stretch
			continue
		}
		segs, err := f.LoadGlyph(&buf, gi, ppem, nil)
		if err == nil {
			at := func(p fixed.Point26_6) point {
				return point{x + float64(p.X)/64/capH*h.stretch, float64(p.Y)/64/capH + 0.5}
			}
			var cur []point
			for _, s := range segs {
				switch s.Op {
				case sfnt.SegmentOpMoveTo:
					if cur != nil {
						o = append(o, cur)
					}
					cur = []point{at(s.Args[0])}
				case sfnt.SegmentOpLineTo:
					cur = append(cur, at(s.Args[0]))
				case sfnt.SegmentOpQuadTo:
					a, b, d := cur[len(cur)-1], at(s.Args[0]), at(s.Args[1])
					for k := 1; k <= 4; k++ {
						t := float64(k) / 4
						cur = append(cur, point{(1-t)*(1-t)*a.x + 2*t*(1-t)*b.x + t*t*d.x, (1-t)*(1-t)*a.y + 2*t*(1-t)*b.y + t*t*d.y})
					}
				case sfnt.SegmentOpCubeTo:
					cur = append(cur, at(s.Args[2]))
				}
			}
			if cur != nil {
				o = append(o, cur)
			}
		}
		adv, err := f.GlyphAdvance(&buf, gi, ppem, font.HintingNone)
		if err == nil {
			x += float64(adv) / 64 / capH * h.stretch
		}
		x += h.spacing * h.stretch
	}
	return o, x - h.spacing*h.stretch
}

// glyph invents the square character that a script has for c: strokes on a grid, in one part or two side by
// side. It fills the unit square around the height 0.
func glyph(script uint64, c rune) outline {
	r := newRandom(script, uint64(c))
	th := 0.07 + 0.05*float64(script%7)/7
	var o outline
	stroke := func(x0, y0, x1, y1 float64) {
		dx, dy := x1-x0, y1-y0
		l := math.Hypot(dx, dy)
		if l == 0 {
			return
		}
		nx, ny := -dy/l*th/2, dx/l*th/2
		o = append(o, []point{{x0 + nx, y0 + ny}, {x1 + nx, y1 + ny}, {x1 - nx, y1 - ny}, {x0 - nx, y0 - ny}})
	}
	part := func(x0, x1 float64) {
		w := x1 - x0
		levels := r.between(2, 4)
		for i := range levels {
			y := -0.45 + 0.9*float64(i)/float64(levels-1)
			if r.chance(0.8) {
				in := w * r.in(0, 0.25)
				stroke(x0+in, y, x1-in*r.Float64(), y)
			}
		}
		switch r.IntN(4) {
		case 0: // a box
			y0, y1 := r.in(-0.4, -0.1), r.in(0.15, 0.42)
			stroke(x0+0.1*w, y0, x1-0.1*w, y0)
			stroke(x0+0.1*w, y1, x1-0.1*w, y1)
			stroke(x0+0.1*w, y0, x0+0.1*w, y1)
			stroke(x1-0.1*w, y0, x1-0.1*w, y1)
		case 1: // a trunk with legs
			stroke(x0+w/2, -0.5, x0+w/2, 0.5)
			stroke(x0+w/2, 0, x0, 0.5)
			stroke(x0+w/2, 0, x1, 0.5)
		case 2: // two posts
			stroke(x0+0.25*w, -0.5, x0+0.2*w, 0.5)
			stroke(x0+0.75*w, -0.5, x0+0.8*w, 0.5)
		default:
			stroke(x0+w/2, -0.5, x0+w/2, r.in(0.2, 0.5))
			stroke(x0, r.in(0, 0.3), x0+0.3*w, 0.48)
			stroke(x1-0.35*w, r.in(-0.1, 0.2), x1, 0.45)
		}
	}
	if r.chance(0.6) {
		m := r.in(0.33, 0.5)
		part(0.02, m-0.06)
		part(m+0.04, 0.98)
	} else {
		part(0.04, 0.96)
	}
	return o
}

// write paints text centred at (x, y) with capitals of height size, shrunk to fit maxW, and returns its width.
// If the alpha of edge is not 0, the text is outlined with it, edgeW pixels wide.
func (c *canvas) write(l *lettering, text string, h hand, x, y, size, maxW float64, i, edge ink, edgeW float64) float64 {
	o := l.word(text, h)
	lo, hi := o.extent()
	if len(o) == 0 {
		return 0
	}
	w := (hi.x - lo.x) * size
	if w > maxW {
		size *= maxW / w
		w = maxW
	}
	mid := (lo.x + hi.x) / 2
	placed := o.moved(func(p point) point { return point{x + (p.x-mid)*size, y + p.y*size} })
	if edge.a > 0 && edgeW > 0 {
		for k := range 8 {
			sin, cos := math.Sincos(math.Pi / 4 * float64(k))
			c.fill(placed.moved(func(p point) point { return point{p.x + edgeW*cos, p.y + edgeW*sin} }), edge)
		}
	}
	c.fill(placed, i)
	return w
}

// writeUpright paints text turned by a quarter, reading upwards, or with one character below the other if the
// hand writes a script.
func (c *canvas) writeUpright(l *lettering, text string, h hand, x, y, size, maxH float64, i, edge ink, edgeW float64) {
	if h.script != 0 {
		runes := []rune(text)
		step := min(size*1.15, maxH/float64(len(runes)))
		for k, g := range runes {
			c.write(l, string(g), h, x, y+step*(float64(k)-float64(len(runes)-1)/2), step/1.15, maxH, i, edge, edgeW)
		}
		return
	}
	o := l.word(text, h)
	if len(o) == 0 {
		return
	}
	lo, hi := o.extent()
	if w := (hi.x - lo.x) * size; w > maxH {
		size *= maxH / w
	}
	mid := (lo.x + hi.x) / 2
	turned := o.moved(func(p point) point { return point{x + p.y*size, y - (p.x-mid)*size} })
	if edge.a > 0 && edgeW > 0 {
		for k := range 8 {
			sin, cos := math.Sincos(math.Pi / 4 * float64(k))
			c.fill(turned.moved(func(p point) point { return point{p.x + edgeW*cos, p.y + edgeW*sin} }), edge)
		}
	}
	c.fill(turned, i)
}
