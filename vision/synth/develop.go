package synth

import (
	"image"
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// develop turns linear light into the camera's picture: exposure, optics, fog, tone curve and noise.
func (s *Scene) develop(b *buffer, w *world, cam lens.Camera, shot Shot) *image.RGBA {
	r := newRandom(shot.Seed, 31)
	device := shot.Device
	if device == 0 {
		device = shot.Seed
	}
	own := newRandom(device, 32)
	scale := float64(b.w) / 1280
	exposure := float32(s.target / b.level(w.packs))
	var (
		veil     = 0.0
		blur     = own.in(0, 0.9) * scale
		vignette = own.in(0, 0.35)
		grain    = math.Pow(own.Float64(), 2) * 0.03
		bloom    = own.in(0, 0.08)
		gamma    = own.in(0.85, 1.2)
		tint     = rgb{float32(1 + own.bell(0.05)), 1, float32(1 + own.bell(0.06))}
		fringe   = max(0, own.in(-0.0012, 0.0012))
		saturate = own.in(0.8, 1.15)
	)
	if own.chance(0.08) { // a poor sensor
		grain = own.in(0.03, 0.09)
	}
	if own.chance(0.25) {
		veil = own.in(0, 0.03)
	}
	if shot.Plain {
		veil, blur, vignette, grain, bloom, gamma, tint, fringe, saturate = 0, 0, 0, 0, 0, 1, rgb{1, 1, 1}, 0, 1
	}
	switch shot.Condition {
	case Glare:
		veil = r.in(0.08, 0.3)
	case Dark:
		exposure *= float32(r.in(0.04, 0.16))
		grain += r.in(0.02, 0.07)
	case Over:
		exposure *= float32(r.in(1.7, 4.5))
		bloom += 0.06
	}
	if veil > 0 {
		for y := range b.h {
			for x := range b.w {
				if d, ok := cam.Ray(float64(x)+0.5, float64(y)+0.5); ok {
					i := y*b.w + x
					b.pix[i] = b.pix[i].plus(w.veil(cam, d, veil))
				}
			}
		}
	}
	if bloom > 0 {
		b.bloom(float32(bloom), int(max(2, 22*scale)), float32(1.2)/exposure)
	}
	switch {
	case shot.Condition == Blur && r.chance(0.5):
		b.shake(r.in(0, math.Pi), r.in(8, 30)*scale)
	case shot.Condition == Blur:
		b.soften(r.in(2.2, 8) * scale)
	case blur > 0.3:
		b.soften(blur)
	}
	if shot.Condition == Fog {
		b.fog(r, exposure)
	}
	if fringe > 0 {
		b.fringe(fringe)
	}
	return b.expose(tone{exposure, float32(gamma), float32(vignette), float32(grain), float32(saturate), tint, shot.Seed})
}

// level returns the brightness that the camera exposes for: that of the brighter packs and, with less weight,
// of the brighter parts of the whole picture.
func (b *buffer) level(packs int) float64 {
	const bins, top = 512, 8.0
	var all, goods [bins]int
	nAll, nGoods := 0, 0
	for i, c := range b.pix {
		k := min(bins-1, max(0, int(math.Sqrt(float64(c.luma())/top)*bins)))
		all[k]++
		nAll++
		if id := b.id[i]; id >= 0 && int(id) < packs {
			goods[k]++
			nGoods++
		}
	}
	at := func(h *[bins]int, n int, share float64) float64 {
		left := int(share * float64(n))
		for k, c := range h {
			if left -= c; left < 0 {
				x := (float64(k) + 0.5) / bins
				return x * x * top
			}
		}
		return top
	}
	level := at(&all, nAll, 0.8)
	if nGoods > nAll/50 {
		level = 0.75*at(&goods, nGoods, 0.88) + 0.25*level
	}
	return max(0.01, level)
}

type tone struct {
	exposure, gamma, vignette, grain, saturate float32
	tint                                       rgb
	seed                                       uint64
}

// expose maps linear light to sRGB bytes with a soft shoulder and the sensor's noise.
func (b *buffer) expose(t tone) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, b.w, b.h))
	// The sRGB curve is tabulated over the square root of light, which is fine enough in the shadows.
	var lut [2048]float32
	for i := range lut {
		x := float64(i) / 2047
		x *= x
		if x <= 0.0031308 {
			x *= 12.92
		} else {
			x = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		lut[i] = float32(math.Pow(x, float64(t.gamma)))
	}
	encode := func(x float32) float32 {
		if x <= 0 {
			return 0
		}
		if x > 0.75 { // shoulder: highlights saturate slowly
			x = 0.75 + 0.25*(1-float32(math.Exp(float64(-(x-0.75)/0.25))))
		}
		return lut[min(2047, int(float32(math.Sqrt(float64(x)))*2047+0.5))]
	}
	cx, cy := float32(b.w)/2, float32(b.h)/2
	rr := 1 / (cx*cx + cy*cy)
	for y := range b.h {
		for x := range b.w {
			c := b.pix[y*b.w+x].times(t.exposure).by(t.tint)
			dx, dy := float32(x)-cx, float32(y)-cy
			c = c.times(1 - t.vignette*(dx*dx+dy*dy)*rr)
			if t.saturate != 1 {
				l := c.luma()
				c = rgb{l, l, l}.towards(c, t.saturate)
			}
			v := [3]float32{encode(c.r), encode(c.g), encode(c.b)}
			p := img.Pix[y*img.Stride+4*x:]
			for k := range 3 {
				if t.grain > 0 {
					// The sum of two uniform draws is near enough to normal.
					e := noise(t.seed, x, y, k) + noise(t.seed, x, y, k+3) - 1
					v[k] += t.grain * float32(e*2) * (1.3 - 0.6*v[k])
				}
				p[k] = uint8(min(255, max(0, v[k]*255+0.5)))
			}
			p[3] = 255
		}
	}
	return img
}
