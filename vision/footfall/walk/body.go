package walk

import "math"

type vec struct{ x, y, z float64 }

func (a vec) plus(b vec) vec      { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) minus(b vec) vec     { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) times(s float64) vec { return vec{s * a.x, s * a.y, s * a.z} }
func (a vec) dot(b vec) float64   { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) unit() vec           { return a.times(1 / math.Sqrt(a.dot(a))) }

// colour is blue, green and red, 0 to 255.
type colour [3]float64

// rod is a cylinder with round ends, or a ball if both ends are the same.
type rod struct {
	a, b   vec
	radius float64
	c      colour
}

// body returns the rods of a person in frame f.
func (w walker) body(f int) []rod {
	p, ahead := w.place(f), w.place(f+1).minus(w.place(f))
	if ahead.dot(ahead) == 0 {
		ahead = w.to.minus(w.from)
	}
	ahead = ahead.unit()
	side := vec{-ahead.y, ahead.x, 0}
	k := w.tall / 1.75
	swing := math.Sin(w.gait + float64(f)*2*math.Pi*0.9/Rate) // a stride takes 1.1 s
	at := func(forward, left, up float64) vec {
		return p.plus(ahead.times(k * forward)).plus(side.times(k * left)).plus(vec{0, 0, k * up})
	}
	skin, hair, shirt, trousers, shoes := w.wear[0], w.wear[1], w.wear[2], w.wear[3], w.wear[4]
	list := []rod{
		{at(0.02, 0, 1.61), at(0.02, 0, 1.57), 0.105 * k, skin},
		{at(-0.025, 0, 1.65), at(-0.03, 0, 1.62), 0.11 * k, hair},
		{at(0, 0, 1.45), at(0, 0, 1.5), 0.06 * k, skin},
		{at(0, 0.15, 1.38), at(0, -0.15, 1.38), 0.1 * k, shirt},
		{at(0, 0.07, 1.32), at(0, 0.06, 0.98), 0.13 * k, shirt},
		{at(0, -0.07, 1.32), at(0, -0.06, 0.98), 0.13 * k, shirt},
	}
	for _, left := range []float64{1, -1} {
		s := swing * left
		hip, knee, foot := at(0, 0.09*left, 0.92), at(0.16*s+0.04, 0.09*left, 0.5), at(0.3*s-0.04, 0.09*left, 0.08)
		shoulder, elbow, hand := at(0, 0.22*left, 1.36), at(-0.12*s, 0.25*left, 1.1), at(-0.26*s+0.08, 0.25*left, 0.88)
		list = append(list,
			rod{hip, knee, 0.085 * k, trousers}, rod{knee, foot, 0.06 * k, trousers}, rod{foot, foot.plus(ahead.times(0.16 * k)), 0.05 * k, shoes},
			rod{shoulder, elbow, 0.055 * k, shirt}, rod{elbow, hand, 0.045 * k, skin})
	}
	return list
}

// hit returns how far along a ray it meets the rod; ok is false if it does not. After Quilez, "capsule -
// intersection".
func (r rod) hit(from, ray vec) (float64, bool) {
	ba, oa := r.b.minus(r.a), from.minus(r.a)
	baba, bard, baoa, rdoa, oaoa := ba.dot(ba), ba.dot(ray), ba.dot(oa), ray.dot(oa), oa.dot(oa)
	if baba > 0 {
		a := baba - bard*bard
		b := baba*rdoa - baoa*bard
		c := baba*oaoa - baoa*baoa - r.radius*r.radius*baba
		h := b*b - a*c
		if h < 0 {
			return 0, false
		}
		t := (-b - math.Sqrt(h)) / a
		if y := baoa + t*bard; y > 0 && y < baba {
			return t, true
		} else if y > 0 {
			oa = from.minus(r.b)
		}
	}
	b, c := ray.dot(oa), oa.dot(oa)-r.radius*r.radius
	h := b*b - c
	if h < 0 {
		return 0, false
	}
	return -b - math.Sqrt(h), true
}

// facing returns the surface normal at a point of the rod.
func (r rod) facing(p vec) vec {
	ba := r.b.minus(r.a)
	s := 0.0
	if d := ba.dot(ba); d > 0 {
		s = math.Max(0, math.Min(1, p.minus(r.a).dot(ba)/d))
	}
	return p.minus(r.a.plus(ba.times(s))).times(1 / r.radius)
}
