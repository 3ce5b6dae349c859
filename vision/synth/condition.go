package synth

import (
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// Condition says what is wrong with a shot.
type Condition string

const (
	Clean   Condition = "clean"
	Fog     Condition = "fog"     // condensation on the lens or the door
	Glare   Condition = "glare"   // the shop's lamps mirrored in the door
	Arm     Condition = "arm"     // someone reaches in
	Blocked Condition = "blocked" // someone or something right in front
	Dark    Condition = "dark"    // lamps off
	Over    Condition = "over"    // over-exposed
	Blur    Condition = "blur"    // out of focus or shaken
	JPEG    Condition = "jpeg"    // compressed hard
)

// Conditions returns all of them.
func Conditions() []Condition {
	return []Condition{Clean, Fog, Glare, Arm, Blocked, Dark, Over, Blur, JPEG}
}

func (c Condition) known() bool {
	for _, k := range Conditions() {
		if c == k {
			return true
		}
	}
	return false
}

// inFront returns the people and things that the condition puts between the camera and the cooler.
func (s *Scene) inFront(shot Shot, cam lens.Camera) []solid {
	r := newRandom(shot.Seed, 21)
	switch shot.Condition {
	case Arm:
		return s.arm(r, cam)
	case Blocked:
		return s.blocker(r, cam)
	}
	return nil
}

func skinTone(r random) rgb {
	tones := []rgb{{0.62, 0.4, 0.28}, {0.7, 0.48, 0.36}, {0.45, 0.26, 0.16}, {0.25, 0.13, 0.08}, {0.13, 0.07, 0.045}, {0.76, 0.55, 0.44}}
	return tones[r.IntN(len(tones))].times(float32(r.in(0.85, 1.1)))
}

func cloth(r random) *material {
	c := hsv(r.in(0, 360), r.in(0, 0.8), r.in(0.1, 0.85)).linear()
	return &material{albedo: c, mottle: float32(r.in(0.05, 0.25)), folds: float32(r.in(0.1, 0.5))}
}

// arm returns an arm that reaches from beside the camera to the front of a lane.
func (s *Scene) arm(r random, cam lens.Camera) []solid {
	p := &s.Planogram
	flesh := &material{albedo: skinTone(r), gloss: 0.03, rough: 0.3, mottle: 0.06}
	// The hand goes to a lane that the camera sees.
	hand := cam.Pos.Add(cam.Forward.Scale(0.5))
	for range 40 {
		l := p.Lanes[r.IntN(len(p.Lanes))]
		at := vec{X: l.X + r.in(-0.02, 0.02), Y: p.Front + r.in(-0.06, 0.03), Z: l.Z + r.in(0.03, 0.8)*l.Expected.Size[2]}
		if u, v, ok := cam.Project(at); ok && cam.Contains(u, v) {
			hand = at
			break
		}
	}
	side := pick(r, -1.0, 1.0)
	drop := -r.in(0.1, 0.3)
	if r.chance(0.25) {
		drop = r.in(0, 0.2)
	}
	reach := min(-0.2, cam.Pos.Y*r.in(0.6, 0.9))
	elbow := vec{X: hand.X + side*r.in(0.1, 0.25), Y: hand.Y + max(-0.28, reach), Z: hand.Z + drop}
	if d := elbow.Sub(cam.Pos); d.Len() < 0.26 { // past the camera, not into it
		elbow = elbow.Add(vec{X: side * 0.2, Z: -0.12})
	}
	shoulder := elbow.Add(vec{X: side * r.in(0.1, 0.3), Y: -r.in(0.15, 0.3), Z: drop})
	var out []solid
	stick := func(a, b vec, rad float64, m *material) { out = append(out, &limb{a, b, rad, rad, m}) }
	along := hand.Sub(elbow).Unit()
	across := along.Cross(vec{Z: 1}).Unit()
	up := across.Cross(along)
	wrist := hand.Sub(along.Scale(0.09))
	out = append(out, &limb{elbow, wrist, 0.042, 0.027, flesh})
	stick(wrist.Add(across.Scale(0.012)), hand.Sub(along.Scale(0.02)).Add(across.Scale(0.02)), 0.019, flesh)
	stick(wrist.Sub(across.Scale(0.012)), hand.Sub(along.Scale(0.02)).Sub(across.Scale(0.02)), 0.019, flesh)
	curl := r.in(0.1, 0.9)
	for k := range 4 {
		base := hand.Sub(along.Scale(0.015)).Add(across.Scale(-0.032 + 0.0215*float64(k)))
		mid := base.Add(along.Scale(0.04)).Sub(up.Scale(0.012 * curl))
		stick(base, mid, 0.0088, flesh)
		stick(mid, mid.Add(along.Scale(0.032*(1-0.6*curl))).Sub(up.Scale(0.03*curl)), 0.008, flesh)
	}
	stick(hand.Sub(along.Scale(0.06)).Add(across.Scale(-side*0.028)), hand.Add(across.Scale(-side*0.055)).Sub(up.Scale(0.01)), 0.0105, flesh)
	sleeve := cloth(r)
	from := elbow
	if r.chance(0.5) {
		from = elbow.Lerp(wrist, r.in(0.2, 0.85))
	}
	out = append(out, &limb{elbow, from, 0.05, 0.05 - 0.013*from.Sub(elbow).Len()/wrist.Sub(elbow).Len(), sleeve})
	stick(elbow, shoulder, 0.054, sleeve)
	if shoulder.Sub(cam.Pos).Len() > 0.45 {
		stick(shoulder, shoulder.Add(vec{X: side * 0.15, Y: -0.2}), 0.11, sleeve)
	}
	return out
}

// blocker returns a person or a thing that hides most of the view.
func (s *Scene) blocker(r random, cam lens.Camera) []solid {
	dist := r.in(0.22, 0.34)
	if far := -cam.Pos.Y; far > 0.6 {
		dist = far * r.in(0.3, 0.6)
	}
	size := min(0.34, dist*r.in(0.6, 1.05))
	at := cam.Pos.Add(cam.Forward.Scale(dist)).Add(cam.Right.Scale(r.in(-0.25, 0.25) * size)).Add(cam.Down.Scale(r.in(-0.1, 0.3) * size))
	var out []solid
	if r.chance(0.3) { // a crate, a sign or a box held up
		m := &material{albedo: hsv(r.in(0, 360), r.in(0.1, 0.5), r.in(0.2, 0.75)).linear(), mottle: 0.15, folds: 0.3}
		e := vec{X: size * 0.9, Y: dist * 0.15, Z: size * 0.8}
		return append(out, &slab{aabb{at.Sub(e), at.Add(e)}, m})
	}
	m := cloth(r)
	out = append(out, &limb{at.Sub(vec{Z: 0.9}), at, size * 0.65, size * 0.74, m})
	out = append(out, &limb{at.Add(vec{X: -size * 0.7}), at.Add(vec{X: size * 0.7}), size * 0.5, size * 0.5, m})
	flesh := &material{albedo: skinTone(r), mottle: 0.05}
	hair := &material{albedo: hsv(r.in(10, 40), 0.5, r.in(0.03, 0.5)).linear(), mottle: 0.3}
	head := at.Add(vec{X: r.in(-0.05, 0.05), Z: size*0.72 + 0.1})
	out = append(out, &limb{head, head.Add(vec{Z: 0.05}), 0.09, 0.1, pick(r, flesh, hair)},
		&limb{head.Sub(vec{Z: 0.12}), head, 0.06, 0.06, flesh})
	return out
}

// veil returns the mirror images of the shop's lamps in the glass of the door.
func (w *world) veil(cam lens.Camera, d vec, strength float64) rgb {
	if d.Y <= 0.05 || cam.Pos.Y > -0.1 {
		return rgb{}
	}
	at := cam.Pos.Add(d.Scale((-0.05 - cam.Pos.Y) / d.Y))
	door := w.inner
	if at.X < door.lo.X-0.1 || at.X > door.hi.X+0.1 || at.Z < door.lo.Z-0.1 || at.Z > door.hi.Z+0.1 {
		return rgb{}
	}
	back := vec{X: d.X, Y: -d.Y, Z: d.Z}
	c := w.room.radiance(at, back, 0.01)
	return c.times(float32(strength * math.Min(1, 0.5+2*math.Pow(1-d.Y, 3))))
}
