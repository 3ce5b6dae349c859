package synth

import (
	"math"
)

// skin is the look of a SKU: the picture of its label and the colours of the rest of its surface.
type skin struct {
	label   *texture
	metal   rgb     // tint of bare metal
	shine   float32 // of the label: 0 is matt, 1 is varnished
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

// scheme holds the colours of one SKU's label.
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

// paint draws a SKU's label and chooses its colours.
func paint(l *lettering, sku *SKU) *skin {
	d, f := sku.design, sku.flavour
	r := newRandom(d.seed, uint64(sku.index))
	rf := newRandom(d.seed, 0) // for what all members of the family share
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
		p.r = newRandom(d.seed, uint64(sku.index)) // so that both fronts are alike
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

func (p *painter) front(cx float64) {
	d, s, w, h := p.d, p.s, p.w, p.h
	r := newRandom(d.seed, 7)
	f := p.sku.flavour
	half := 0.17 * w // the width that is well visible from the front
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
	if d.halo {
		for k := range 4 {
			p.fill(disc().at(cx, d.signY*h, (1.9-0.3*float64(k))*d.signSize*unit, 0), white.alpha(0.16))
		}
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
	p.trimmings(r, cx, half, unit)
	p.write(p.l, p.sku.Net, hand{face: faceBold, stretch: 1}, cx+0.6*half, 0.955*h, 0.04*unit, half, s.text2, ink{}, 0)
}

// trimmings paints the small things on a front: a badge, a slogan, small print.
func (p *painter) trimmings(r random, cx, half, unit float64) {
	d, s, h := p.d, p.s, p.h
	plain := hand{face: faceMedium, stretch: 0.95}
	x, y, size := cx+pick(r, -0.68, 0.68)*half, h*r.in(0.08, 0.9), 0.085*unit
	on := white
	if d.badgeInk.lightness() > 0.6 {
		on = black
	}
	switch d.badge {
	case 1:
		p.fill(disc().at(x, y, size, 0), d.badgeInk)
	case 2:
		p.fill(star(12, 0.8).at(x, y, 1.1*size, 0), d.badgeInk)
	case 3:
		p.rect(x-1.1*size, y-0.55*size, x+1.1*size, y+0.55*size, d.badgeInk)
	case 4:
		p.fill(outline{{{x - 1.2*size, y - 0.2*size}, {x + size, y - 0.7*size}, {x + 1.2*size, y + 0.2*size}, {x - size, y + 0.7*size}}}, d.badgeInk)
	}
	if d.badge > 0 {
		p.write(p.l, d.badgeText, plain, x, y, 0.6*size, 1.5*size, on, ink{}, 0)
	}
	if d.slogan != "" {
		p.write(p.l, d.slogan, plain, cx, h*r.in(0.05, 0.95), 0.035*unit, 1.5*half, s.text2, ink{}, 0)
	}
	for k := range d.smallPrint {
		y := h * (0.985 - 0.018*float64(k))
		p.rect(cx-half*r.in(0.2, 0.9), y, cx+half*r.in(0, 0.4), y+0.008*h, s.text2.alpha(0.7))
	}
}
