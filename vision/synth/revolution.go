package synth

import "math"

// region is the part of a surface that a ray hit; it decides the shading.
type region uint8

const (
	regionPlain region = iota
	regionLabel        // printed: u runs around the pack, 0.5 at its front; v from top to bottom
	regionMetal        // bare aluminium
	regionCap          // closure, coloured plastic or metal
	regionBody         // clear plastic or glass, liquid behind it
	regionPrint        // plain coloured surface of a carton or lid
	regionTab          // a can's lid
)

// segment is a conical frustum of a surface of revolution between two heights, or a flat ring if z0 = z1.
// Normals at both ends make curved profiles smooth.
type segment struct {
	z0, r0, z1, r1 float64
	n0r, n0z       float64
	n1r, n1z       float64
	region         region
}

// revolution is a surface of revolution about its z axis.
type revolution struct {
	segs   []segment
	rmax   float64
	zmin   float64
	zmax   float64
	labelA float64 // bottom and top of the label, as heights
	labelB float64
}

// profilePoint is a corner of a profile. region belongs to the segment that ends in it; sharp says that the
// surface has an edge here.
type profilePoint struct {
	r, z   float64
	region region
	sharp  bool
}

// newRevolution builds the surface from its profile, listed from bottom to top.
func newRevolution(pts []profilePoint, labelA, labelB float64) *revolution {
	rev := &revolution{labelA: labelA, labelB: labelB, zmin: math.Inf(1), zmax: math.Inf(-1)}
	type dir struct{ r, z float64 }
	normal := make([]dir, len(pts)) // of the segment that ends in point i
	for i := 1; i < len(pts); i++ {
		dr, dz := pts[i].r-pts[i-1].r, pts[i].z-pts[i-1].z
		l := math.Hypot(dr, dz)
		normal[i] = dir{dz / l, -dr / l}
	}
	smooth := func(i int, own dir) dir {
		if i <= 0 || i >= len(pts)-1 || pts[i].sharp {
			return own
		}
		a, b := normal[i], normal[i+1]
		l := math.Hypot(a.r+b.r, a.z+b.z)
		if l < 1e-6 {
			return own
		}
		return dir{(a.r + b.r) / l, (a.z + b.z) / l}
	}
	for i := 1; i < len(pts); i++ {
		p, q := pts[i-1], pts[i]
		a, b := smooth(i-1, normal[i]), smooth(i, normal[i])
		rev.segs = append(rev.segs, segment{p.z, p.r, q.z, q.r, a.r, a.z, b.r, b.z, q.region})
	}
	for _, p := range pts {
		rev.rmax = max(rev.rmax, p.r)
		rev.zmin, rev.zmax = min(rev.zmin, p.z), max(rev.zmax, p.z)
	}
	return rev
}

// intersect works in the pack's own axes.
func (s *revolution) intersect(o, d vec, h *hit) bool {
	// Clip the ray to the bounding cylinder.
	a := d.X*d.X + d.Y*d.Y
	b := o.X*d.X + o.Y*d.Y
	oo := o.X*o.X + o.Y*o.Y
	t0, t1 := 0.0, h.t
	if a > 1e-12 {
		disc := b*b - a*(oo-s.rmax*s.rmax)
		if disc < 0 {
			return false
		}
		q := math.Sqrt(disc)
		t0, t1 = max(t0, (-b-q)/a), min(t1, (-b+q)/a)
	} else if oo > s.rmax*s.rmax {
		return false
	}
	if math.Abs(d.Z) > 1e-12 {
		ta, tb := (s.zmin-o.Z)/d.Z, (s.zmax-o.Z)/d.Z
		if ta > tb {
			ta, tb = tb, ta
		}
		t0, t1 = max(t0, ta), min(t1, tb)
	} else if o.Z < s.zmin || o.Z > s.zmax {
		return false
	}
	if t0 > t1 {
		return false
	}
	za, zb := o.Z+d.Z*t0, o.Z+d.Z*t1
	if za > zb {
		za, zb = zb, za
	}
	za -= 1e-6
	zb += 1e-6
	found := false
	for i := range s.segs {
		g := &s.segs[i]
		if g.z0 > zb && g.z1 > zb || g.z0 < za && g.z1 < za {
			continue
		}
		if g.z0 == g.z1 {
			found = s.ring(g, o, d, h) || found
			continue
		}
		k := (g.r1 - g.r0) / (g.z1 - g.z0)
		c := g.r0 + k*(o.Z-g.z0)
		qa := a - k*k*d.Z*d.Z
		qb := b - k*c*d.Z
		qc := oo - c*c
		if math.Abs(qa) < 1e-12 {
			continue
		}
		disc := qb*qb - qa*qc
		if disc < 0 {
			continue
		}
		root := math.Sqrt(disc)
		for _, t := range [2]float64{(-qb - root) / qa, (-qb + root) / qa} {
			if !(t > 1e-7 && t < h.t) {
				continue
			}
			z := o.Z + d.Z*t
			if z < min(g.z0, g.z1) || z > max(g.z0, g.z1) {
				continue
			}
			x, y := o.X+d.X*t, o.Y+d.Y*t
			f := (z - g.z0) / (g.z1 - g.z0)
			nr, nz := g.n0r+(g.n1r-g.n0r)*f, g.n0z+(g.n1z-g.n0z)*f
			r := math.Hypot(x, y)
			if r < 1e-9 {
				continue
			}
			n := vec{X: x / r * nr, Y: y / r * nr, Z: nz}.Unit()
			if n.Dot(d) > 0 { // inside, which is only visible through open ends, and packs have none
				continue
			}
			h.t, h.n, h.region = t, n, g.region
			h.u = 0.5 + math.Atan2(x, -y)/(2*math.Pi)
			h.v = (s.labelB - z) / (s.labelB - s.labelA)
			found = true
			break
		}
	}
	return found
}

func (s *revolution) ring(g *segment, o, d vec, h *hit) bool {
	if math.Abs(d.Z) < 1e-12 {
		return false
	}
	t := (g.z0 - o.Z) / d.Z
	if !(t > 1e-7 && t < h.t) {
		return false
	}
	x, y := o.X+d.X*t, o.Y+d.Y*t
	rr := x*x + y*y
	lo, hi := min(g.r0, g.r1), max(g.r0, g.r1)
	if rr < lo*lo || rr > hi*hi {
		return false
	}
	n := vec{Z: 1}
	if d.Z > 0 {
		n.Z = -1
	}
	h.t, h.n, h.region = t, n, g.region
	h.u, h.v = x/s.rmax, y/s.rmax
	return true
}
