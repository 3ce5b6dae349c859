package vision

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

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
	middle := make([]byte, 3*w*f.Height)
	across := taps(f.Width, w)
	for y := range f.Height {
		narrow(middle[3*y*w:3*(y+1)*w], f.BGR[3*y*f.Width:3*(y+1)*f.Width], across)
	}
	out.BGR = make([]byte, 3*w*h)
	for y, t := range taps(f.Height, h) {
		blend(out.BGR[3*y*w:3*(y+1)*w], middle[3*t.from*w:], t.weight)
	}
	return out
}

// narrow writes the weighted means of a row's pixels, one for each tap.
func narrow(dst, row []byte, across []tap) {
	for x, t := range across {
		src, to := row[3*t.from:], (*[3]byte)(dst[3*x:])
		switch k := t.weight; len(k) {
		case 2: // the most frequent by far, with 3: packs are about as large as what their network takes
			s := (*[6]byte)(src)
			to[0] = byte((half16 + k[0]*int32(s[0]) + k[1]*int32(s[3])) >> 16)
			to[1] = byte((half16 + k[0]*int32(s[1]) + k[1]*int32(s[4])) >> 16)
			to[2] = byte((half16 + k[0]*int32(s[2]) + k[1]*int32(s[5])) >> 16)
		case 3:
			s := (*[9]byte)(src)
			to[0] = byte((half16 + k[0]*int32(s[0]) + k[1]*int32(s[3]) + k[2]*int32(s[6])) >> 16)
			to[1] = byte((half16 + k[0]*int32(s[1]) + k[1]*int32(s[4]) + k[2]*int32(s[7])) >> 16)
			to[2] = byte((half16 + k[0]*int32(s[2]) + k[1]*int32(s[5]) + k[2]*int32(s[8])) >> 16)
		default:
			var b, g, r int32 = half16, half16, half16
			for _, k := range k {
				r += k * int32(src[2]) // the last one first: one check of bounds is enough then
				g += k * int32(src[1])
				b += k * int32(src[0])
				src = src[3:]
			}
			to[0], to[1], to[2] = byte(b>>16), byte(g>>16), byte(r>>16)
		}
	}
}

// half16 rounds a sum of weights to the nearest.
const half16 = 1 << 15

// blend writes the weighted mean of as many rows as there are weights, one behind the other in rows.
func blend(dst, rows []byte, weight []int32) {
	n := len(dst)
	switch len(weight) {
	case 2:
		a, b, ka, kb := rows[:n], rows[n:2*n], weight[0], weight[1]
		for i := range dst {
			dst[i] = byte((half16 + ka*int32(a[i]) + kb*int32(b[i])) >> 16)
		}
	case 3:
		a, b, c, ka, kb, kc := rows[:n], rows[n:2*n], rows[2*n:3*n], weight[0], weight[1], weight[2]
		for i := range dst {
			dst[i] = byte((half16 + ka*int32(a[i]) + kb*int32(b[i]) + kc*int32(c[i])) >> 16)
		}
	default:
		for i := range dst {
			sum, at := int32(half16), i
			for _, k := range weight {
				sum += k * int32(rows[at])
				at += n
			}
			dst[i] = byte(sum >> 16)
		}
	}
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
	most := int(2*reach) + 2
	raw, weights := make([]float64, 0, most), make([]int32, to*most)
	for i := range out {
		centre := (float64(i)+0.5)*scale - 0.5
		first := min(from-1, max(0, int(math.Floor(centre-reach))+1))
		last := min(from-1, int(centre+reach))
		raw = raw[:0]
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
		weight := weights[i*most:][:len(raw)]
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

// PadPlanes writes grey, as Planes writes a pixel of it, into three planes of w×h numbers wherever they lie outside the
// box that the frame takes.
func PadPlanes(dst []float32, w, h int, frame shelf.Box, grey float64, mean [3]float64, scale float64) {
	for c := range 3 {
		v := float32((grey - mean[c]) * scale)
		for y := range h {
			row := dst[(c*h+y)*w:][:w]
			if y < frame.Y || y >= frame.Y+frame.H {
				fill(row, v)
				continue
			}
			fill(row[:frame.X], v)
			fill(row[frame.X+frame.W:], v)
		}
	}
}

func fill(row []float32, v float32) {
	for i := range row {
		row[i] = v
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
		a, b, c, d = a[:len(sum)], b[:len(sum)], c[:len(sum)], d[:len(sum)]
		for i := range sum {
			sum[i] = uint16(a[i]) + 3*(uint16(b[i])+uint16(c[i])) + uint16(d[i])
		}
		dst := out[3*y*w:][:3*w]
		for k := range 3 {
			dst[k] = byte((4*uint32(sum[k]) + 3*uint32(sum[3+k]) + uint32(sum[6+k]) + 32) >> 6)
			last := 6*(w-1) + k
			dst[3*(w-1)+k] = byte((uint32(sum[last-3]) + 3*uint32(sum[last]) + 4*uint32(sum[last+3]) + 32) >> 6)
		}
		for x := 1; x < w-1; x++ {
			from, to := (*[12]uint16)(sum[6*x-3:]), (*[3]byte)(dst[3*x:])
			to[0] = byte((from[0] + 3*(from[3]+from[6]) + from[9] + 32) >> 6) // 64 times 255 at most
			to[1] = byte((from[1] + 3*(from[4]+from[7]) + from[10] + 32) >> 6)
			to[2] = byte((from[2] + 3*(from[5]+from[8]) + from[11] + 32) >> 6)
		}
	}
	return out
}
