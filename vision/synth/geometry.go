package synth

import (
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

type vec = lens.Vec3

// ray is o + t·d, where d has unit length.
type ray struct {
	o, d vec
	inv  vec   // 1/d by component, for boxes
	dice *dice // for traced light; nil: light comes from the probes
}

func newRay(o, d vec) ray { return ray{o: o, d: d, inv: vec{X: 1 / d.X, Y: 1 / d.Y, Z: 1 / d.Z}} }

func (r *ray) at(t float64) vec { return r.o.Add(r.d.Scale(t)) }

// hit is the nearest surface along a ray. t is its distance, and bounds what can still be nearer.
type hit struct {
	t      float64
	n      vec // unit normal, towards the ray's origin
	solid  int // index of the solid
	region region
	u, v   float64 // label coordinates where region is regionLabel
}

// solid is a thing that rays hit. intersect updates h and returns true if the solid is hit before h.t.
type solid interface {
	intersect(r *ray, h *hit) bool
	bounds() aabb
}

type aabb struct{ lo, hi vec }

func emptyBox() aabb {
	inf := math.Inf(1)
	return aabb{vec{X: inf, Y: inf, Z: inf}, vec{X: -inf, Y: -inf, Z: -inf}}
}

func (b aabb) union(c aabb) aabb {
	return aabb{
		vec{X: min(b.lo.X, c.lo.X), Y: min(b.lo.Y, c.lo.Y), Z: min(b.lo.Z, c.lo.Z)},
		vec{X: max(b.hi.X, c.hi.X), Y: max(b.hi.Y, c.hi.Y), Z: max(b.hi.Z, c.hi.Z)},
	}
}

func (b aabb) with(p vec) aabb { return b.union(aabb{p, p}) }

func (b aabb) contains(p vec) bool {
	return p.X >= b.lo.X && p.X <= b.hi.X && p.Y >= b.lo.Y && p.Y <= b.hi.Y && p.Z >= b.lo.Z && p.Z <= b.hi.Z
}

// span returns where the ray is inside the box, cut to [0, tmax].
func (b *aabb) span(r *ray, tmax float64) (t0, t1 float64, ok bool) {
	t0, t1 = 0, tmax
	a, c := (b.lo.X-r.o.X)*r.inv.X, (b.hi.X-r.o.X)*r.inv.X
	if a > c {
		a, c = c, a
	}
	if a > t0 {
		t0 = a
	}
	if c < t1 {
		t1 = c
	}
	a, c = (b.lo.Y-r.o.Y)*r.inv.Y, (b.hi.Y-r.o.Y)*r.inv.Y
	if a > c {
		a, c = c, a
	}
	if a > t0 {
		t0 = a
	}
	if c < t1 {
		t1 = c
	}
	a, c = (b.lo.Z-r.o.Z)*r.inv.Z, (b.hi.Z-r.o.Z)*r.inv.Z
	if a > c {
		a, c = c, a
	}
	if a > t0 {
		t0 = a
	}
	if c < t1 {
		t1 = c
	}
	return t0, t1, t0 <= t1
}

// placement maps a pack's own axes (front towards −y, standing on z = 0) to the world.
type placement struct {
	ax, ay, az vec // the pack's axes in the world
	pos        vec
}

// standing places an upright pack, turned by yawDeg about its vertical axis: positive turns its front to the
// right as the customer sees it.
func standing(pos vec, yawDeg float64) placement {
	sin, cos := math.Sincos(yawDeg * math.Pi / 180)
	return placement{vec{X: cos, Y: sin}, vec{X: -sin, Y: cos}, vec{Z: 1}, pos}
}

// lying places a pack on its side, with its top pointing along (dx, dy), rolled about its own axis.
func lying(pos vec, dx, dy, rollDeg float64) placement {
	az := vec{X: dx, Y: dy}.Unit()
	ax := vec{X: az.Y, Y: -az.X}
	ay := az.Cross(ax)
	sin, cos := math.Sincos(rollDeg * math.Pi / 180)
	return placement{ax.Scale(cos).Add(ay.Scale(sin)), ay.Scale(cos).Sub(ax.Scale(sin)), az, pos}
}

func (p *placement) toLocal(r *ray) (o, d vec) {
	q := r.o.Sub(p.pos)
	return vec{X: q.Dot(p.ax), Y: q.Dot(p.ay), Z: q.Dot(p.az)},
		vec{X: r.d.Dot(p.ax), Y: r.d.Dot(p.ay), Z: r.d.Dot(p.az)}
}

func (p *placement) dirToWorld(v vec) vec {
	return p.ax.Scale(v.X).Add(p.ay.Scale(v.Y)).Add(p.az.Scale(v.Z))
}

func (p *placement) toWorld(v vec) vec { return p.pos.Add(p.dirToWorld(v)) }
