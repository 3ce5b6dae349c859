package synth

import "math"

// trace returns the light along the ray and the solid that it hits (−1: none). cone is the angle of a pixel, in
// radians, and decides how finely pictures are sampled.
func (w *world) trace(r ray, cone float64, depth, skip int) (rgb, int) {
	h := hit{t: math.Inf(1)}
	if !w.tree.intersect(&r, &h, skip) {
		return w.beyond(r.o, r.d, 0.004), -1
	}
	p := r.at(h.t)
	switch s := w.solids[h.solid].(type) {
	case *pack:
		return w.shadePack(s, &r, &h, p, cone, depth), h.solid
	case *slab:
		if s.mat.glass {
			return w.through(s.mat, &r, &h, p, cone, depth)
		}
		return w.shadePlain(s.mat, &r, &h, p, cone, depth), h.solid
	case *grille:
		return w.shadePlain(s.mat, &r, &h, p, cone, depth), h.solid
	case *limb:
		return w.shadePlain(s.mat, &r, &h, p, cone, depth), h.solid
	}
	return rgb{}, h.solid
}

func reflect(d, n vec) vec { return d.Sub(n.Scale(2 * d.Dot(n))) }

// fresnel is Schlick's approximation.
func fresnel(f0, cos float64) float32 {
	x := 1 - clamp01(cos)
	return float32(f0 + (1-f0)*x*x*x*x*x)
}

func (w *world) shadePlain(m *material, r *ray, h *hit, p vec, cone float64, depth int) rgb {
	albedo := m.albedo
	if m.picture != nil && h.n.Y < -0.5 {
		albedo = m.picture.at(h.u, h.v, h.t*cone/0.05)
	}
	if m.mottle > 0 {
		k := noise(w.seed, int(math.Floor(p.X*400)), int(math.Floor(p.Y*400)), int(math.Floor(p.Z*400)))
		albedo = albedo.times(1 + m.mottle*float32(k-0.5))
	}
	if m.folds > 0 {
		k := math.Sin(31*p.X+17*p.Z+3*math.Sin(23*p.Z+11*p.X)) + math.Sin(13*p.Z-29*p.X+2*math.Sin(41*p.X))
		albedo = albedo.times(1 + m.folds*float32(k)*0.5)
	}
	out := albedo.by(w.arrived(r, p, h.n, depth)).plus(m.emit)
	if m.gloss > 0 {
		f := fresnel(float64(m.gloss), -r.d.Dot(h.n))
		in := w.reflected(r, p, reflect(r.d, h.n), m.rough, f, cone, depth)
		if m.metal {
			return albedo.by(in).plus(out.times(1 - f))
		}
		out = out.plus(in)
	}
	return out
}

func (w *world) shadePack(k *pack, r *ray, h *hit, p vec, cone float64, depth int) rgb {
	look := k.look
	light := w.arrived(r, p, h.n, depth)
	// Packs stand on something: little light gets in between their foot and it.
	if up := p.Z - k.box.lo.Z; up < 0.014 {
		light = light.times(float32(0.5 + 0.5*up/0.014))
	}
	cos := -r.d.Dot(h.n)
	switch h.region {
	case regionLabel:
		foot := h.t * cone / look.wrap / max(0.3, cos)
		ink := look.label.at(h.u, h.v, foot)
		out := ink.by(light)
		if look.metalic > 0 {
			in := w.reflected(r, p, reflect(r.d, h.n), 0.12, 0.9*look.metalic, cone, depth)
			out = out.times(1 - 0.75*look.metalic).plus(ink.by(in))
		}
		if look.shine > 0 {
			f := fresnel(0.05, cos) * look.shine
			out = out.plus(w.reflected(r, p, reflect(r.d, h.n), 0.05, f, cone, depth))
		}
		return out
	case regionMetal, regionTab:
		n := h.n
		in := w.reflected(r, p, reflect(r.d, n), 0.1, 0.75, cone, depth)
		if h.region == regionTab {
			in = in.times(tab(h.u, h.v))
		}
		return look.metal.by(in.plus(light.times(0.35)))
	case regionCap:
		ribs := float32(1)
		if math.Abs(h.n.Z) < 0.5 {
			ribs = float32(0.9 + 0.1*math.Cos(h.u*2*math.Pi*60))
		}
		out := look.cap.by(light).times(ribs)
		return out.plus(w.reflected(r, p, reflect(r.d, h.n), 0.15, fresnel(0.04, cos), cone, depth))
	case regionPrint:
		out := look.print.by(light)
		return out.plus(w.reflected(r, p, reflect(r.d, h.n), 0.15, fresnel(0.03, cos)*0.6, cone, depth))
	}
	return w.shadeClear(k, r, h, p, light, cos, cone, depth)
}

// shadeClear shades see-through bodies. A full bottle is a strong cylindrical lens, which shows what is behind
// it tinted and mirrored left to right; this is imitated by bending the ray towards the axis. Through an empty
// neck the ray goes straight.
func (w *world) shadeClear(k *pack, r *ray, h *hit, p vec, light rgb, cos, cone float64, depth int) rgb {
	look := k.look
	height := p.Sub(k.pos).Dot(k.az)
	full := height < k.shape.liquidTo
	clarity := float32(0.9)
	colour := look.tint
	if full {
		clarity = look.clarity
		colour = look.liquid.by(look.tint)
	}
	body := colour.by(light)
	out := body
	if depth < 2 && clarity > 0.1 {
		d := r.d
		if full {
			axis := k.az
			side := r.d.Cross(axis).Unit()
			q := p.Sub(k.pos)
			d = d.Sub(side.Scale(1.1 * side.Dot(q) / (k.shape.w / 2))).Unit()
		}
		through := k.shape.w * max(0.1, cos)
		next := newRay(p.Add(r.d.Scale(through)), d)
		next.dice = r.dice
		behind, _ := w.trace(next, cone*3, depth+1, k.index)
		tint := colour
		if look.glass {
			tint = tint.by(colour)
		}
		edge := float32(0.45 + 0.55*clamp01(cos*1.3)) // at the rim, the walls are seen edge-on
		behind = behind.by(tint).times(edge)
		out = body.times(0.55*(1-clarity) + 0.12).plus(behind.times(0.35 + 0.6*clarity))
		if !full {
			out = behind.times(0.85).plus(light.by(look.tint).times(0.1))
		}
	}
	return out.plus(w.reflected(r, p, reflect(r.d, h.n), 0.03, fresnel(0.05, cos), cone, depth))
}

// tab shades a can's lid with the shape of its ring pull and the edge of its panel.
func tab(u, v float64) float32 {
	r := math.Hypot(u, v)
	switch {
	case r > 0.72:
		return 0.55
	case math.Hypot(u/0.22, (v+0.08)/0.36) < 1 && math.Hypot(u/0.1, (v-0.1)/0.13) > 1:
		return 1.25
	case math.Hypot(u/0.3, (v+0.36)/0.26) < 1:
		return 0.8
	}
	return 1
}
