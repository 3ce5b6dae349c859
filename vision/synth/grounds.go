package synth

import "math"

// background paints the pattern of the label's background.
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

// fillClipped fills the outline, clipped to x in [x0, x1]. It is exact for shapes that fan out from a point
// inside.
func (c *canvas) fillClipped(o outline, x0, x1 float64, i ink) {
	c.fill(outline{clipX(clipX(o[0], x0, 1), x1, -1)}, i)
}

// clipX returns the part of a polygon with sign·x ≥ sign·at.
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
