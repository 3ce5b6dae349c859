package agent

import (
	"math"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// veil finds what has come in front of the shelf since earlier looks, arms above all, so that it can be blurred
// in the picture that is kept or sent. It remembers, cell by cell, what the shelf looks like. A region that
// differs is foreign if it reaches in over the picture's edge, as whoever reaches in must, and covers more than
// places of packs. A pack that was sold or put in changes all of its own place and nothing else.
//
// It cannot recognise somebody who stands there at the very first look; see pictures.held.
type veil struct {
	now    coarse
	was    coarse      // the sight before this one; see usual
	places []shelf.Box // places of facings, in the looks from which now is made
	other  coarse      // what has been seen in place of a foreign cell for a while
	since  []time.Duration
}

const (
	// veilCells is the number of cells along the longer side of a picture.
	veilCells = 128
	// weakLight is the difference in grey levels from which a cell may belong to a region that differs, of
	// which leastForeign cells must differ by otherLight: sleeves have colours that shelves have too.
	weakLight, leastForeign = 14, 12
	// reachCells is the distance from the picture's edge within which a region has reached it: its end may look
	// like what is behind it.
	reachCells = 4
	// edgeCells is how many of the cells within that distance must differ by otherLight: filling a shelf
	// changes the light of the whole picture a little.
	edgeCells = 3
	// At least leastBeyond cells of a region, and the share beyondShare of it, must lie outside the places of
	// packs that changed.
	leastBeyond, beyondShare = 8, 0.15
	// wholePlace is the share of a pack's place that differs if the pack has gone or come; an arm in front of
	// it hides less. placeRim is how far, in cells, its box may be off.
	wholePlace, placeRim = 0.6, 1
	// veilRim is the number of cells around a foreign region that are blurred with it.
	veilRim = 2
	// mostVeiled is the share of a picture from which it is withheld, because little would be left to see.
	mostVeiled = 0.25
)

// cover is the part of a picture that is blurred, as cells of a coarse picture.
type cover struct {
	w, h  int
	side  float64
	cells []bool
}

// share returns the share of the picture that is covered.
func (c cover) share() float64 {
	n := 0
	for _, v := range c.cells {
		if v {
			n++
		}
	}
	return float64(n) / float64(max(len(c.cells), 1))
}

// fresh reports whether there is nothing yet to compare such a look with.
func (v *veil) fresh(f vision.Frame, obs *shelf.Observation) bool {
	return recognisable(obs.Quality.Reason) && !shapeOf(f, veilCells).alike(v.now)
}

// step takes the next look, at the given age of the agent, and returns what to blur in it. Pictures in which
// nothing can be recognised, such as dark or fogged ones, show nobody and teach nothing.
func (v *veil) step(f vision.Frame, obs *shelf.Observation, age time.Duration) cover {
	c := coarseOf(f, veilCells)
	out := cover{c.w, c.h, c.side, make([]bool, c.w*c.h)}
	if !recognisable(obs.Quality.Reason) {
		return out
	}
	if !c.alike(v.now) {
		*v = veil{}
		v.begin(c)
	}
	if c.another(v.now) {
		was := v.now
		v.begin(v.was)
		if v.was = was; !c.alike(v.now) || c.another(v.now) {
			v.begin(c)
			v.learn(c, cover{}, obs, age)
			out.all()
			return out
		}
	}
	marked := c.differs(v.now, weakLight)
	strong := c.differs(v.now, otherLight)
	place := out.explained(v.places, obs, marked)
	for start := range marked {
		region := out.region(marked, start)
		if len(region) >= leastForeign && out.foreign(region, strong, place) {
			for _, i := range region {
				out.cells[i] = true
			}
		}
	}
	out.widen(veilRim)
	v.learn(c, out, obs, age)
	return out
}

// all covers the whole picture.
func (c cover) all() {
	for i := range c.cells {
		c.cells[i] = true
	}
}

// begin takes a sight for what the shelf looks like.
func (v *veil) begin(c coarse) {
	v.now, v.other, v.since = c, c, make([]time.Duration, c.w*c.h)
	v.other.bgr = make([]float64, len(c.bgr))
}

// recognisable reports whether a person could be recognised in a picture that is impaired in this way.
func recognisable(r shelf.Reason) bool {
	switch r {
	case shelf.Fog, shelf.Dark, shelf.Overexposed:
		return false
	}
	return true
}

func (c cover) foreign(region []int, strong, explained []bool) bool {
	edge, beyond, much := 0, 0, 0
	for _, i := range region {
		x, y := i%c.w, i/c.w
		if strong[i] {
			much++
			if x < reachCells || y < reachCells || x >= c.w-reachCells || y >= c.h-reachCells {
				edge++
			}
		}
		if !explained[i] {
			beyond++
		}
	}
	return edge >= edgeCells && much >= leastForeign && beyond >= leastBeyond && float64(beyond) >= beyondShare*float64(len(region))
}

// learn takes the look for what the shelf looks like, except for what is blurred; of that it learns what has
// stayed the same for long.
func (v *veil) learn(c coarse, out cover, obs *shelf.Observation, age time.Duration) {
	for i, veiled := range out.cells {
		at := c.bgr[3*i : 3*i+3]
		switch {
		case !veiled:
			copy(v.now.bgr[3*i:], at)
			v.since[i] = 0
		case v.since[i] == 0 || away(at, v.other.bgr[3*i:3*i+3]) > otherLight:
			copy(v.other.bgr[3*i:], at)
			v.since[i] = max(age, 1)
		case age-v.since[i] >= settled:
			copy(v.now.bgr[3*i:], at)
		}
	}
	v.places = v.places[:0]
	for _, f := range obs.Facings {
		v.places = append(v.places, f.Box)
	}
}

// away returns how much two cells differ in the channel in which they differ most.
func away(a, b []float64) (d float64) {
	for k := range 3 {
		d = math.Max(d, math.Abs(a[k]-b[k]))
	}
	return d
}

// explained marks the places of packs that changed as a whole, as they do when a pack is sold, put in or
// replaced.
func (c cover) explained(before []shelf.Box, obs *shelf.Observation, differs []bool) []bool {
	out := make([]bool, len(c.cells))
	for _, b := range before {
		c.explain(out, b, differs)
	}
	for _, f := range obs.Facings {
		c.explain(out, f.Box, differs)
	}
	return out
}

// explain marks a box if most of it differs.
func (c cover) explain(out []bool, b shelf.Box, differs []bool) {
	x0, x1 := max(0, int(float64(b.X)/c.side)), min(c.w, int(math.Ceil(float64(b.X+b.W)/c.side)))
	y0, y1 := max(0, int(float64(b.Y)/c.side)), min(c.h, int(math.Ceil(float64(b.Y+b.H)/c.side)))
	n, all := 0, 0
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			all++
			if differs[y*c.w+x] {
				n++
			}
		}
	}
	if float64(n) < wholePlace*float64(all) {
		return
	}
	for y := max(0, y0-placeRim); y < min(c.h, y1+placeRim); y++ {
		for x := max(0, x0-placeRim); x < min(c.w, x1+placeRim); x++ {
			out[y*c.w+x] = true
		}
	}
}

// region removes from the marks the cells that are connected with start, and returns them.
func (c cover) region(marked []bool, start int) []int {
	if !marked[start] {
		return nil
	}
	marked[start] = false
	region := []int{start}
	for n := 0; n < len(region); n++ {
		x, y := region[n]%c.w, region[n]/c.w
		for ny := max(0, y-1); ny <= min(c.h-1, y+1); ny++ {
			for nx := max(0, x-1); nx <= min(c.w-1, x+1); nx++ {
				if i := ny*c.w + nx; marked[i] {
					marked[i] = false
					region = append(region, i)
				}
			}
		}
	}
	return region
}

// widen covers n more cells on each side.
func (c cover) widen(n int) {
	was := append([]bool(nil), c.cells...)
	for i, v := range was {
		if !v {
			continue
		}
		x, y := i%c.w, i/c.w
		for ny := max(0, y-n); ny <= min(c.h-1, y+n); ny++ {
			for nx := max(0, x-n); nx <= min(c.w-1, x+n); nx++ {
				c.cells[ny*c.w+nx] = true
			}
		}
	}
}

// tile is the side, in cells, of the patches in which a blurred part is painted: as wide as an arm.
const tile = 6

// blur returns the frame with the covered cells painted over by patches of one colour each, in which nothing
// can be recognised. If nothing is covered, it returns the frame itself.
func (c cover) blur(f vision.Frame) vision.Frame {
	if c.share() == 0 {
		return f
	}
	out := f
	out.BGR = append([]byte(nil), f.BGR...)
	for ty := 0; ty < c.h; ty += tile {
		for tx := 0; tx < c.w; tx += tile {
			c.paint(out, tx, ty)
		}
	}
	return out
}

func (c cover) paint(f vision.Frame, tx, ty int) {
	var at []int
	sum := [3]int{}
	x0, x1 := int(float64(tx)*c.side), min(f.Width, int(math.Ceil(float64(tx+tile)*c.side)))
	y0, y1 := int(float64(ty)*c.side), min(f.Height, int(math.Ceil(float64(ty+tile)*c.side)))
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			cx, cy := min(c.w-1, int(float64(x)/c.side)), min(c.h-1, int(float64(y)/c.side))
			if cx/tile != tx/tile || cy/tile != ty/tile || !c.cells[cy*c.w+cx] {
				continue
			}
			i := 3 * (y*f.Width + x)
			at = append(at, i)
			for k := range 3 {
				sum[k] += int(f.BGR[i+k])
			}
		}
	}
	for _, i := range at {
		for k := range 3 {
			f.BGR[i+k] = byte(sum[k] / len(at))
		}
	}
}
