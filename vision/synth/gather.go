package synth

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// LightModel is how light reaches what the camera sees.
type LightModel string

const (
	// LightProbes takes incoming light from a coarse grid of probes: fast and free of noise, but without true
	// mirror images. It is the zero value.
	LightProbes LightModel = ""
	// LightTraced samples lamps and one diffuse bounce at every visible point and traces mirror images, as a
	// path tracer does. Light after the first bounce comes from the probes. Furniture may have glass shelves
	// and polished sheet metal. It takes fifteen times as long.
	LightTraced LightModel = "traced"
)

// dice is the source of a traced sample's random numbers. A ray without dice takes its light from the probes.
type dice struct{ *rand.Rand }

// samplesTraced bounds the samples of a traced pixel. Noise like that of a quick render or a dim sensor is
// welcome.
const samplesTraced = 5

// arrived returns the irradiance at p on a surface with normal n, divided by π, as seen by the ray r.
func (w *world) arrived(r *ray, p, n vec, depth int) rgb {
	if r.dice == nil || depth > 0 {
		return w.lit(p, n)
	}
	return w.fromLamps(r.dice, p, n).plus(w.fromBounce(r.dice, p, n))
}

// fromLamps samples one point of one lamp, chosen with a probability proportional to the light it could give
// here.
func (w *world) fromLamps(d *dice, p, n vec) rgb {
	var sum float64
	share := make([]float64, len(w.lamps))
	for i := range w.lamps {
		s := &w.lamps[i]
		mid := s.a.Lerp(s.b, 0.5).Sub(p)
		half := s.b.Sub(s.a).Len() / 2
		reach := max(0.05, mid.Len()-half)
		share[i] = float64(s.power.luma()) / (reach*mid.Len() + 0.003)
		sum += share[i]
	}
	if sum == 0 {
		return rgb{}
	}
	at := d.Float64() * sum
	for i := range share {
		if at -= share[i]; at > 0 && i < len(share)-1 {
			continue
		}
		s := &w.lamps[i]
		to := s.a.Lerp(s.b, d.Float64()).Sub(p)
		dist := to.Len()
		if dist < 0.02 {
			return rgb{}
		}
		dir := to.Scale(1 / dist)
		cos := dir.Dot(n)
		if cos <= 0 {
			return rgb{}
		}
		shadow := newRay(p.Add(n.Scale(1e-4)), dir)
		if w.opaque.blocked(&shadow, dist-s.radius-0.012, -1) {
			return rgb{}
		}
		return s.power.times(float32(cos / (dist*dist + 0.003) * sum / share[i]))
	}
	return rgb{}
}

// fromBounce follows one direction, drawn with the cosine's density from the half space over n, to the next
// surface and returns the light that comes from there.
func (w *world) fromBounce(d *dice, p, n vec) rgb {
	r := newRay(p.Add(n.Scale(1e-4)), d.cosine(n))
	h := hit{t: math.Inf(1)}
	if !w.opaque.intersect(&r, &h, -1) {
		return w.beyond(r.o, r.d, 0.3)
	}
	q := r.at(h.t)
	return w.albedo(h.solid, &h).by(w.lit(q, h.n))
}

// albedo returns roughly what share of the light the surface that was hit reflects.
func (w *world) albedo(solid int, h *hit) rgb {
	switch s := w.solids[solid].(type) {
	case *pack:
		if h.region == regionLabel {
			return s.look.label.at(h.u, h.v, 0.2)
		}
		return s.look.mean
	case *slab:
		return s.mat.albedo
	case *grille:
		return s.mat.albedo
	case *limb:
		return s.mat.albedo
	}
	return rgb{0.5, 0.5, 0.5}
}

// cosine draws a direction about n with the density cos/π.
func (d *dice) cosine(n vec) vec {
	z := 1 - 2*d.Float64()
	sin, cos := math.Sincos(2 * math.Pi * d.Float64())
	r := math.Sqrt(1 - z*z)
	out := n.Add(vec{X: r * cos, Y: r * sin, Z: z}.Scale(0.999))
	return out.Unit()
}

// reflected returns what the surface at p mirrors along dir into the ray r, times weight. A faint mirror image
// is traced by only a few samples, which are weighted up for the others.
func (w *world) reflected(r *ray, p, dir vec, rough float64, weight float32, cone float64, depth int) rgb {
	if r.dice == nil || depth > 1 {
		return w.mirror(p, dir, rough).times(weight)
	}
	chance := min(1, 0.15+3*weight)
	if r.dice.Float32() > chance {
		return rgb{}
	}
	jitter := vec{X: r.dice.NormFloat64(), Y: r.dice.NormFloat64(), Z: r.dice.NormFloat64()}.Scale(rough * 0.6)
	next := newRay(p.Add(dir.Scale(1e-4)), dir.Add(jitter).Unit())
	next.dice = r.dice
	in, _ := w.trace(next, cone*2+rough*0.2, depth+1, -1)
	return rgb{min(in.r, 6), min(in.g, 6), min(in.b, 6)}.times(weight / chance)
}

// through shades a pane of glass: its mirror image and what stands behind it. The solid returned is the one
// behind, unless the mirror image is stronger.
func (w *world) through(m *material, r *ray, h *hit, p vec, cone float64, depth int) (rgb, int) {
	if depth > 3 || h.n.Y < -0.5 { // the polished edge glows in the colour of the glass
		return m.albedo.by(w.arrived(r, p, h.n, depth)).times(0.8), h.solid
	}
	f := fresnel(float64(m.gloss), -r.d.Dot(h.n))
	next := newRay(p.Add(r.d.Scale(1e-5)), r.d)
	next.dice = r.dice
	behind, seen := w.trace(next, cone, depth+1, h.solid)
	if f > 0.5 {
		seen = h.solid
	}
	tint := grey(1).towards(m.albedo, 0.12)
	return behind.by(tint).times(1 - f).plus(w.reflected(r, p, reflect(r.d, h.n), m.rough, f, cone, depth)), seen
}

// polish gives furniture the surfaces that only traced light can show: glass shelves and polished sheet metal.
func (f *furniture) polish(r random) {
	switch r.weighted(5, 4, 2) {
	case 0:
		f.wire = false
		f.board = &material{albedo: pick(r, rgb{0.55, 0.75, 0.68}, rgb{0.7, 0.78, 0.78}, rgb{0.25, 0.3, 0.3}), gloss: float32(r.in(0.04, 0.12)), rough: r.in(0.002, 0.03), glass: true}
	case 1:
		f.wire = false
		board := *f.board
		board.albedo = board.albedo.times(float32(r.in(0.2, 1)))
		board.gloss, board.rough = float32(r.in(0.08, 0.4)), r.in(0.01, 0.12)
		f.board = &board
	}
	if r.chance(0.3) {
		back := *f.back
		back.gloss, back.rough = float32(r.in(0.1, 0.5)), r.in(0.02, 0.2)
		f.back = &back
	}
	if r.chance(0.3) {
		wall := *f.wall
		wall.gloss, wall.rough = float32(r.in(0.05, 0.3)), r.in(0.05, 0.25)
		f.wall = &wall
	}
	dim := float32(r.in(0.35, 1))
	for _, m := range []**material{&f.wall, &f.back} {
		darker := **m
		darker.albedo = darker.albedo.times(dim)
		*m = &darker
	}
}

// traceLight replaces the probes' light in the buffer by traced light, with some of its noise left in.
func (s *Scene) traceLight(ctx context.Context, b *buffer, w *world, cam lens.Camera, seed uint64, workers int) error {
	r := newRandom(seed, 33)
	n := r.between(2, samplesTraced)
	share := float32(pick(r, r.in(0.2, 0.6), r.in(0.6, 0.95), 1))
	out := make([]rgb, len(b.pix))
	sight := func(u, v float64) (ray, bool) {
		d, ok := cam.Ray(u, v)
		return newRay(cam.Pos, d), ok
	}
	if err := rows(ctx, workers, b.h, func(y int) { b.tracedRow(w, sight, y, n, seed, out) }); err != nil {
		return err
	}
	b.pix = b.calm(out, share)
	return nil
}

// tracedRow fills four rows of out with the mean of n traced samples per pixel.
func (b *buffer) tracedRow(w *world, sight func(u, v float64) (ray, bool), y0, n int, seed uint64, out []rgb) {
	for y := y0; y < min(y0+4, b.h); y++ {
		for x := range b.w {
			i := y*b.w + x
			if b.id[i] == -2 {
				continue
			}
			d := dice{rand.New(rand.NewPCG(seed, uint64(i)))}
			var sum rgb
			for range n {
				r, ok := sight(float64(x)+d.Float64(), float64(y)+d.Float64())
				if !ok {
					continue
				}
				r.dice = &d
				c, _ := w.trace(r, b.cone, 0, -1)
				sum = sum.plus(rgb{min(c.r, 5), min(c.g, 5), min(c.b, 5)})
			}
			out[i] = sum.times(1 / float32(n))
		}
	}
}

// calm reduces the noise of traced colours: the ratio of traced to probe-lit light is smoothed along surfaces
// (edge-avoiding à-trous wavelets, Dammertz et al. 2010, guided by the noise-free picture) and multiplied back
// in. With share 0 all noise is kept, with 1 none.
func (b *buffer) calm(traced []rgb, share float32) []rgb {
	const passes = 4
	guide := b.pix
	ratio := make([]rgb, len(traced))
	for i, c := range traced {
		g := guide[i]
		ratio[i] = rgb{c.r / (g.r + 0.02), c.g / (g.g + 0.02), c.b / (g.b + 0.02)}
	}
	next := make([]rgb, len(ratio))
	kernel := [5]float32{1, 4, 6, 4, 1}
	for pass := range passes {
		step := 1 << pass
		for y := range b.h {
			for x := range b.w {
				i := y*b.w + x
				var sum rgb
				var weights float32
				for dy := -2; dy <= 2; dy++ {
					for dx := -2; dx <= 2; dx++ {
						u, v := x+dx*step, y+dy*step
						if u < 0 || v < 0 || u >= b.w || v >= b.h {
							continue
						}
						j := v*b.w + u
						if b.id[j] != b.id[i] {
							continue
						}
						far := guide[j].luma() - guide[i].luma()
						k := kernel[dx+2] * kernel[dy+2] / (1 + 30*far*far/(0.01+guide[i].luma()*guide[i].luma()))
						sum = sum.plus(ratio[j].times(k))
						weights += k
					}
				}
				next[i] = sum.times(1 / weights)
			}
		}
		ratio, next = next, ratio
	}
	out := make([]rgb, len(traced))
	for i, q := range ratio {
		g := guide[i]
		smooth := rgb{q.r * (g.r + 0.02), q.g * (g.g + 0.02), q.b * (g.b + 0.02)}
		out[i] = traced[i].towards(smooth, share)
	}
	return out
}
