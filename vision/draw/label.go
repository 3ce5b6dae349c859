package draw

import (
	"image"
	"image/color"
	"os"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// cjkFonts are the paths at which Debian installs a font with Chinese characters. Without one of them only the
// Latin part of a name is drawn.
var cjkFonts = []string{
	"/usr/share/fonts/opentype/noto/NotoSansCJK-Medium.ttc",
	"/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
	"/usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
	"/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
}

// lettering draws text in one size. The font for wide characters is opened when the first one is needed.
type lettering struct {
	size   float64
	latin  font.Face
	wide   font.Face
	opened bool
}

func newLettering(size float64) *lettering {
	l := &lettering{size: size}
	if parsed, err := opentype.Parse(gomedium.TTF); err == nil {
		l.latin, _ = opentype.NewFace(parsed, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingVertical})
	}
	return l
}

func isWide(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
}

func (l *lettering) face(r rune) font.Face {
	if !isWide(r) {
		return l.latin
	}
	if !l.opened {
		l.opened = true
		for _, path := range cjkFonts {
			data, err := os.ReadFile(path)
			if err != nil {
				continue
			}
			if set, err := opentype.ParseCollection(data); err == nil {
				if one, err := set.Font(0); err == nil {
					l.wide, _ = opentype.NewFace(one, &opentype.FaceOptions{Size: l.size, DPI: 72, Hinting: font.HintingNone})
					break
				}
			}
		}
	}
	return l.wide
}

// glyphs returns the letters of text that can be drawn.
func (l *lettering) glyphs(text string) []rune {
	var out []rune
	for _, r := range text {
		if f := l.face(r); f != nil {
			out = append(out, r)
		}
	}
	return out
}

func (l *lettering) width(text []rune) int {
	var w fixed.Int26_6
	for _, r := range text {
		if a, ok := l.face(r).GlyphAdvance(r); ok {
			w += a
		}
	}
	return w.Ceil()
}

// cut shortens text to a width in pixels, ending it with an ellipsis. It returns nil if not even three letters
// fit.
func (l *lettering) cut(text string, width int) []rune {
	runes := l.glyphs(text)
	if l.width(runes) <= width {
		return runes
	}
	for n := len(runes) - 1; n >= 3; n-- {
		short := append(append([]rune(nil), runes[:n]...), '…')
		if l.width(short) <= width {
			return short
		}
	}
	return nil
}

func (l *lettering) write(dst *image.RGBA, x, baseline int, text []rune, ink color.Color) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(ink), Dot: fixed.P(x, baseline)}
	for _, r := range text {
		d.Face = l.face(r)
		d.DrawString(string(r))
	}
}

// place is where a chip is tried first.
type place int

const (
	atTop place = iota
	atBottom
)

// chip writes a label in or at a box: at the place that first names or, if another chip is there, at any other
// free place. If there is none, the label is left out.
func (c *canvas) chip(b shelf.Box, text string, ink color.NRGBA, first place) {
	if c.text.latin == nil {
		return
	}
	pad := int(4 * c.unit)
	height := int(c.text.size*1.35) + pad/2
	room := max(b.W-2, int(46*c.unit))
	words := c.text.cut(text, room-2*pad-int(5*c.unit))
	if len(words) == 0 {
		return
	}
	width := c.text.width(words) + 2*pad + int(5*c.unit)
	x := b.X + (b.W-width)/2
	top, bottom := b.Y+1, b.Y+b.H-height-1
	tries := []int{top, bottom, top + height + 1, bottom - height - 1, b.Y - height - 1, b.Y + b.H + 1}
	if first == atBottom {
		tries = []int{bottom, bottom - height - 1, top, top + height + 1, b.Y + b.H + 1, b.Y - height - 1}
	}
	for _, y := range tries {
		r := image.Rect(x, y, x+width, y+height)
		r = r.Add(image.Pt(max(0, -r.Min.X)-max(0, r.Max.X-c.img.Rect.Max.X), 0))
		if r.Min.Y < 0 || r.Max.Y > c.img.Rect.Max.Y || c.overlaps(r) {
			continue
		}
		c.taken = append(c.taken, r)
		c.plate(r, ink)
		c.text.write(c.img, r.Min.X+pad+int(5*c.unit), r.Max.Y-(height-int(c.text.size*0.72))/2, words, chipText)
		return
	}
}

func (c *canvas) overlaps(r image.Rectangle) bool {
	for _, t := range c.taken {
		if t.Overlaps(r) {
			return true
		}
	}
	return false
}

// plate draws a chip's dark background with a bar in the state's colour at its left.
func (c *canvas) plate(r image.Rectangle, ink color.NRGBA) {
	c.fill(r, chipBack, func(z *vector.Rasterizer, ox, oy float32) {
		rounded(z, float32(r.Min.X)-ox, float32(r.Min.Y)-oy, float32(r.Max.X)-ox, float32(r.Max.Y)-oy, 3*c.unit, false)
	})
	bar := image.Rect(r.Min.X+int(2*c.unit), r.Min.Y+int(3*c.unit), r.Min.X+int(2*c.unit)+max(2, int(3*c.unit)), r.Max.Y-int(3*c.unit))
	c.fill(bar, ink, func(z *vector.Rasterizer, ox, oy float32) {
		rounded(z, float32(bar.Min.X)-ox, float32(bar.Min.Y)-oy, float32(bar.Max.X)-ox, float32(bar.Max.Y)-oy, c.unit, false)
	})
}

// headline writes one line at the top left.
func (c *canvas) headline(text string) {
	if c.text.latin == nil {
		return
	}
	words := c.text.glyphs(text)
	pad := int(7 * c.unit)
	height := int(c.text.size*1.5) + pad
	r := image.Rect(pad, pad, 3*pad+c.text.width(words), pad+height)
	c.fill(r, chipBack, func(z *vector.Rasterizer, ox, oy float32) {
		rounded(z, float32(r.Min.X)-ox, float32(r.Min.Y)-oy, float32(r.Max.X)-ox, float32(r.Max.Y)-oy, 5*c.unit, false)
	})
	c.text.write(c.img, r.Min.X+pad, r.Max.Y-(height-int(c.text.size*0.72))/2, words, chipText)
}
