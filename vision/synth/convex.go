package synth

import "math"

// plane bounds a convex solid: points with n·p ≤ dist are inside.
type plane struct {
	n      vec
	dist   float64
	region region
}

// convex is a solid bounded by planes: a brick, a gable-top carton, a pouch. Its label wraps around the four
// sides of a w×d footprint, with the middle of the front at u = 0.5.
type convex struct {
	planes []plane
	w, d   float64
	labelA float64
	labelB float64
}

func (c *convex) intersect(o, d vec, h *hit) bool {
	tin, tout := math.Inf(-1), h.t
	var in *plane
	for i := range c.planes {
		p := &c.planes[i]
		den := p.n.Dot(d)
		num := p.dist - p.n.Dot(o)
		if den == 0 {
			if num < 0 {
				return false
			}
			continue
		}
		t := num / den
		if den < 0 {
			if t > tin {
				tin, in = t, p
			}
		} else if t < tout {
			tout = t
		}
		if tin > tout {
			return false
		}
	}
	if in == nil || tin < 1e-7 || tin >= h.t {
		return false
	}
	p := o.Add(d.Scale(tin))
	h.t, h.n, h.region = tin, in.n, in.region
	h.v = (c.labelB - p.Z) / (c.labelB - c.labelA)
	per := 2 * (c.w + c.d)
	switch {
	case math.Abs(in.n.Y) >= math.Abs(in.n.X) && in.n.Y < 0:
		h.u = 0.5 + p.X/per
	case math.Abs(in.n.Y) >= math.Abs(in.n.X):
		h.u = 1 - p.X/per
	case in.n.X > 0:
		h.u = 0.5 + (c.w/2+c.d/2+p.Y)/per
	default:
		h.u = 0.5 - (c.w/2+c.d/2+p.Y)/per
	}
	return true
}
