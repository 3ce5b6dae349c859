package lane

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// Width and Height of a patch in pixels.
const Width, Height = 64, 96

// What Patch.Marks says of a pixel.
const (
	Front   = 1 << iota // the lane's opening, as high as a pack
	Floor               // where packs of the lane stand
	Back                // the lane's far end
	Inside              // in the picture
	Found               // a facing covers it
	marks   = 5
	planes  = 3 + marks + 1
	margin  = 0.2 // of the lane's extent, at each side
	minSide = 16  // pixels of the picture
	most    = 3   // samples a pixel and axis where the picture is brought down
)

// Shape is where one lane lies in the picture: corners in pixels, in turn. Floor and Back are nil where the mount
// knows no depth.
type Shape struct {
	Front, Floor, Back [][2]float64
}

// Weak is something that may be a facing, and how much.
type Weak struct {
	Box   shelf.Box
	Score float64 // 0 to 1
}

// Scene is a picture with what the detector found in it.
type Scene struct {
	Frame   vision.Frame
	Facings []shelf.Box
	Weak    []Weak
}

// Patch is a lane's part of the picture, brought to Width×Height pixels without keeping its shape.
type Patch struct {
	BGR   [3 * Width * Height]byte // black outside of the picture
	Marks [Width * Height]byte
	Weak  [Width * Height]byte // the best score of a weak detection there, × 255
}

// window is a part of the picture in pixels.
type window struct{ x0, y0, x1, y1 float64 }

func (s Shape) window() window {
	w := window{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, corners := range [][][2]float64{s.Front, s.Floor, s.Back} {
		for _, p := range corners {
			w.x0, w.x1 = math.Min(w.x0, p[0]), math.Max(w.x1, p[0])
			w.y0, w.y1 = math.Min(w.y0, p[1]), math.Max(w.y1, p[1])
		}
	}
	dx, dy := math.Max(margin*(w.x1-w.x0), minSide/4), math.Max(margin*(w.y1-w.y0), minSide/4)
	return window{w.x0 - dx, w.y0 - dy, w.x1 + dx, w.y1 + dy}
}

// Cut makes a lane's patch.
func Cut(scene Scene, s Shape) *Patch {
	p, w := &Patch{}, s.window()
	sx, sy := (w.x1-w.x0)/Width, (w.y1-w.y0)/Height
	nx, ny := samples(sx), samples(sy)
	for y := range Height {
		for x := range Width {
			i := y*Width + x
			u, v := w.x0+(float64(x)+0.5)*sx, w.y0+(float64(y)+0.5)*sy
			if u < 0 || v < 0 || u >= float64(scene.Frame.Width) || v >= float64(scene.Frame.Height) {
				continue
			}
			p.Marks[i] |= Inside
			mean(scene.Frame, u, v, sx, sy, nx, ny, p.BGR[3*i:3*i+3])
		}
	}
	for _, part := range []struct {
		corners [][2]float64
		mark    byte
	}{{s.Front, Front}, {s.Floor, Floor}, {s.Back, Back}} {
		p.fill(part.corners, w, part.mark)
	}
	for _, b := range scene.Facings {
		p.over(b, w, func(i int) { p.Marks[i] |= Found })
	}
	for _, weak := range scene.Weak {
		score := byte(math.Round(255 * math.Max(0, math.Min(1, weak.Score))))
		p.over(weak.Box, w, func(i int) { p.Weak[i] = max(p.Weak[i], score) })
	}
	return p
}

func samples(step float64) int { return int(math.Max(1, math.Min(most, math.Ceil(step)))) }

// mean averages nx×ny samples of the sx×sy pixels around (u, v).
func mean(f vision.Frame, u, v, sx, sy float64, nx, ny int, out []byte) {
	var sum [3]int
	for j := range ny {
		y := clamp(int(v+sy*((float64(j)+0.5)/float64(ny)-0.5)), f.Height)
		for i := range nx {
			x := clamp(int(u+sx*((float64(i)+0.5)/float64(nx)-0.5)), f.Width)
			at := f.BGR[3*(y*f.Width+x):]
			sum[0], sum[1], sum[2] = sum[0]+int(at[0]), sum[1]+int(at[1]), sum[2]+int(at[2])
		}
	}
	n := nx * ny
	for c := range out {
		out[c] = byte((sum[c] + n/2) / n)
	}
}

func clamp(v, n int) int { return max(0, min(v, n-1)) }

// fill marks the pixels inside of a convex shape.
func (p *Patch) fill(corners [][2]float64, w window, mark byte) {
	if len(corners) < 3 {
		return
	}
	for y := range Height {
		v := w.y0 + (float64(y)+0.5)*(w.y1-w.y0)/Height
		for x := range Width {
			if convex(corners, w.x0+(float64(x)+0.5)*(w.x1-w.x0)/Width, v) {
				p.Marks[y*Width+x] |= mark
			}
		}
	}
}

// convex: the point is on the same side of all edges.
func convex(corners [][2]float64, u, v float64) bool {
	left, right := false, false
	for i, a := range corners {
		b := corners[(i+1)%len(corners)]
		side := (b[0]-a[0])*(v-a[1]) - (b[1]-a[1])*(u-a[0])
		left, right = left || side > 0, right || side < 0
	}
	return left != right
}

// over calls do with every pixel that a box of the picture covers.
func (p *Patch) over(b shelf.Box, w window, do func(i int)) {
	column := func(u int) int { return int(math.Round((float64(u) - w.x0) / (w.x1 - w.x0) * Width)) }
	row := func(v int) int { return int(math.Round((float64(v) - w.y0) / (w.y1 - w.y0) * Height)) }
	for y := max(0, row(b.Y)); y < min(Height, row(b.Y+b.H)); y++ {
		for x := max(0, column(b.X)); x < min(Width, column(b.X+b.W)); x++ {
			do(y*Width + x)
		}
	}
}

// Planes writes the patch as the network takes it: 9×Height×Width numbers; blue, green and red as
// value / 255, then front, floor, back, inside and found as 0 or 1, then the weak score as 0 to 1.
func (p *Patch) Planes(out []float32) {
	const n = Width * Height
	for i := range n {
		for c := range 3 {
			out[c*n+i] = float32(p.BGR[3*i+c]) / 255
		}
		for c := range marks {
			out[(3+c)*n+i] = float32(p.Marks[i] >> c & 1)
		}
		out[(3+marks)*n+i] = float32(p.Weak[i]) / 255
	}
}
