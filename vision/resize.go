package vision

// Resize returns the frame scaled to w×h pixels. When shrinking, each output pixel is the triangle-weighted
// mean of the pixels that it covers, so that small print does not turn into noise; when enlarging, this is
// bilinear interpolation. The axes are filtered separately in 8.16 fixed point, so the result is the same on
// every board. If the size is unchanged, the result shares the frame's bytes.
func (f Frame) Resize(w, h int) Frame {
	out := Frame{Width: w, Height: h, CapturedAt: f.CapturedAt}
	if w == f.Width && h == f.Height {
		out.BGR = f.BGR
		return out
	}
	if f.Width == 2*w && f.Height == 2*h && w > 1 && h > 1 {
		out.BGR = f.half(w, h)
		return out
	}
	across := taps(f.Width, w)
	middle := make([]byte, 3*w*f.Height)
	for y := range f.Height {
		row, dst := f.BGR[3*y*f.Width:3*(y+1)*f.Width], middle[3*y*w:3*(y+1)*w]
		for x, t := range across {
			var b, g, r int32 = 1 << 15, 1 << 15, 1 << 15
			i := 3 * t.from
			for _, k := range t.weight {
				b += k * int32(row[i])
				g += k * int32(row[i+1])
				r += k * int32(row[i+2])
				i += 3
			}
			dst[3*x], dst[3*x+1], dst[3*x+2] = byte(b>>16), byte(g>>16), byte(r>>16)
		}
	}
	out.BGR = make([]byte, 3*w*h)
	sum := make([]int32, 3*w)
	for y, t := range taps(f.Height, h) {
		for i := range sum {
			sum[i] = 1 << 15
		}
		for j, k := range t.weight {
			row := middle[3*(t.from+j)*w : 3*(t.from+j+1)*w]
			for i, v := range row {
				sum[i] += k * int32(v)
			}
		}
		dst := out.BGR[3*y*w : 3*(y+1)*w]
		for i, v := range sum {
			dst[i] = byte(v >> 16)
		}
	}
	return out
}

// tap lists the input pixels of one output pixel along an axis: from is the first of them, and the weights of
// it and its successors add up to 1<<16.
type tap struct {
	from   int
	weight []int32
}

func taps(from, to int) []tap {
	scale := float64(from) / float64(to)
	reach := max(1, scale)
	out := make([]tap, to)
	for i := range out {
		centre := (float64(i)+0.5)*scale - 0.5
		first := max(0, int(centre-reach)+1)
		if centre-reach < -1 {
			first = 0
		}
		last := min(from-1, int(centre+reach))
		raw := make([]float64, 0, last-first+1)
		total := 0.0
		for j := first; j <= last; j++ {
			d := float64(j) - centre
			if d < 0 {
				d = -d
			}
			k := max(0, 1-d/reach)
			raw = append(raw, k)
			total += k
		}
		weight := make([]int32, len(raw))
		left := int32(1 << 16)
		heaviest := 0
		for j, k := range raw {
			weight[j] = int32(k / total * (1 << 16))
			left -= weight[j]
			if k > raw[heaviest] {
				heaviest = j
			}
		}
		weight[heaviest] += left // so that rounding does not darken the picture
		out[i] = tap{first, weight}
	}
	return out
}

// Planes writes the frame into dst as three planes (B, G, R) of w×h numbers, each (value − mean[c]) × scale,
// with the frame's top left corner at (x, y) of the planes. Numbers outside the frame are left as they are. dst
// must hold 3·w·h numbers.
func (f Frame) Planes(dst []float32, w, h, x, y int, mean [3]float64, scale float64) {
	var table [3][256]float32
	for c := range table {
		for v := range table[c] {
			table[c][v] = float32((float64(v) - mean[c]) * scale)
		}
	}
	size := w * h
	for row := range min(f.Height, h-y) {
		src := f.BGR[3*row*f.Width:]
		at := (y+row)*w + x
		n := min(f.Width, w-x)
		b, g, r := dst[at:at+n], dst[size+at:size+at+n], dst[2*size+at:2*size+at+n]
		for i := range n {
			b[i], g[i], r[i] = table[0][src[3*i]], table[1][src[3*i+1]], table[2][src[3*i+2]]
		}
	}
}

// half is Resize to half the size, where the weights along each axis are 1, 3, 3 and 1 eighths. The quality
// gate and most networks ask for it with frames of 1280×960 pixels, and it costs a third of the general way.
func (f Frame) half(w, h int) []byte {
	out := make([]byte, 3*w*h)
	stride := 3 * f.Width
	sum := make([]uint16, stride)
	for y := range h {
		a := f.BGR[max(0, 2*y-1)*stride:][:stride]
		b := f.BGR[2*y*stride:][:stride]
		c := f.BGR[(2*y+1)*stride:][:stride]
		d := f.BGR[min(f.Height-1, 2*y+2)*stride:][:stride]
		for i := range sum {
			sum[i] = uint16(a[i]) + 3*(uint16(b[i])+uint16(c[i])) + uint16(d[i])
		}
		dst := out[3*y*w:][:3*w]
		for k := range 3 {
			dst[k] = byte((4*uint32(sum[k]) + 3*uint32(sum[3+k]) + uint32(sum[6+k]) + 32) >> 6)
			last := 6*(w-1) + k
			dst[3*(w-1)+k] = byte((uint32(sum[last-3]) + 3*uint32(sum[last]) + 4*uint32(sum[last+3]) + 32) >> 6)
		}
		for i := 3; i < 3*(w-1); i++ {
			at := 6*(i/3) + i%3
			dst[i] = byte((uint32(sum[at-3]) + 3*(uint32(sum[at])+uint32(sum[at+3])) + uint32(sum[at+6]) + 32) >> 6)
		}
	}
	return out
}
