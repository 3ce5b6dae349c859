package agent

import (
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// usual remembers, coarsely, what the shelf looks like when nobody stands in front of it: the last look without
// a stranger. Whatever differs from it and is no facing is a stranger if it is large and extends over more than
// one shelf, as people do and empty slots do not. It errs on the side of privacy: a picture is rather held back
// too often than too seldom.
//
// It cannot recognise somebody who stands there at the agent's first look; that is left to Withhold.
type usual struct {
	now   coarse
	was   coarse        // the sight before this one: whoever filled the picture leaves, and the shelf looks as it did
	other coarse        // what has been seen instead for a while
	since time.Duration // the agent's age when that began
}

const (
	// coarseSide is the number of cells along the longer side of a picture.
	coarseSide = 64
	// otherLight is the difference in grey levels from which a cell looks different, after the change of light
	// in the whole picture is taken out.
	otherLight = 28
	// A stranger covers at least strangerShare of the picture's cells and strangerTall of its height.
	strangerShare, strangerTall = 0.05, 0.33
	// settled is how long another sight must stay the same to become the usual one: a shelf was rebuilt. Nobody
	// stands still for so long.
	settled = 15 * time.Minute
)

// step takes the next look, at the given age of the agent, and reports whether a stranger is in it. Pictures in
// which nothing can be recognised, such as dark or fogged ones, show no stranger and teach nothing.
func (u *usual) step(f vision.Frame, obs *shelf.Observation, age time.Duration) bool {
	if obs.Quality.Reason != shelf.NoReason {
		return false
	}
	c := coarseOf(f, coarseSide)
	if c.another(u.now) {
		u.was, u.now, u.other = u.now, u.was, coarse{}
		if !c.alike(u.now) || c.another(u.now) {
			u.now = c
			return true
		}
	}
	if !c.alike(u.now) || !c.stranger(u.now, obs.Facings) {
		u.now, u.other = c, coarse{}
		return false
	}
	if !c.alike(u.other) || c.stranger(u.other, obs.Facings) {
		u.other, u.since = c, age
	} else if age-u.since >= settled {
		u.now, u.other = c, coarse{}
		return false
	}
	return true
}

// A picture is another sight if the share anotherSight of it differs, or if it is brighter or darker by the
// factor anotherLamp: the lamp was lit, the camera was turned, or somebody fills all of it. One such picture is
// held back, and the next is compared with it.
const anotherSight, anotherLamp = 0.6, 1.8

func (c coarse) another(from coarse) bool {
	if !c.alike(from) {
		return false
	}
	differs := c.differs(from, otherLight)
	n := 0
	for _, d := range differs {
		if d {
			n++
		}
	}
	brighter := c.light() / max(from.light(), 1)
	return float64(n) > anotherSight*float64(len(differs)) || brighter > anotherLamp || brighter < 1/anotherLamp
}

// light returns the median grey level.
func (c coarse) light() float64 {
	grey := make([]float64, c.w*c.h)
	for i := range grey {
		grey[i] = (c.bgr[3*i] + c.bgr[3*i+1] + c.bgr[3*i+2]) / 3
	}
	slices.Sort(grey)
	return grey[len(grey)/2]
}

// coarse is a picture of few cells, with B, G and R of each.
type coarse struct {
	w, h int
	bgr  []float64
	side float64 // pixels of the picture per cell
}

// coarseOf reduces a frame to the given number of cells along its longer side.
func coarseOf(f vision.Frame, cells int) coarse {
	c := shapeOf(f, cells)
	c.bgr = make([]float64, 3*c.w*c.h)
	for y := range c.h {
		for x := range c.w {
			c.cell(f, x, y)
		}
	}
	return c
}

// shapeOf returns coarseOf without the colours.
func shapeOf(f vision.Frame, cells int) coarse {
	side := float64(max(f.Width, f.Height)) / float64(cells)
	return coarse{w: max(1, int(float64(f.Width)/side)), h: max(1, int(float64(f.Height)/side)), side: side}
}

// cell computes the mean of a cell's pixels.
func (c *coarse) cell(f vision.Frame, x, y int) {
	x0, x1 := int(float64(x)*c.side), max(int(float64(x)*c.side)+1, int(float64(x+1)*c.side))
	y0, y1 := int(float64(y)*c.side), max(int(float64(y)*c.side)+1, int(float64(y+1)*c.side))
	sum, n := [3]int{}, 0
	for yy := y0; yy < min(y1, f.Height); yy++ {
		for xx := x0; xx < min(x1, f.Width); xx++ {
			at := 3 * (yy*f.Width + xx)
			sum[0], sum[1], sum[2] = sum[0]+int(f.BGR[at]), sum[1]+int(f.BGR[at+1]), sum[2]+int(f.BGR[at+2])
			n++
		}
	}
	for k, v := range sum {
		c.bgr[3*(y*c.w+x)+k] = float64(v) / float64(max(n, 1))
	}
}

// alike reports whether both have the same size.
func (c coarse) alike(o coarse) bool { return c.w == o.w && c.h == o.h }

// stranger reports whether something large differs from another sight and is none of the facings.
func (c coarse) stranger(from coarse, facings []shelf.Facing) bool {
	other := c.differs(from, otherLight)
	for _, f := range facings {
		for y := int(float64(f.Box.Y) / c.side); y < min(c.h, int(math.Ceil(float64(f.Box.Y+f.Box.H)/c.side))); y++ {
			for x := int(float64(f.Box.X) / c.side); x < min(c.w, int(math.Ceil(float64(f.Box.X+f.Box.W)/c.side))); x++ {
				if x >= 0 && y >= 0 {
					other[y*c.w+x] = false
				}
			}
		}
	}
	for start := range other {
		if cells, tall := c.region(other, start); float64(cells) >= strangerShare*float64(c.w*c.h) && float64(tall) >= strangerTall*float64(c.h) {
			return true
		}
	}
	return false
}

// differs marks the cells that look different after the change of light in the whole picture, by channel, is
// taken out.
func (c coarse) differs(from coarse, most float64) []bool {
	out := make([]bool, c.w*c.h)
	ratios := make([]float64, c.w*c.h)
	for k := range 3 {
		for i := range ratios {
			ratios[i] = c.bgr[3*i+k] / math.Max(from.bgr[3*i+k], 4)
		}
		slices.Sort(ratios)
		gain := ratios[len(ratios)/2]
		for i := range out {
			out[i] = out[i] || math.Abs(c.bgr[3*i+k]-gain*from.bgr[3*i+k]) > most
		}
	}
	return out
}

// region removes from the marks the cells that are connected with start, and returns their number and over how
// many rows they extend.
func (c coarse) region(marked []bool, start int) (cells, tall int) {
	if !marked[start] {
		return 0, 0
	}
	marked[start] = false
	queue := []int{start}
	low, high := c.h, 0
	for n := 0; n < len(queue); n++ {
		x, y := queue[n]%c.w, queue[n]/c.w
		low, high = min(low, y), max(high, y)
		for _, p := range [][2]int{{x - 1, y}, {x + 1, y}, {x, y - 1}, {x, y + 1}} {
			if i := p[1]*c.w + p[0]; p[0] >= 0 && p[0] < c.w && p[1] >= 0 && p[1] < c.h && marked[i] {
				marked[i] = false
				queue = append(queue, i)
			}
		}
	}
	return len(queue), high - low + 1
}
