package synth

import (
	"math"
)

// skin is a SKU's look: its label's picture and the colours of the rest of its surface.
type skin struct {
	label   *texture
	metal   rgb     // tint of bare metal
	shine   float32 // of the label: 0 matt, 1 varnish
	metalic float32 // share of metal that shows through the label's inks
	cap     rgb
	print   rgb // plain parts of cartons, cups and lids
	liquid  rgb
	clarity float32 // of the liquid
	tint    rgb     // of clear plastic or glass
	glass   bool
	mean    rgb     // of the whole label
	wrap    float64 // length of the label around the pack, metres
}

// colours of one SKU's label.
type scheme struct{ ground, ground2, accent, text, text2, edge ink }

func (d *design) scheme(f flavour) scheme {
	main := hsv(f.hue, f.sat, f.val)
	deep := hsv(f.hue+8, min(1, f.sat*1.1), f.val*0.6)
	s := scheme{ground: main, ground2: deep, accent: d.house}
	switch {
	case d.dark:
		s.ground, s.ground2, s.accent = black.towards(d.house, 0.15), black.towards(main, 0.3), main
	case d.pale:
		s.ground, s.ground2, s.accent = white.towards(d.house, 0.03), white.towards(main, 0.25), main
	}
	if d.groundAlt && !d.pale && !d.dark {
		s.ground2 = main.towards(white, 0.35)
	}
	contrast := func(on ink) ink {
		if on.lightness() > 0.6 {
			return black.towards(d.house, 0.5)
		}
		return white
	}
	s.text = contrast(s.ground)
	if d.pale {
		s.text = d.house.towards(black, 0.2)
	}
	s.text2 = contrast(s.ground)
	if math.Abs(s.accent.lightness()-s.ground.lightness()) < 0.2 {
		s.accent = s.accent.towards(contrast(s.ground), 0.6)
	}
	s.edge = black.towards(s.ground2, 0.4)
	if s.text.lightness() < 0.5 {
		s.edge = white
	}
	return s
}

// paint draws a SKU's label and settles its colours.
func paint(l *lettering, sku *SKU) *skin {
	d, f := sku.design, sku.flavour
	r := newRandom(d.seed, uint64(sku.index))
	rf := newRandom(d.seed, 0) // what all members of the family share
	s := d.scheme(f)
	const w = 512
	h := int(min(640, max(64, w*sku.shape.labelH/sku.shape.wrap)))
	c := newCanvas(w, h, true)
	p := painter{canvas: c, l: l, d: d, s: s, sku: sku, r: r, family: rf}
	p.background()
	p.panels()
	fronts := []float64{0.5}
	if d.twoFronts {
		fronts = append(fronts, 1)
	}
	for _, at := range fronts {
		p.r = newRandom(d.seed, uint64(sku.index)) // both fronts alike
		p.front(at * c.w)
	}
	k := &skin{label: newTexture(c.img, true), wrap: sku.shape.wrap, liquid: f.liquid.linear(), clarity: float32(f.clarity),
		tint: d.bottleTint.linear(), glass: sku.stuff == stuffGlass, metal: rgb{0.8, 0.81, 0.82}, shine: 0.5, print: white.linear()}
	k.mean = k.label.at(0.5, 0.5, 1)
	k.cap = d.capInk.linear()
	if d.capFlavour {
		k.cap = s.ground.towards(s.accent, 0.3).linear()
		if d.pale || d.dark {
			k.cap = s.accent.linear()
		}
	}
	switch sku.stuff {
	case stuffMetal:
		k.shine, k.metalic = 0.9, float32(d.metalShow)
	case stuffPaper:
		k.shine = 0.25
		k.print = s.ground.linear()
	case stuffFilm:
		k.shine = 0.8
		k.print = s.ground2.linear()
	}
	return k
}

type painter struct {
	*canvas
	l      *lettering
	d      *design
	s      scheme
	sku    *SKU
	r      random
	family random
}

func (p *painter) background() {
	s, d, r := p.s, p.d, p.family
	w, h := p.w, p.h
	p.flood(s.ground)
	switch d.ground {
	case groundFade:
		p.gradient(s.ground, s.ground2)
	case groundRays:
		for _, cx := range []float64{0.5 * w, w} {
			n := d.count + 8
			for i := range n {
				a := 2 * math.Pi * float64(i) / float64(n)
				b := a + math.Pi/float64(n)
				R := 0.27 * w
				cy := h * d.signY
				q := outline{{{cx, cy}, {cx + R*3*math.Sin(a), cy - R*3*math.Cos(a)}, {cx + R*3*math.Sin(b), cy - R*3*math.Cos(b)}}}
				p.canvas.fillClipped(q, cx-w/4, cx+w/4, s.ground2)
			}
		}
	case groundDiagonal:
		n := d.count
		lean := h * d.tilt / 20
		for i := range n {
			x0 := w * float64(i) / float64(n)
			x1 := x0 + w/float64(n)*0.5
			p.fill(outline{{{x0, 0}, {x1, 0}, {x1 + lean, h}, {x0 + lean, h}}}, s.ground2)
		}
	case groundStripes:
		n := 2 + d.count/3
		for i := range n {
			y := h * float64(i) / float64(n)
			p.rect(0, y, w, y+h/float64(n)*r.in(0.2, 0.6), s.ground2)
		}
	case groundWaves:
		for i := range 2 + d.count/4 {
			p.wave(h*(0.45+0.16*float64(i)), h*r.in(0.03, 0.1), h*r.in(0.06, 0.7), 2*r.between(1, 2), r.in(0, 1), s.ground2.towards(s.accent, 0.2*float64(i)))
		}
	case groundDots:
		n := d.count + 6
		step := w / float64(n)
		for i := range n {
			for j := 0; float64(j)*step*0.87 < h; j++ {
				size := step * 0.36 * (0.3 + 0.7*float64(j)*step*0.87/h)
				p.fill(disc().at((float64(i)+0.5*float64(j%2))*step, (float64(j)+0.5)*step*0.87, size, 0), s.ground2)
			}
		}
	case groundHex:
		n := d.count/2*2 + 4
		step := w / float64(n)
		for i := range n {
			for j := 0; float64(j)*step*0.87 < h+step; j++ {
				p.fill(polygon(6, 0).at((float64(i)+0.5*float64(j%2))*step, float64(j)*step*0.87, step*0.52, 0), s.ground2.towards(s.ground, r.in(0, 1)))
			}
		}
	case groundBlobs:
		for range d.count {
			p.fill(blob(r, 0.25).at(r.in(0, w), r.in(0, h), h*r.in(0.06, 0.25), 0), s.ground2.towards(s.accent, r.in(0, 0.5)).alpha(r.in(0.4, 1)))
		}
	case groundSplit:
		y := h * r.in(0.35, 0.65)
		p.rect(0, y, w, h, s.ground2)
		p.rect(0, y-0.012*h, w, y+0.012*h, s.accent)
	case groundArch:
		y := h * r.in(0.5, 0.68)
		p.wave(y, h*0.1, h, 2, 0.25, s.accent.towards(s.ground2, 0.3))
		p.wave(y-0.03*h, h*0.1, h*0.015, 2, 0.25, s.ground2)
	case groundPhoto:
		ph := [6]float64{}
		for i := range ph {
			ph[i] = r.in(0, 2*math.Pi)
		}
		p.each(func(u, v float64) ink {
			a := math.Sin(2*math.Pi*u*2+ph[0]+3*math.Sin(4*v+ph[1])) + math.Sin(5*v+ph[2]+2*math.Sin(2*math.Pi*u*3+ph[3]))
			return s.ground.towards(s.ground2, clamp01(0.5+a/4))
		})
	}
	if d.houseTop {
		p.rect(0, 0, w, h*r.in(0.1, 0.2), d.house)
	}
	if r.chance(0.4) {
		y := h * r.in(0.86, 0.94)
		p.rect(0, y, w, h, s.accent)
	}
	if r.chance(0.3) {
		p.rect(0, h*0.03, w, h*0.05, s.accent)
	}
}

// fillClipped cuts the outline's x to [x0, x1]; exact for shapes that fan out from a point inside.
func (c *canvas) fillClipped(o outline, x0, x1 float64, i ink) {
	c.fill(outline{clipX(clipX(o[0], x0, 1), x1, -1)}, i)
}

// clipX keeps the part of a polygon with sign·x ≥ sign·at.
func clipX(p []point, at, sign float64) []point {
	var out []point
	for i, a := range p {
		b := p[(i+1)%len(p)]
		ina, inb := sign*(a.x-at) >= 0, sign*(b.x-at) >= 0
		if ina {
			out = append(out, a)
		}
		if ina != inb {
			t := (at - a.x) / (b.x - a.x)
			out = append(out, point{at, a.y + (b.y-a.y)*t})
		}
	}
	return out
}

func (p *painter) front(cx float64) {
	d, s, w, h := p.d, p.s, p.w, p.h
	r := newRandom(d.seed, 7)
	f := p.sku.flavour
	half := 0.17 * w // what is well seen from the front
	if p.sku.shape.box != nil {
		half = 0.47 * p.sku.shape.w / p.sku.shape.wrap * w
	}
	unit := min(h, 2.2*half)
	sign := hsv(f.hue, f.sat, f.val)
	if math.Abs(sign.lightness()-s.ground.lightness()) < 0.25 {
		sign = sign.towards(white, 0.55)
		if s.ground.lightness() > 0.5 {
			sign = hsv(f.hue, 1, 0.5)
		}
	}
	switch d.emblem {
	case 1:
		p.fill(bolt(d.count).at(cx, 0.5*h, 0.42*h, d.tilt/2), s.accent)
	case 2:
		p.fill(splash(r).at(cx, d.signY*h, 1.7*d.signSize*unit, 0), white.alpha(0.85))
	case 3:
		p.fill(ringShape(0.86).at(cx, d.brandY*h, 0.4*unit, 0), s.accent)
	case 4:
		p.fill(mountain(r).at(cx, d.signY*h, 0.3*unit, 0), s.accent.towards(white, 0.2))
	case 5:
		p.fill(shield().at(cx, 0.48*h, 0.42*unit, 0), s.ground2.towards(s.accent, 0.4))
	case 6:
		p.fill(star(r.between(5, 9), r.in(0.4, 0.7)).at(cx, d.signY*h, 1.5*d.signSize*unit, 0), s.accent)
	case 7:
		p.fill(ellipse(0.8, 1).at(cx, 0.5*h, 0.46*unit, 0), s.accent.towards(s.ground, 0.3))
	}
	p.fruit(r, f.sign, cx+r.in(-0.3, 0.3)*half, d.signY*h, d.signSize*unit, sign)

	text := s.text
	size := d.brandSize * unit
	y := d.brandY * h
	switch d.plate {
	case 1:
		p.rect(cx-half, y-0.8*size, cx+half, y+0.8*size, s.accent)
	case 2:
		p.fill(ellipse(1, 0.45).at(cx, y, half, 0), s.accent)
	case 3:
		p.fill(outline{{{cx - 1.1*half, y - 0.5*size}, {cx + half, y - 0.95*size}, {cx + 1.1*half, y + 0.5*size}, {cx - half, y + 0.95*size}}}, s.accent)
	case 4:
		p.rect(0, y-0.75*size, w, y+0.75*size, s.accent)
	case 5:
		p.fill(disc().at(cx, y, 0.9*half, 0), s.accent)
		p.fill(disc().at(cx, y, 0.82*half, 0), s.ground)
	}
	if d.plate >= 1 && d.plate <= 4 {
		text = white
		if s.accent.lightness() > 0.62 {
			text = black.towards(d.house, 0.4)
		}
	}
	edge := ink{}
	if d.edge > 0 {
		edge = s.edge
	}
	if d.upright {
		p.writeUpright(p.l, p.sku.Brand, d.brandHand, cx, 0.45*h, 1.6*size, 0.72*h, text, edge, d.edge*unit)
		p.writeUpright(p.l, p.sku.BrandZH, d.hanHand, cx+0.8*half, 0.3*h, 0.5*size, 0.4*h, text, ink{}, 0)
	} else {
		p.write(p.l, p.sku.Brand, d.brandHand, cx, y, size, 1.9*half, text, edge, d.edge*unit)
		p.write(p.l, p.sku.BrandZH, d.hanHand, cx, y+1.15*size, 0.55*size, half, text, ink{}, 0)
	}
	fy := d.flavY * h
	fs := 0.075 * unit
	ft := s.text2
	if d.textEdge {
		p.rect(cx-0.75*half, fy-1.1*fs, cx+0.75*half, fy+2.4*fs, s.ground2.towards(s.accent, 0.5))
		ft = white
	}
	p.write(p.l, p.sku.Flavour, d.flavHand, cx, fy, fs, 1.7*half, ft, ink{}, 0)
	p.write(p.l, p.sku.FlavourZH, d.hanHand, cx, fy+1.6*fs, 1.1*fs, 1.2*half, ft, ink{}, 0)
	p.write(p.l, p.sku.Net, hand{face: faceBold, stretch: 1}, cx+0.6*half, 0.955*h, 0.04*unit, half, s.text2, ink{}, 0)
}

// panels paints what stands at the sides: the nutrition table, small print and the bar code.
func (p *painter) panels() {
	r, w, h := p.family, p.w, p.h
	table, code := 0.76, 0.24
	if !p.d.twoFronts {
		table, code = 0.9, 0.13
	}
	if p.sku.shape.box != nil {
		side := (p.sku.shape.w + p.sku.shape.d) / 2 / p.sku.shape.wrap
		table, code = 0.5+side, 0.5-side
	}
	half := 0.085 * w
	if p.sku.shape.box != nil {
		half = min(half, 0.42*p.sku.shape.d/p.sku.shape.wrap*w)
	}
	y0, y1 := h*r.in(0.1, 0.25), h*r.in(0.7, 0.88)
	paper, print := white, black
	if r.chance(0.35) {
		paper, print = p.s.ground.alpha(0), p.s.text2
	}
	cx := table * w
	p.rect(cx-half, y0, cx+half, y1, paper)
	rows := r.between(7, 12)
	step := (y1 - y0) / float64(rows+1)
	for i := range rows {
		y := y0 + step*(float64(i)+0.7)
		p.rect(cx-0.9*half, y, cx-0.9*half+half*r.in(0.4, 0.9), y+0.35*step, print.alpha(0.75))
		p.rect(cx+0.9*half-half*r.in(0.2, 0.5), y, cx+0.9*half, y+0.35*step, print.alpha(0.75))
		if i%2 == 0 {
			p.rect(cx-0.95*half, y+0.7*step, cx+0.95*half, y+0.78*step, print.alpha(0.5))
		}
	}
	cx = code * w
	p.rect(cx-half, y0, cx+half, y1, paper)
	for i := range rows / 2 {
		y := y0 + step*(float64(i)+0.7)
		p.rect(cx-0.9*half, y, cx-0.9*half+1.8*half*r.in(0.6, 1), y+0.35*step, print.alpha(0.7))
	}
	p.barcode(cx-0.85*half, y0+0.55*(y1-y0), 1.7*half, 0.38*(y1-y0))
}

// barcode paints the SKU's GTIN as EAN-13 bars.
func (p *painter) barcode(x, y, w, h float64) {
	p.rect(x-0.04*w, y-0.03*h, x+1.04*w, y+1.05*h, white)
	for i, dark := range ean13(string(p.sku.GTIN)) {
		if dark {
			p.rect(x+w*float64(i)/95, y, x+w*float64(i+1)/95, y+0.85*h, black)
		}
	}
	p.write(p.l, string(p.sku.GTIN), hand{face: faceMono, stretch: 0.8}, x+w/2, y+0.95*h, 0.12*h, w, black, ink{}, 0)
}

// ean13 gives the 95 modules of a bar code, true for dark. Source: GS1 General Specifications, 5.2.
func ean13(digits string) []bool {
	if len(digits) != 13 {
		return nil
	}
	left := [10]string{"0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"}
	parity := [10]string{"LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL"}
	var out []bool
	add := func(bits string) {
		for _, b := range bits {
			out = append(out, b == '1')
		}
	}
	add("101")
	for i := range 6 {
		l := left[digits[i+1]-'0']
		if parity[digits[0]-'0'][i] == 'G' { // the right-hand code, mirrored
			g := make([]byte, 7)
			for k := range g {
				g[k] = '0' + '1' - l[6-k]
			}
			l = string(g)
		}
		add(l)
	}
	add("01010")
	for i := range 6 {
		l := []byte(left[digits[i+7]-'0'])
		for k := range l {
			l[k] = '0' + '1' - l[k]
		}
		add(string(l))
	}
	add("101")
	return out
}
