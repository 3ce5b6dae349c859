package synth

import "math"

// limb is a rod with round ends of two radii: an arm, a finger, a torso, a head.
type limb struct {
	a, b   vec
	ra, rb float64
	mat    *material
}

func (c *limb) bounds() aabb {
	ea, eb := vec{X: c.ra, Y: c.ra, Z: c.ra}, vec{X: c.rb, Y: c.rb, Z: c.rb}
	return emptyBox().with(c.a.Sub(ea)).with(c.a.Add(ea)).with(c.b.Sub(eb)).with(c.b.Add(eb))
}

// intersect follows Quilez, "rounded cone - intersection".
func (c *limb) intersect(r *ray, h *hit) bool {
	ba, oa, ob := c.b.Sub(c.a), r.o.Sub(c.a), r.o.Sub(c.b)
	rr := c.ra - c.rb
	m0, m1, m2 := ba.Dot(ba), ba.Dot(oa), ba.Dot(r.d)
	m3, m5 := r.d.Dot(oa), oa.Dot(oa)
	if d2 := m0 - rr*rr; d2 > 0 { // otherwise one end lies within the other
		k2 := d2 - m2*m2
		k1 := d2*m3 - m1*m2 + m2*rr*c.ra
		k0 := d2*m5 - m1*m1 + m1*rr*c.ra*2 - m0*c.ra*c.ra
		disc := k1*k1 - k0*k2
		if disc < 0 {
			return false
		}
		t := (-math.Sqrt(disc) - k1) / k2
		if y := m1 - c.ra*rr + t*m2; y > 0 && y < d2 {
			return c.accept(h, t, oa.Add(r.d.Scale(t)).Scale(d2).Sub(ba.Scale(y)).Unit())
		}
	}
	m6, m7 := ob.Dot(r.d), ob.Dot(ob)
	found := false
	if h1 := m3*m3 - m5 + c.ra*c.ra; h1 > 0 {
		t := -m3 - math.Sqrt(h1)
		found = c.accept(h, t, oa.Add(r.d.Scale(t)).Scale(1/c.ra))
	}
	if h2 := m6*m6 - m7 + c.rb*c.rb; h2 > 0 {
		t := -m6 - math.Sqrt(h2)
		found = c.accept(h, t, ob.Add(r.d.Scale(t)).Scale(1/c.rb)) || found
	}
	return found
}

func (c *limb) accept(h *hit, t float64, n vec) bool {
	if !(t > 1e-6 && t < h.t) {
		return false
	}
	h.t, h.n, h.region, h.u, h.v = t, n, regionPlain, 0, 0
	return true
}
