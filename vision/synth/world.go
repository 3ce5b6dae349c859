package synth

import "math"

// material is how a plain surface looks.
type material struct {
	albedo  rgb
	gloss   float32 // strength of its mirror image at normal incidence
	rough   float64 // blur of that mirror image, radians
	metal   bool    // the mirror image takes the surface's colour
	emit    rgb     // light that it shows by itself
	picture *texture
	mottle  float32 // unevenness of its colour
}

// world is a scene made ready for rays: everything in one tree, lamps and arrived light.
type world struct {
	tree   *bvh
	still  *bvh // all but the packs
	solids []solid
	packs  int // solids[:packs] are packs
	front  int // solids[front:] are people and things before the cooler
	lamps  []strip
	probes *probes
	room   room
	inner  aabb // the cooler's inside, where probes hold
	seed   uint64
	plain  *rgb // what rays that meet nothing show, in place of the room
}

// beyond is what a ray that meets nothing shows.
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
	grid := inner
	grid.lo.Y -= 0.08
	w.probes = newProbes(grid)
	w.probes.gather(w)
	return w
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

// lit is the light at p on a surface with normal n.
func (w *world) lit(p, n vec) rgb {
	if p.Y < w.inner.lo.Y-0.3 {
		return w.room.light(n)
	}
	e := w.probes.light(p.Add(n.Scale(0.025)), n)
	// In front of the cooler the shop's own light takes over.
	if out := w.inner.lo.Y - p.Y; out > 0 {
		return e.towards(w.room.light(n), float32(min(1, out/0.3)))
	}
	return e
}

// bounce is the light that comes back along d from the first surface that a ray from p meets.
func (w *world) bounce(direct *probes, p, d vec) rgb {
	r := newRay(p, d)
	h := hit{t: math.Inf(1)}
	if !w.tree.intersect(&r, &h, -1) {
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
	case *capsule:
		albedo = s.mat.albedo
	}
	q := r.at(h.t)
	if q.Y < w.inner.lo.Y-0.1 {
		return albedo.by(w.room.light(h.n))
	}
	// Light that has bounced more than once is taken as a share of the first bounce.
	return albedo.by(direct.light(q.Add(h.n.Scale(0.03)), h.n)).times(1.35)
}

// mirror is what a surface at p reflects along d, blurred over rough radians.
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

// glint is a lamp's mirror image along d.
func (w *world) glint(s *strip, p, d vec, rough float64) rgb {
	// Closest approach of the ray to the rod.
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

// room is the shop around the cooler: only ever seen blurred, so made of formulas.
type room struct {
	seed    uint64
	ambient rgb
	lamp    rgb     // its ceiling lights
	pitchX  float64 // of the ceiling lights, metres
	pitchY  float64
	panelX  float64
	panelY  float64
	ceiling float64
	floor   float64
	floorC  rgb
	wallC   rgb
	tiles   float64
	behind  float64 // y of the wall behind the cooler
	racks   bool
	blur    float64 // softness of the racks' edges
	rackC   float64 // how colourful they are
}

// light is what the shop casts on a surface with normal n.
func (m *room) light(n vec) rgb {
	return m.ambient.times(float32(0.72 + 0.4*max(0, n.Z) - 0.15*max(0, -n.Z)))
}

// radiance is what is seen from p along d, blurred over rough radians.
func (m *room) radiance(p, d vec, rough float64) rgb {
	best := math.Inf(1)
	kind := 0
	try := func(t float64, k int) {
		if t > 1e-6 && t < best {
			best, kind = t, k
		}
	}
	try((m.floor-p.Z)/d.Z, 1)
	try((m.ceiling-p.Z)/d.Z, 2)
	try((m.behind-p.Y)/d.Y, 3)
	try((-5-p.Y)/d.Y, 4)
	try((3.5-p.X)/d.X, 5)
	try((-3.5-p.X)/d.X, 5)
	if kind == 0 {
		return m.ambient
	}
	q := p.Add(d.Scale(best))
	soft := rough*best + 0.01
	switch kind {
	case 1:
		c := m.floorC.by(m.ambient)
		if m.tiles > 0 {
			fx, fy := math.Abs(math.Mod(math.Abs(q.X), m.tiles)/m.tiles-0.5), math.Abs(math.Mod(math.Abs(q.Y), m.tiles)/m.tiles-0.5)
			if max(fx, fy) > 0.49 {
				c = c.times(0.75)
			}
			c = c.times(float32(0.92 + 0.16*noise(m.seed, int(math.Floor(q.X/m.tiles)), int(math.Floor(q.Y/m.tiles)), 5)))
		}
		return c
	case 2:
		fx := math.Abs(q.X/m.pitchX-math.Floor(q.X/m.pitchX)-0.5) * m.pitchX
		fy := math.Abs(q.Y/m.pitchY-math.Floor(q.Y/m.pitchY)-0.5) * m.pitchY
		in := smooth((m.panelX-fx)/soft) * smooth((m.panelY-fy)/soft)
		return m.ambient.times(0.55).plus(m.lamp.times(float32(in)))
	}
	along, up := q.X, q.Z-m.floor
	if kind == 5 {
		along = q.Y + 17
	}
	c := m.wallC.by(m.ambient).times(float32(0.8 + 0.1*up))
	if m.racks && up < 1.9 {
		c = m.rack(along, up, max(soft, m.blur)).by(m.ambient)
	}
	return c
}

// rack is a shelf of goods as coloured blocks with soft edges.
func (m *room) rack(along, up, soft float64) rgb {
	const w, h = 0.16, 0.34
	sample := func(i, j int) rgb {
		bay := noise(m.seed, i/7, 0, 3)
		if bay < 0.3 {
			return m.wallC.times(0.7)
		}
		hue := 360 * noise(m.seed, i/2, j, 1)
		return hsv(hue, m.rackC*noise(m.seed, i, j, 2), 0.35+0.6*noise(m.seed, i, j, 4)).linear().times(0.8)
	}
	x, y := along/w, up/h
	ix, iy := math.Floor(x), math.Floor(y)
	fx, fy := x-ix, y-iy
	s := min(0.5, soft/w)
	tx := float32(smooth((fx - (1 - s)) / s))
	i, j := int(ix), int(iy)
	c := sample(i, j).towards(sample(i+1, j), tx)
	edge := min(0.45, soft/h+0.08)
	dark := float32(smooth((fy - (1 - edge)) / edge))
	return c.times(1 - 0.7*dark)
}

func smooth(x float64) float64 {
	x = clamp01(x)
	return x * x * (3 - 2*x)
}
