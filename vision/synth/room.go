package synth

import "math"

// room is the shop around the cooler. It is only ever seen blurred, so it is made of formulas.
type room struct {
	seed    uint64
	ambient rgb
	lamp    rgb     // its ceiling lights
	pitchX  float64 // spacing of the ceiling lights, in metres
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

// light returns the light of the shop on a surface with normal n.
func (m *room) light(n vec) rgb {
	return m.ambient.times(float32(0.72 + 0.4*max(0, n.Z) - 0.15*max(0, -n.Z)))
}

// radiance returns what is seen from p along d, blurred over rough radians.
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
	c := m.wallC.by(m.ambient).times(float32(0.8 + 0.1*max(0, up)))
	if m.racks && up < 1.9 && rough < 0.08 {
		c = m.rack(along, up, max(soft, m.blur)).by(m.ambient)
	}
	return c
}

// rack returns a shelf of goods: coloured blocks with soft edges.
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

func newRoom(r random, depth float64, st style) room {
	warm := r.in(-0.1, 0.15)
	level := r.in(0.12, 0.5)
	if st != styleCooler {
		level = r.in(0.4, 0.9)
	}
	m := room{seed: r.Uint64(), ambient: rgb{float32(level * (1 + warm)), float32(level), float32(level * (1 - warm))}}
	m.lamp = m.ambient.times(float32(r.in(5, 12)))
	m.pitchX, m.pitchY = r.in(1.2, 2.5), r.in(1.2, 3)
	m.panelX, m.panelY = r.in(0.1, 0.6), r.in(0.08, 0.3)
	m.ceiling, m.floor = r.in(2.4, 3.4), r.in(-0.9, -0.1)
	m.floorC = pick(r, grey(0.5), grey(0.3), grey(0.7), rgb{0.5, 0.42, 0.33}, rgb{0.55, 0.5, 0.42})
	m.wallC = pick(r, grey(0.6), grey(0.4), rgb{0.6, 0.56, 0.48}, hsv(r.in(0, 360), 0.3, 0.7).linear())
	if r.chance(0.5) {
		m.tiles = r.in(0.3, 0.8)
	}
	m.behind = depth + r.in(0.05, 1.6)
	m.racks = r.chance(0.65)
	m.blur = r.in(0.03, 0.12)
	m.rackC = r.in(0.1, 0.6)
	return m
}
