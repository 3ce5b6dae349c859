package synth

import "math"

// boxPass blurs rows (or columns) by a running mean of 2n+1 pixels, with the border repeated.
func boxPass(src, dst []rgb, count, length, stride, step, n int) {
	k := 1 / float32(2*n+1)
	for line := range count {
		o := line * stride
		at := func(i int) rgb { return src[o+min(max(i, 0), length-1)*step] }
		var sum rgb
		for i := -n; i <= n; i++ {
			sum = sum.plus(at(i))
		}
		for i := range length {
			dst[o+i*step] = sum.times(k)
			in, out := at(i+n+1), at(i-n)
			sum = rgb{sum.r + in.r - out.r, sum.g + in.g - out.g, sum.b + in.b - out.b}
		}
	}
}

// gauss returns the picture blurred with a standard deviation of about sigma pixels, by three box passes or a
// small kernel.
func gauss(pix []rgb, w, h int, sigma float64) []rgb {
	out, tmp := append([]rgb(nil), pix...), make([]rgb, len(pix))
	if sigma < 1.2 {
		e := float32(math.Exp(-1 / (2 * sigma * sigma)))
		mid, side := 1/(1+2*e), e/(1+2*e)
		tap := func(src, dst []rgb, count, length, stride, step int) {
			for line := range count {
				o := line * stride
				for i := range length {
					a, c := src[o+max(i-1, 0)*step], src[o+min(i+1, length-1)*step]
					dst[o+i*step] = src[o+i*step].times(mid).plus(a.plus(c).times(side))
				}
			}
		}
		tap(out, tmp, h, w, w, 1)
		tap(tmp, out, w, h, 1, w)
		return out
	}
	n := max(1, int(math.Round((math.Sqrt(4*sigma*sigma+1)-1)/2)))
	for range 3 {
		boxPass(out, tmp, h, w, w, 1, n)
		boxPass(tmp, out, w, h, 1, w, n)
	}
	return out
}

func (b *buffer) soften(sigma float64) {
	if sigma > 0.2 {
		b.pix = gauss(b.pix, b.w, b.h, sigma)
	}
}

// shake smears the picture along a line of the given length in pixels.
func (b *buffer) shake(angle, length float64) {
	n := int(max(3, length))
	sin, cos := math.Sincos(angle)
	out := make([]rgb, len(b.pix))
	k := 1 / float32(n)
	for i := range n {
		f := (float64(i)/float64(n-1) - 0.5) * length
		dx, dy := int(math.Round(f*cos)), int(math.Round(f*sin))
		for y := range b.h {
			sy := min(max(y+dy, 0), b.h-1)
			for x := range b.w {
				sx := min(max(x+dx, 0), b.w-1)
				out[y*b.w+x] = out[y*b.w+x].plus(b.pix[sy*b.w+sx].times(k))
			}
		}
	}
	b.pix = out
}

// bloom spreads light brighter than level around its source.
func (b *buffer) bloom(share float32, sigma int, level float32) {
	bright := make([]rgb, len(b.pix))
	for i, c := range b.pix {
		if c.luma() > level {
			bright[i] = rgb{min(c.r, 6*level), min(c.g, 6*level), min(c.b, 6*level)}
		}
	}
	for i, c := range gauss(bright, b.w, b.h, float64(sigma)) {
		b.pix[i] = b.pix[i].plus(c.times(share * 3))
	}
}

// fog lays condensation over the picture: a patchy milky veil that blurs what is behind it, with drops and runs
// that are clearer.
func (b *buffer) fog(r random, exposure float32) {
	scale := float64(b.w) / 1280
	thick := r.in(0.4, 0.98)
	far := gauss(b.pix, b.w, b.h, r.in(5, 16)*scale)
	var mean rgb
	for _, c := range b.pix {
		mean = mean.plus(rgb{min(c.r, 1/exposure), min(c.g, 1/exposure), min(c.b, 1/exposure)})
	}
	mean = mean.times(1 / float32(len(b.pix)))
	veil := mean.towards(grey(0.6/exposure), 0.6)
	clear := make([]float32, len(b.pix))
	for range r.between(0, 60) { // drops
		cx, cy, rad := r.in(0, 1)*float64(b.w), r.in(0, 1)*float64(b.h), r.in(2, 7)*scale
		run := 0.0
		if r.chance(0.3) {
			run = r.in(20, 160) * scale
		}
		for y := int(cy - rad); float64(y) <= cy+rad+run; y++ {
			for x := int(cx - rad); float64(x) <= cx+rad; x++ {
				if x < 0 || y < 0 || x >= b.w || y >= b.h {
					continue
				}
				dy := max(0, float64(y)-cy-run)
				if float64(y) < cy {
					dy = cy - float64(y)
				}
				if d := math.Hypot(float64(x)-cx, dy) / rad; d < 1 {
					clear[y*b.w+x] = max(clear[y*b.w+x], float32(0.45*(1-d*d)))
				}
			}
		}
	}
	var ph [6]float64
	for i := range ph {
		ph[i] = r.in(0, 2*math.Pi)
	}
	fx, fy, patch := r.in(0.5, 2), r.in(0.5, 2), r.in(0, 0.9)
	for y := range b.h {
		v := float64(y) / float64(b.h)
		for x := range b.w {
			u := float64(x) / float64(b.w)
			p := math.Sin(2*math.Pi*fx*u+ph[0]+2*math.Sin(5*v+ph[1])) + math.Sin(2*math.Pi*fy*v+ph[2]+2*math.Sin(4*u+ph[3]))
			a := float32(clamp01(thick * (1 - patch*smooth(0.5+p/3))))
			i := y*b.w + x
			a *= 1 - clear[i]
			c := b.pix[i].towards(far[i], min(1, a*1.3))
			b.pix[i] = c.towards(veil, a*0.8)
		}
	}
}

// fringe shifts red outwards and blue inwards by a share of the distance from the middle.
func (b *buffer) fringe(k float64) {
	out := make([]rgb, len(b.pix))
	cx, cy := float64(b.w)/2, float64(b.h)/2
	at := func(x, y int, f float64) rgb {
		sx := int(math.Round(cx + (float64(x)-cx)*f))
		sy := int(math.Round(cy + (float64(y)-cy)*f))
		return b.pix[min(max(sy, 0), b.h-1)*b.w+min(max(sx, 0), b.w-1)]
	}
	for y := range b.h {
		for x := range b.w {
			i := y*b.w + x
			out[i] = rgb{at(x, y, 1-k).r, b.pix[i].g, at(x, y, 1+k).b}
		}
	}
	b.pix = out
}
