package synth

import "math"

// material is the look of a plain surface.
type material struct {
	albedo  rgb
	gloss   float32 // strength of its mirror image at normal incidence
	rough   float64 // blur of that mirror image, radians
	metal   bool    // the mirror image takes the surface's colour
	emit    rgb     // light that it emits
	picture *texture
	mottle  float32 // unevenness of its colour, grain by grain
	folds   float32 // the same in broad waves, as in cloth
	glass   bool    // a pane that shows what is behind it
}

// world is a scene prepared for rays: everything in one tree, with lamps and incoming light.
type world struct {
	tree   *bvh
	still  *bvh // everything but the packs
	opaque *bvh // everything but panes of glass: what keeps light away
	solids []solid
	packs  int // solids[:packs] are packs
	front  int // solids[front:] are people and things in front of the cooler
	lamps  []strip
	probes *probes
	room   room
	inner  aabb // the cooler's inside, for which the probes hold
	seed   uint64
	plain  *rgb // what rays that hit nothing show, instead of the room
}

// beyond returns what a ray that hits nothing shows.
func (w *world) beyond(p, d vec, rough float64) rgb {
	if w.plain != nil {
		return *w.plain
	}
	return w.room.radiance(p, d, rough)
}

func newWorld(packs []*pack, fixture []solid, lamps []strip, rm room, inner aabb, seed uint64) *world {
	w := &world{packs: len(packs), lamps: lamps, room: rm, inner: inner, seed: seed}
	for i, p := range packs {
		p.index = i
		w.solids = append(w.solids, p)
	}
	w.solids = append(w.solids, fixture...)
	w.tree = newBVH(w.solids)
	w.still = newBVH(fixture)
	w.opaque = newBVHOf(w.solids, opaque)
	grid := inner
	grid.lo.Y -= 0.08
	w.probes = newProbes(grid)
	w.probes.gather(w)
	return w
}

func opaque(s solid) bool {
	pane, ok := s.(*slab)
	return !ok || !pane.mat.glass
}

func (w *world) insidePack(p vec) bool {
	for _, s := range w.solids[:w.packs] {
		if k := s.(*pack); k.box.contains(p) {
			q := p.Sub(k.pos)
			x, y := q.Dot(k.ax), q.Dot(k.ay)
			if k.shape.box != nil || x*x+y*y < k.shape.w*k.shape.w/4 {
				return true
			}
		}
	}
	return false
}

// lit returns the light at p on a surface with normal n.
func (w *world) lit(p, n vec) rgb {
	if p.Y < w.inner.lo.Y-0.3 {
		return w.room.light(n)
	}
	e := w.probes.light(p.Add(n.Scale(0.025)), n)
	// In front of the cooler the light of the shop takes over.
	if out := w.inner.lo.Y - p.Y; out > 0 {
		return e.towards(w.room.light(n), float32(min(1, out/0.3)))
	}
	return e
}

// bounce returns the light that comes back along d from the first surface that a ray from p hits.
func (w *world) bounce(direct *probes, p, d vec) rgb {
	r := newRay(p, d)
	h := hit{t: math.Inf(1)}
	if !w.opaque.intersect(&r, &h, -1) {
		return w.beyond(p, d, 0.3)
	}
	albedo := rgb{0.5, 0.5, 0.5}
	switch s := w.solids[h.solid].(type) {
	case *pack:
		albedo = s.look.mean
	case *slab:
		albedo = s.mat.albedo
	case *grille:
		albedo = s.mat.albedo
	case *limb:
		albedo = s.mat.albedo
	}
	q := r.at(h.t)
	if q.Y < w.inner.lo.Y-0.1 {
		return albedo.by(w.room.light(h.n))
	}
	// Light that has bounced more than once is approximated by a share of the first bounce.
	return albedo.by(direct.light(q.Add(h.n.Scale(0.03)), h.n)).times(1.35)
}

// mirror returns what a surface at p reflects along d, blurred over rough radians.
func (w *world) mirror(p, d vec, rough float64) rgb {
	var out rgb
	if p.Y > w.inner.lo.Y-0.3 {
		out = w.probes.light(p.Add(d.Scale(0.05)), d).times(0.8)
	}
	if d.Y < 0 {
		out = out.plus(w.beyond(p, d, rough).times(float32(min(1, -d.Y*3))))
	}
	for i := range w.lamps {
		out = out.plus(w.glint(&w.lamps[i], p, d, rough))
	}
	return out
}

// glint returns a lamp's mirror image along d.
func (w *world) glint(s *strip, p, d vec, rough float64) rgb {
	// Find the closest approach of the ray to the rod.
	ab, ap := s.b.Sub(s.a), s.a.Sub(p)
	bd, aa := ab.Dot(d), ab.Dot(ab)
	den := aa - bd*bd
	u := 0.5
	if den > 1e-9 {
		u = clamp01((bd*ap.Dot(d) - ab.Dot(ap)) / den)
	}
	q := ap.Add(ab.Scale(u))
	t := q.Dot(d)
	if t <= 0 {
		return rgb{}
	}
	off := q.Sub(d.Scale(t)).Len() / t
	wide := s.radius/t + rough
	x := off / wide
	if x > 2.5 {
		return rgb{}
	}
	sharp := s.radius / t / wide
	return s.power.times(float32(math.Exp(-x*x) * sharp * 8))
}
