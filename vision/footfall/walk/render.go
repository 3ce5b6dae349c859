package walk

import (
	"math"
	"math/rand/v2"

	"github.com/coldshelf/coldshelf/vision"
)

// camera is a pinhole camera; focal is in pixels.
type camera struct {
	at, right, down, ahead vec
	focal                  float64
}

func (c camera) ray(x, y int) vec {
	dx, dy := (float64(x)+0.5-Width/2)/c.focal, (float64(y)+0.5-Height/2)/c.focal
	return c.ahead.plus(c.right.times(dx)).plus(c.down.times(dy)).unit()
}

// see returns the pixel of a point and the length of a metre there, in pixels; ok is false behind the camera.
func (c camera) see(p vec) (x, y, metre float64, ok bool) {
	d := p.minus(c.at)
	far := d.dot(c.ahead)
	if far < 0.2 {
		return 0, 0, 0, false
	}
	metre = c.focal / far
	return Width/2 + d.dot(c.right)*metre, Height/2 + d.dot(c.down)*metre, metre, true
}

// ground returns where a ray meets the floor.
func (c camera) ground(ray vec) (vec, bool) {
	if ray.z >= -1e-6 {
		return vec{}, false
	}
	return c.at.plus(ray.times(-c.at.z / ray.z)), true
}

// floor returns the brightness of the empty picture: tiles of half a metre with veins, and a wall beyond.
func (c camera) floor(r *rand.Rand) []float64 {
	veins := make([]float64, 1<<12)
	for i := range veins {
		veins[i] = 12 * r.NormFloat64()
	}
	list := make([]float64, Width*Height)
	for y := range Height {
		for x := range Width {
			p, ok := c.ground(c.ray(x, y))
			if !ok || p.y > 4 {
				list[y*Width+x] = 175
				continue
			}
			tx, ty := int(math.Floor(2*p.x)), int(math.Floor(2*p.y))
			v := 120 + veins[uint(tx*31+ty*17)%4096] + 0.4*veins[uint(int(40*p.x)*131+int(40*p.y)*7)%4096]
			if fx, fy := 2*p.x-float64(tx), 2*p.y-float64(ty); fx < 0.03 || fy < 0.03 {
				v -= 25
			}
			list[y*Width+x] = v
		}
	}
	return list
}

// sun is the direction of the light. A surface that it does not reach shows the share ambient of it.
var sun = vec{0.35, -0.25, 0.9}.unit()

const ambient = 0.45

// Frame renders the frame with the given number.
func (c *Clip) Frame(number int) vision.Frame {
	light := append([]float64(nil), c.floor...)
	depth := make([]float64, Width*Height)
	for i := range depth {
		depth[i] = math.Inf(1)
	}
	rgb := make([]colour, Width*Height)
	for _, w := range c.people {
		if w.there(number) {
			c.shade(light, w.place(number))
		}
	}
	for _, w := range c.people {
		if w.there(number) {
			for _, r := range w.body(number) {
				c.draw(r, depth, rgb)
			}
		}
	}
	f := vision.Frame{Width: Width, Height: Height, BGR: make([]byte, 3*Width*Height)}
	from := number * 7919 % (Width * Height)
	for i := range light {
		for k := range 3 {
			v := light[i] * []float64{0.95, 1, 1.04}[k]
			if !math.IsInf(depth[i], 1) {
				v = rgb[i][k]
			}
			f.BGR[3*i+k] = byte(max(0, min(255, v+c.noise[from+i])))
		}
	}
	return f
}

// shade darkens the floor where somebody stands.
func (c *Clip) shade(light []float64, p vec) {
	x, y, metre, ok := c.eye.see(p)
	if !ok {
		return
	}
	for py := max(0, int(y-metre)); py < min(Height, int(y+metre)); py++ {
		for px := max(0, int(x-metre)); px < min(Width, int(x+metre)); px++ {
			g, ok := c.eye.ground(c.eye.ray(px, py))
			if !ok {
				continue
			}
			d := g.minus(p)
			light[py*Width+px] *= 1 - 0.3*math.Exp(-(d.x*d.x+d.y*d.y)/0.12)
		}
	}
}

// draw renders a rod where it is nearer than what was drawn before.
func (c *Clip) draw(r rod, depth []float64, rgb []colour) {
	ax, ay, am, okA := c.eye.see(r.a)
	bx, by, bm, okB := c.eye.see(r.b)
	if !okA || !okB {
		return
	}
	pad := 1.3*r.radius*math.Max(am, bm) + 2
	for y := max(0, int(math.Min(ay, by)-pad)); y < min(Height, int(math.Max(ay, by)+pad)); y++ {
		for x := max(0, int(math.Min(ax, bx)-pad)); x < min(Width, int(math.Max(ax, bx)+pad)); x++ {
			ray := c.eye.ray(x, y)
			t, ok := r.hit(c.eye.at, ray)
			at := y*Width + x
			if !ok || t <= 0 || t >= depth[at] {
				continue
			}
			depth[at] = t
			bright := ambient + (1-ambient)*math.Max(0, r.facing(c.eye.at.plus(ray.times(t))).dot(sun))
			for k := range 3 {
				rgb[at][k] = bright * r.c[k]
			}
		}
	}
}
