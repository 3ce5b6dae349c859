package lens

import (
	"math"

	"github.com/coldshelf/coldshelf/vision"
)

const (
	mapBits = 7 // fractional bits of a pixel in a rectifier's map
	mapOne  = 1 << mapBits
)

// Rectifier turns pictures taken with a profile's lens into pictures of the same size as its ideal lens would
// take them. What the lens did not see is black. It may be used by several goroutines at once.
type Rectifier struct {
	w, h int
	from []int32 // for each pixel of the result, x and y of the source in fractions of a pixel; x < 0: nothing was seen
}

// NewRectifier prepares a map for pictures of w×h pixels, which takes 8 bytes per pixel. If their aspect ratio
// is not that of the profile, the error wraps ErrSize.
func NewRectifier(p *Profile, w, h int) (*Rectifier, error) {
	p, err := p.For(w, h)
	if err != nil {
		return nil, err
	}
	r := &Rectifier{w: w, h: h, from: make([]int32, 2*w*h)}
	lens := p.Lens()
	_, _, ideal := p.Ideal()
	for y := range h {
		for x := range w {
			i := 2 * (y*w + x)
			r.from[i] = -1
			d, ok := ideal.Ray(float64(x)+0.5, float64(y)+0.5)
			if !ok {
				continue
			}
			u, v, ok := lens.Project(d)
			u, v = u-0.5, v-0.5 // from coordinates whose origin is a pixel's corner to those whose origin is its centre
			if !ok || !(u > -0.5 && v > -0.5 && u < float64(w)-0.5 && v < float64(h)-0.5) {
				continue
			}
			u, v = math.Min(math.Max(u, 0), float64(w-1)), math.Min(math.Max(v, 0), float64(h-1))
			r.from[i], r.from[i+1] = int32(u*mapOne+0.5), int32(v*mapOne+0.5)
		}
	}
	return r, nil
}

// Apply returns the rectified picture, interpolated linearly. The frame must have the rectifier's size.
func (r *Rectifier) Apply(f vision.Frame) vision.Frame {
	out := vision.Frame{Width: r.w, Height: r.h, BGR: make([]byte, 3*r.w*r.h), CapturedAt: f.CapturedAt}
	right, below := int32(3), int32(3*r.w)
	for i := range r.w * r.h {
		x, y := r.from[2*i], r.from[2*i+1]
		if x < 0 {
			continue
		}
		fx, fy := x&(mapOne-1), y&(mapOne-1)
		at := 3 * (y>>mapBits*int32(r.w) + x>>mapBits)
		dx, dy := right, below
		if fx == 0 { // this includes the last column, beyond which there is nothing to read
			dx = 0
		}
		if fy == 0 {
			dy = 0
		}
		for c := range int32(3) {
			top := int32(f.BGR[at+c])*(mapOne-fx) + int32(f.BGR[at+dx+c])*fx
			low := int32(f.BGR[at+dy+c])*(mapOne-fx) + int32(f.BGR[at+dy+dx+c])*fx
			out.BGR[3*int32(i)+c] = byte((top*(mapOne-fy) + low*fy + mapOne*mapOne/2) >> (2 * mapBits))
		}
	}
	return out
}
