package synth

// shape is the form of a pack: one or two bodies on the same axes.
type shape struct {
	rev      *revolution
	revAt    vec // where the axis of rev stands
	box      *convex
	w, d, h  float64 // outer size, metres
	wrap     float64 // length of the label around the pack, metres
	labelH   float64 // height of the label, metres
	liquidTo float64 // height of the liquid in a clear body
}

func (s *shape) intersect(o, d vec, h *hit) bool {
	found := false
	if s.box != nil {
		found = s.box.intersect(o, d, h)
	}
	if s.rev != nil {
		found = s.rev.intersect(o.Sub(s.revAt), d, h) || found
	}
	return found
}

// pack is one pack in the world.
type pack struct {
	placement
	sku         *SKU
	shape       *shape
	look        *skin
	index       int // among the solids of its world
	lane, order int
	box         aabb
}

func newPack(sku *SKU, look *skin, at placement) *pack {
	p := &pack{placement: at, sku: sku, shape: sku.shape, look: look, box: emptyBox()}
	s := p.shape
	for _, x := range [2]float64{-s.w / 2, s.w / 2} {
		for _, y := range [2]float64{-s.d / 2, s.d / 2} {
			for _, z := range [2]float64{0, s.h} {
				p.box = p.box.with(at.toWorld(vec{X: x, Y: y, Z: z}))
			}
		}
	}
	return p
}

func (p *pack) bounds() aabb { return p.box }

func (p *pack) intersect(r *ray, h *hit) bool {
	if _, _, ok := p.box.span(r, h.t); !ok {
		return false
	}
	o, d := p.toLocal(r)
	if !p.shape.intersect(o, d, h) {
		return false
	}
	h.n = p.dirToWorld(h.n)
	return true
}
