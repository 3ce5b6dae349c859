package synth

import "math"

// Motifs are drawn around the origin in a circle of radius one, with y down.

func disc() outline { return ellipse(1, 1) }

func ellipse(rx, ry float64) outline {
	const n = 28
	p := make([]point, n)
	for i := range p {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / n)
		p[i] = point{rx * cos, ry * sin}
	}
	return outline{p}
}

func ringShape(inner float64) outline {
	o := append(disc(), ellipse(inner, inner)...)
	p := o[1]
	for a, b := 0, len(p)-1; a < b; a, b = a+1, b-1 {
		p[a], p[b] = p[b], p[a]
	}
	return o
}

func star(points int, inner float64) outline {
	p := make([]point, 2*points)
	for i := range p {
		r := 1.0
		if i%2 == 1 {
			r = inner
		}
		sin, cos := math.Sincos(math.Pi * float64(i) / float64(points))
		p[i] = point{r * sin, -r * cos}
	}
	return outline{p}
}

func polygon(n int, turn float64) outline {
	p := make([]point, n)
	for i := range p {
		sin, cos := math.Sincos(2*math.Pi*float64(i)/float64(n) + turn)
		p[i] = point{sin, -cos}
	}
	return outline{p}
}

func bolt(kind int) outline {
	if kind%2 == 0 {
		return outline{{{0.15, -1}, {-0.45, 0.08}, {-0.05, 0.08}, {-0.3, 1}, {0.5, -0.22}, {0.08, -0.22}, {0.45, -1}}}
	}
	return outline{{{0.3, -1}, {-0.4, -0.1}, {0.02, -0.05}, {-0.25, 0.4}, {0.02, 0.42}, {-0.4, 1}, {0.45, 0.18}, {0.16, 0.14}, {0.5, -0.35}, {0.1, -0.4}}}
}

func leaf() outline {
	var p []point
	const n = 10
	for i := 0; i <= n; i++ {
		t := float64(i) / n
		p = append(p, point{-1 + 2*t, -0.45 * math.Sin(math.Pi*t)})
	}
	for i := n - 1; i > 0; i-- {
		t := float64(i) / n
		p = append(p, point{-1 + 2*t, 0.4 * math.Sin(math.Pi*t)})
	}
	return outline{p}
}

func drop() outline {
	var p []point
	for i := range 28 {
		a := 2 * math.Pi * float64(i) / 28
		r := 0.62
		x, y := r*math.Sin(a), -r*math.Cos(a)+0.3
		if y < 0.3 {
			k := (0.3 - y) / r
			x *= 1 - 0.75*k*k
			y -= 0.7 * k * k
		}
		p = append(p, point{x, y})
	}
	return outline{p}
}

func heart() outline {
	var p []point
	for i := range 32 {
		t := 2 * math.Pi * float64(i) / 32
		s := math.Sin(t)
		p = append(p, point{s * s * s, -(13*math.Cos(t) - 5*math.Cos(2*t) - 2*math.Cos(3*t) - math.Cos(4*t)) / 16})
	}
	return outline{p}
}

func shield() outline {
	return outline{{{-0.8, -0.9}, {0, -1}, {0.8, -0.9}, {0.8, 0.1}, {0.55, 0.6}, {0, 1}, {-0.55, 0.6}, {-0.8, 0.1}}}
}

func mountain(r random) outline {
	p := []point{{-1.6, 0.7}}
	for i := range 7 {
		x := -1.3 + 2.6*float64(i)/6
		y := 0.5 - r.in(0, 0.4)
		if i%2 == 1 {
			y = -r.in(0.2, 1)
		}
		p = append(p, point{x, y})
	}
	return outline{append(p, point{1.6, 0.7})}
}

// blob returns a random rounded shape; rough sets how far it strays from the circle.
func blob(r random, rough float64) outline {
	var amp, ph [5]float64
	for k := range amp {
		amp[k] = r.in(-1, 1) * rough / float64(k+1)
		ph[k] = r.in(0, 2*math.Pi)
	}
	p := make([]point, 40)
	for i := range p {
		a := 2 * math.Pi * float64(i) / 40
		rad := 0.85
		for k := range amp {
			rad += amp[k] * math.Sin(float64(k+2)*a+ph[k])
		}
		p[i] = point{rad * math.Cos(a), rad * math.Sin(a)}
	}
	return outline{p}
}

func splash(r random) outline {
	n := r.between(7, 13)
	p := make([]point, 0, 4*n)
	for i := range n {
		a := 2 * math.Pi * float64(i) / float64(n)
		w := 2 * math.Pi / float64(n)
		long := r.in(0.65, 1)
		for _, q := range [4][2]float64{{-0.5, 0.5}, {-0.2, long * 0.8}, {0, long}, {0.2, long * 0.8}} {
			p = append(p, point{q[1] * math.Cos(a+q[0]*w), q[1] * math.Sin(a+q[0]*w)})
		}
	}
	return outline{p}
}

// fruitKind is the emblem of a flavour.
type fruitKind int

const (
	fruitCitrus fruitKind = iota
	fruitRound
	fruitBerries
	fruitLeaves
	fruitBolt
	fruitDrop
	fruitGrain
	fruitHeart
	fruitKinds
)

// fruit paints the emblem of a flavour at (x, y) with radius s.
func (c *canvas) fruit(r random, kind fruitKind, x, y, s float64, main ink) {
	dark, light := main.towards(black, 0.35), main.towards(white, 0.55)
	green := hsv(r.in(95, 140), 0.7, r.in(0.45, 0.7))
	switch kind {
	case fruitCitrus:
		if r.chance(0.5) {
			c.fill(disc().at(x+0.35*s, y-0.1*s, 0.75*s, 0), main.towards(dark, 0.2))
			c.fill(leaf().at(x+0.6*s, y-0.95*s, 0.35*s, -30), green)
		}
		c.fill(disc().at(x-0.15*s, y+0.15*s, 0.75*s, 0), main)
		c.fill(disc().at(x-0.15*s, y+0.15*s, 0.68*s, 0), white.alpha(0.92))
		for i := range 9 {
			a := 2 * math.Pi * float64(i) / 9
			seg := outline{{{0, 0}, {math.Cos(a - 0.29), math.Sin(a - 0.29)}, {1.05 * math.Cos(a), 1.05 * math.Sin(a)}, {math.Cos(a + 0.29), math.Sin(a + 0.29)}}}
			c.fill(seg.at(x-0.15*s, y+0.15*s, 0.58*s, 0), main)
		}
	case fruitRound:
		for i := range r.between(1, 2) {
			dx := 0.45 * s * float64(i)
			c.fill(disc().at(x-0.1*s+dx, y+0.1*s+0.3*dx, 0.7*s, 0), main)
			c.fill(ellipse(0.5, 0.35).at(x-0.3*s+dx, y-0.12*s, 0.45*s, -30), light.alpha(0.6))
			c.fill(leaf().at(x+0.2*s+dx, y-0.7*s, 0.4*s, -25), green)
		}
	case fruitBerries:
		for i := range r.between(3, 7) {
			a := float64(i) * 2.4
			d := 0.3 * s * math.Sqrt(float64(i))
			bx, by := x+d*math.Cos(a), y+0.15*s+d*math.Sin(a)
			c.fill(disc().at(bx, by, 0.34*s, 0), dark)
			c.fill(disc().at(bx, by, 0.3*s, 0), main)
			c.fill(disc().at(bx-0.09*s, by-0.1*s, 0.09*s, 0), light)
		}
		c.fill(leaf().at(x, y-0.6*s, 0.4*s, r.in(-40, 10)), green)
	case fruitLeaves:
		for i := range r.between(2, 5) {
			a := -90 + (float64(i)-1.5)*40 + r.in(-10, 10)
			sin, cos := math.Sincos(a * math.Pi / 180)
			c.fill(leaf().at(x+0.5*s*cos, y+0.5*s*sin+0.3*s, 0.55*s, a), main.towards(green, r.in(0, 0.8)))
		}
	case fruitBolt:
		c.fill(bolt(r.IntN(2)).at(x, y, s, r.in(-12, 12)), main)
	case fruitDrop:
		for i := range r.between(1, 3) {
			c.fill(drop().at(x+(float64(i)-0.5)*0.6*s, y+0.2*s*float64(i%2), s*(0.9-0.2*float64(i)), 0), main.towards(light, 0.3*float64(i)))
		}
		c.fill(ellipse(0.25, 0.4).at(x-0.45*s, y+0.1*s, 0.4*s, 20), white.alpha(0.6))
	case fruitGrain:
		for i := range 6 {
			side := float64(1 - 2*(i%2))
			c.fill(leaf().at(x+side*0.22*s, y+0.6*s-0.28*s*float64(i/2*2)*0.7, 0.32*s, -60*side-90*(1-side)/2), main)
		}
		c.rect(x-0.03*s, y-0.7*s, x+0.03*s, y+s, dark)
	default:
		c.fill(heart().at(x, y, 0.8*s, 0), main)
		c.fill(ellipse(0.3, 0.2).at(x-0.35*s, y-0.35*s, 0.5*s, -40), light.alpha(0.7))
	}
}
