package synth

import "math"

// strip is a lamp: a rod that shines in all directions, like the LED strips and tubes in coolers.
type strip struct {
	a, b   vec
	power  rgb // radiant flux of the whole rod per steradian
	radius float64
}

// probes holds the light that arrives at the points of a regular grid in a cooler, from six sides each (an
// ambient cube, McTaggart 2004). This gives soft shadows of shelves and packs for a few thousand rays per
// scene.
type probes struct {
	lo, step   vec
	nx, ny, nz int
	cube       [][6]rgb
}

func (g *probes) index(x, y, z int) int { return (z*g.ny+y)*g.nx + x }

func (g *probes) point(x, y, z int) vec {
	return vec{X: g.lo.X + float64(x)*g.step.X, Y: g.lo.Y + float64(y)*g.step.Y, Z: g.lo.Z + float64(z)*g.step.Z}
}

// newProbes returns an empty grid over the box.
func newProbes(box aabb) *probes {
	size := box.hi.Sub(box.lo)
	n := func(l, d float64) int { return max(2, int(math.Ceil(l/d))+1) }
	g := &probes{lo: box.lo, nx: n(size.X, 0.075), ny: n(size.Y, 0.1), nz: n(size.Z, 0.055)}
	g.step = vec{X: size.X / float64(g.nx-1), Y: size.Y / float64(g.ny-1), Z: size.Z / float64(g.nz-1)}
	g.cube = make([][6]rgb, g.nx*g.ny*g.nz)
	return g
}

// light returns the irradiance at p on a surface with normal n, divided by π: what a white surface would show.
func (g *probes) light(p, n vec) rgb {
	x := min(max((p.X-g.lo.X)/g.step.X, 0), float64(g.nx-1)-1e-6)
	y := min(max((p.Y-g.lo.Y)/g.step.Y, 0), float64(g.ny-1)-1e-6)
	z := min(max((p.Z-g.lo.Z)/g.step.Z, 0), float64(g.nz-1)-1e-6)
	ix, iy, iz := int(x), int(y), int(z)
	fx, fy, fz := float32(x)-float32(ix), float32(y)-float32(iy), float32(z)-float32(iz)
	sx, sy, sz := 0, 2, 4
	if n.X < 0 {
		sx = 1
	}
	if n.Y < 0 {
		sy = 3
	}
	if n.Z < 0 {
		sz = 5
	}
	wx, wy, wz := float32(n.X*n.X), float32(n.Y*n.Y), float32(n.Z*n.Z)
	var sum rgb
	for c := range 8 {
		w := float32(1)
		jx, jy, jz := ix, iy, iz
		if c&1 != 0 {
			w, jx = w*fx, jx+1
		} else {
			w *= 1 - fx
		}
		if c&2 != 0 {
			w, jy = w*fy, jy+1
		} else {
			w *= 1 - fy
		}
		if c&4 != 0 {
			w, jz = w*fz, jz+1
		} else {
			w *= 1 - fz
		}
		if w == 0 {
			continue
		}
		q := &g.cube[g.index(jx, jy, jz)]
		sum.r += w * (wx*q[sx].r + wy*q[sy].r + wz*q[sz].r)
		sum.g += w * (wx*q[sx].g + wy*q[sy].g + wz*q[sz].g)
		sum.b += w * (wx*q[sx].b + wy*q[sy].b + wz*q[sz].b)
	}
	return sum
}

var axes = [6]vec{{X: 1}, {X: -1}, {Y: 1}, {Y: -1}, {Z: 1}, {Z: -1}}

// gather fills the grid: with the light of the lamps first, then with one bounce and what comes in from the
// shop.
func (g *probes) gather(w *world) {
	const lampSamples, bounceRays = 3, 18
	inside := make([]bool, len(g.cube))
	for iz := range g.nz {
		for iy := range g.ny {
			for ix := range g.nx {
				at := g.index(ix, iy, iz)
				p := g.point(ix, iy, iz)
				inside[at] = w.insidePack(p)
				if inside[at] {
					continue
				}
				for i := range w.lamps {
					g.lamp(w, &w.lamps[i], p, &g.cube[at], lampSamples)
				}
			}
		}
	}
	g.spread(inside)
	direct := probes{g.lo, g.step, g.nx, g.ny, g.nz, append([][6]rgb(nil), g.cube...)}
	share := float32(4.0 / bounceRays) // solid angle of a ray, divided by π
	for iz := range g.nz {
		for iy := range g.ny {
			for ix := range g.nx {
				at := g.index(ix, iy, iz)
				if inside[at] {
					continue
				}
				p := g.point(ix, iy, iz)
				q := &g.cube[at]
				for k := range bounceRays {
					d := sphere(k, bounceRays)
					in := w.bounce(&direct, p, d)
					for a := range axes {
						if c := float32(d.Dot(axes[a])); c > 0 {
							q[a] = q[a].plus(in.times(c * share))
						}
					}
				}
			}
		}
	}
	g.spread(inside)
}

func (g *probes) lamp(w *world, s *strip, p vec, q *[6]rgb, n int) {
	for k := range n {
		at := s.a.Lerp(s.b, (float64(k)+0.5)/float64(n))
		l := at.Sub(p)
		dist := l.Len()
		if dist < 0.02 {
			continue
		}
		d := l.Scale(1 / dist)
		r := newRay(p, d)
		if w.opaque.blocked(&r, dist-s.radius-0.012, -1) {
			continue
		}
		f := float32(1 / (float64(n) * (dist*dist + 0.003)))
		for a := range axes {
			if c := float32(d.Dot(axes[a])); c > 0 {
				q[a] = q[a].plus(s.power.times(f * c))
			}
		}
	}
}

// spread gives probes that lie inside packs the mean of their neighbours outside.
func (g *probes) spread(inside []bool) {
	todo := append([]bool(nil), inside...)
	for range 3 {
		var filled []int
		for iz := range g.nz {
			for iy := range g.ny {
				for ix := range g.nx {
					at := g.index(ix, iy, iz)
					if !todo[at] {
						continue
					}
					var sum [6]rgb
					n := float32(0)
					for _, d := range [6][3]int{{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}} {
						x, y, z := ix+d[0], iy+d[1], iz+d[2]
						if x < 0 || y < 0 || z < 0 || x >= g.nx || y >= g.ny || z >= g.nz || todo[g.index(x, y, z)] {
							continue
						}
						for a := range sum {
							sum[a] = sum[a].plus(g.cube[g.index(x, y, z)][a])
						}
						n++
					}
					if n > 0 {
						for a := range sum {
							g.cube[at][a] = sum[a].times(0.8 / n)
						}
						filled = append(filled, at)
					}
				}
			}
		}
		for _, at := range filled {
			todo[at] = false
		}
	}
}

// sphere returns the k-th of n evenly spread directions.
func sphere(k, n int) vec {
	z := 1 - (2*float64(k)+1)/float64(n)
	r := math.Sqrt(1 - z*z)
	sin, cos := math.Sincos(float64(k) * 2.399963229728653)
	return vec{X: r * cos, Y: r * sin, Z: z}
}
