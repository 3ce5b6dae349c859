package synth

import "math"

// boxOf returns a w×d×h box whose four sides carry the label.
func boxOf(w, d, h float64) *convex {
	return &convex{planes: []plane{
		{vec{Y: -1}, d / 2, regionLabel}, {vec{Y: 1}, d / 2, regionLabel},
		{vec{X: -1}, w / 2, regionLabel}, {vec{X: 1}, w / 2, regionLabel},
		{vec{Z: 1}, h, regionPrint}, {vec{Z: -1}, 0, regionPrint},
	}, w: w, d: d, labelA: 0, labelB: h}
}

func boxShape(b *convex, w, d, h float64) *shape {
	return &shape{box: b, w: w, d: d, h: h, wrap: 2 * (w + d), labelH: b.labelB - b.labelA}
}

func brickShape(r random, ml int) *shape {
	v := float64(ml) * 1e-6 * 1.04
	slim, deep := r.in(1.7, 2.6), r.in(0.62, 0.95)
	w := math.Cbrt(v / (slim * deep))
	return boxShape(boxOf(w, w*deep, w*slim), w, w*deep, w*slim)
}

func gableShape(r random, ml int) *shape {
	v := float64(ml) * 1e-6 * 1.04
	slim := r.in(1.9, 2.4)
	w := math.Cbrt(v / slim)
	body := w * slim
	h := body + w*0.42
	b := boxOf(w, w, h)
	slope := vec{Y: -0.42, Z: 0.5}.Unit()
	dist := slope.Dot(vec{Y: -w / 2, Z: body})
	b.planes = append(b.planes, plane{slope, dist, regionLabel}, plane{vec{Y: -slope.Y, Z: slope.Z}, dist, regionLabel})
	s := boxShape(b, w, w, h)
	if r.chance(0.6) { // screw cap on the front slope
		cap := []profilePoint{{0.014, 0, regionCap, true}, {0.014, 0.016, regionCap, true}, {0, 0.016, regionCap, true}}
		s.rev = newRevolution(cap, 0, 1)
		s.revAt = vec{Y: -w * 0.24, Z: body + w*0.16}
		s.h = max(s.h, s.revAt.Z+0.016)
	}
	return s
}

func pouchShape(r random, ml int) *shape {
	v := float64(ml) * 1e-6
	w := math.Cbrt(v / (1.55 * 0.3))
	h, d := w*1.65, w*0.55
	b := &convex{w: w, d: d, labelB: h}
	lean := vec{Y: -h, Z: d / 2}.Unit()
	b.planes = []plane{
		{lean, lean.Dot(vec{Y: -d / 2}), regionLabel}, {vec{Y: -lean.Y, Z: lean.Z}, lean.Dot(vec{Y: -d / 2}), regionLabel},
		{vec{X: -1}, w / 2, regionLabel}, {vec{X: 1}, w / 2, regionLabel}, {vec{Z: -1}, 0, regionPrint}, {vec{Z: 1}, h * 0.98, regionPrint},
	}
	for _, side := range []float64{-1, 1} { // rounded corners and pinched flanks
		n := vec{X: side * 0.35, Y: -0.94}.Unit()
		b.planes = append(b.planes, plane{n, n.Dot(vec{X: side * w / 2, Y: -d * 0.2}), regionLabel},
			plane{vec{X: n.X, Y: -n.Y}, n.Dot(vec{X: side * w / 2, Y: -d * 0.2}), regionLabel})
		m := vec{X: side, Z: 1}.Unit()
		b.planes = append(b.planes, plane{m, m.Dot(vec{X: side * w / 2, Z: h * 0.9}), regionLabel})
	}
	s := boxShape(b, w, d, h)
	if r.chance(0.7) {
		cap := []profilePoint{{0.006, 0, regionBody, true}, {0.006, 0.008, regionBody, true}, {0.0105, 0.008, regionCap, true}, {0.0105, 0.026, regionCap, true}, {0, 0.026, regionCap, true}}
		s.rev = newRevolution(cap, 0, 1)
		s.revAt = vec{Z: h * 0.96}
		s.h = s.revAt.Z + 0.026
	}
	return s
}

func multiShape(r random, ml int) *shape {
	cols := float64(r.between(2, 3))
	w, d, h := cols*0.066, 2*0.066, r.in(0.115, 0.125)
	return boxShape(boxOf(w, d, h), w, d, h)
}
