package synth

import "math"

// slab is an axis-aligned box of one material, or with a picture on its front (−y) face.
type slab struct {
	box aabb
	mat *material
}

func (s *slab) bounds() aabb { return s.box }

func (s *slab) intersect(r *ray, h *hit) bool {
	t0, t1, ok := s.box.span(r, h.t)
	if !ok {
		return false
	}
	t := t0
	if t <= 1e-9 { // from inside, the far face is hit
		if t = t1; t >= h.t {
			return false
		}
	}
	p := r.at(t)
	n := s.normal(p, r.d)
	h.t, h.n, h.region = t, n, regionPlain
	size := s.box.hi.Sub(s.box.lo)
	h.u, h.v = (p.X-s.box.lo.X)/size.X, (s.box.hi.Z-p.Z)/size.Z
	return true
}

// normal returns the normal of the face on which p lies, turned against d.
func (s *slab) normal(p, d vec) vec {
	best, n := math.Inf(1), vec{}
	try := func(dist float64, m vec) {
		if dist = math.Abs(dist); dist < best {
			best, n = dist, m
		}
	}
	try(p.Y-s.box.lo.Y, vec{Y: -1})
	try(p.Y-s.box.hi.Y, vec{Y: 1})
	try(p.Z-s.box.lo.Z, vec{Z: -1})
	try(p.Z-s.box.hi.Z, vec{Z: 1})
	try(p.X-s.box.lo.X, vec{X: -1})
	try(p.X-s.box.hi.X, vec{X: 1})
	if n.Dot(d) > 0 {
		return n.Scale(-1)
	}
	return n
}

// grille is a horizontal or vertical plane of parallel wires with a few cross wires: a wire shelf or an air
// outlet. Rays pass between the wires.
type grille struct {
	box     aabb // thin in z (a shelf) or in y (an outlet)
	upright bool
	pitch   float64 // spacing of the wires, in metres
	wire    float64 // their diameter, in metres
	cross   float64 // spacing of the cross wires; 0: none
	mat     *material
}

func (g *grille) bounds() aabb { return g.box }

func (g *grille) intersect(r *ray, h *hit) bool {
	var t float64
	if g.upright {
		t = (g.box.lo.Y - r.o.Y) * r.inv.Y
	} else {
		t = (g.box.hi.Z - r.o.Z) * r.inv.Z
	}
	if !(t > 1e-9 && t < h.t) {
		return false
	}
	p := r.at(t)
	a, b, slope := p.X-g.box.lo.X, p.Y-g.box.lo.Y, 1.0
	if g.upright {
		a, b = p.Z-g.box.lo.Z, p.X-g.box.lo.X
		if a < 0 || p.Z > g.box.hi.Z || b < 0 || p.X > g.box.hi.X {
			return false
		}
	} else {
		if a < 0 || p.X > g.box.hi.X || b < 0 || p.Y > g.box.hi.Y {
			return false
		}
		// Round wires stand up from their plane: at grazing angles they hide more of it.
		slope = math.Min(3, 1/math.Max(0.2, math.Abs(r.d.Z)))
	}
	off := math.Mod(a, g.pitch) - g.pitch/2
	half := g.wire / 2
	var n vec
	switch {
	case math.Abs(off) < half:
		x := off / half
		n = vec{X: x, Z: math.Sqrt(1 - x*x)}
		if g.upright {
			n = vec{Z: x, Y: -math.Sqrt(1 - x*x)}
		}
	case g.cross > 0:
		off = math.Mod(b, g.cross) - g.cross/2
		w := half * slope
		if math.Abs(off) >= w {
			return false
		}
		x := off / w
		n = vec{Y: x, Z: math.Sqrt(1 - x*x)}
		if g.upright {
			n = vec{X: x, Y: -math.Sqrt(1 - x*x)}
		}
	default:
		return false
	}
	if n.Dot(r.d) > 0 {
		n = n.Scale(-1)
	}
	h.t, h.n, h.region, h.u, h.v = t, n, regionPlain, 0, 0
	return true
}
