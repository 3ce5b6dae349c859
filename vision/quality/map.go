package quality

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

const (
	width = 640 // pixels across that every measure is taken at, so that thresholds hold for all cameras
	tile  = 16  // side of a tile in those pixels
	bins  = 64  // of a tile's histograms, 4 grey levels each
)

// kinds of histograms.
const (
	luma   = iota // brightness
	veil          // the darkest of the three channels: haze lifts it, everything else leaves some of it dark
	fine          // gradient between neighbours, twofold
	coarse        // gradient over twice the distance, twofold
	kinds
)

// tileSums are histograms and sums, of one tile first and then of all tiles above and left of its bottom right corner, so that
// any box of tiles is four corners (Crow, "Summed-area tables for texture mapping", 1984).
type tileSums struct {
	hist     [kinds][bins]int32
	pixels   int32
	edged    int32 // pixels with a gradient: all but those at the frame's edge
	clipped  int32 // pixels at white in all channels
	coloured int32 // sum of max − min
}

// Map is what the gate measured of one frame.
type Map struct {
	w, h       int     // of the frame
	scale      float64 // frame pixels a measured pixel
	cols, rows int
	sums       []tileSums // by corner, (cols+1)×(rows+1)
	luma       plane      // at the measure's size
	noise      float64
	whole      Stats
	lapVar     float64
	mean, dev  float64
}

type plane struct {
	w, h int
	v    []uint8
}

func (p plane) row(y int) []uint8 { return p.v[y*p.w:][:p.w] }

// Measure takes a frame's measures: about 8 ms for a 1280×960 frame on a desktop core.
func Measure(f vision.Frame) *Map {
	scale := math.Max(1, float64(f.Width)/width)
	small := f.Resize(max(1, int(math.Round(float64(f.Width)/scale))), max(1, int(math.Round(float64(f.Height)/scale))))
	m := &Map{w: f.Width, h: f.Height, scale: scale}
	m.cols, m.rows = (small.Width+tile-1)/tile, (small.Height+tile-1)/tile
	m.sums = make([]tileSums, (m.cols+1)*(m.rows+1))
	m.luma = plane{small.Width, small.Height, make([]uint8, small.Width*small.Height)}
	m.brightness(small)
	m.edges()
	m.sum()
	m.whole = m.stats(m.all())
	return m
}

// tilesAt are the tiles that a row of pixels lies in.
func (m *Map) tilesAt(y int) []tileSums {
	first := (y/tile+1)*(m.cols+1) + 1
	return m.sums[first : first+m.cols]
}

// brightness fills the histograms of brightness and veil.
func (m *Map) brightness(f vision.Frame) {
	var sum, square int64
	for y := range f.Height {
		row, lumas, tiles := f.BGR[3*y*f.Width:][:3*f.Width], m.luma.row(y), m.tilesAt(y)
		for x := range lumas {
			b, g, r := row[3*x], row[3*x+1], row[3*x+2]
			v := uint8((29*uint(b) + 150*uint(g) + 77*uint(r)) >> 8)
			lumas[x] = v
			low, high := min(b, g, r), max(b, g, r)
			t := &tiles[x/tile]
			t.hist[luma][v>>2]++
			t.hist[veil][low>>2]++
			t.pixels++
			t.coloured += int32(high - low)
			if low >= 250 {
				t.clipped++
			}
			sum += int64(v)
			square += int64(v) * int64(v)
		}
	}
	n := float64(f.Width * f.Height)
	m.mean = float64(sum) / n
	m.dev = math.Sqrt(math.Max(0, float64(square)/n-m.mean*m.mean))
}

// edges fills the gradients, and takes the Laplacian's variance and the noise.
//
// Source of the noise: Immerkær, "Fast noise variance estimation", 1996.
func (m *Map) edges() {
	w, h := m.luma.w, m.luma.h
	var lapSum, lapSquare, noise int64
	for y := 2; y < h-2; y++ {
		above2, above, row, below, below2 := m.luma.row(y-2), m.luma.row(y-1), m.luma.row(y), m.luma.row(y+1), m.luma.row(y+2)
		tiles := m.tilesAt(y)
		for x := 2; x < w-2; x++ {
			c := int(row[x])
			left, right, up, down := int(row[x-1]), int(row[x+1]), int(above[x]), int(below[x])
			t := &tiles[x/tile]
			t.hist[fine][gradient(right-left, down-up)]++
			t.hist[coarse][gradient(int(row[x+2])-int(row[x-2]), int(below2[x])-int(above2[x]))]++
			t.edged++
			beside := left + right + up + down
			lap := int64(beside - 4*c)
			lapSum += lap
			lapSquare += lap * lap
			corners := int(above[x-1]) + int(above[x+1]) + int(below[x-1]) + int(below[x+1])
			noise += int64(abs(4*c - 2*beside + corners))
		}
	}
	n := float64(max(1, (w-4)*(h-4)))
	mean := float64(lapSum) / n
	m.lapVar = float64(lapSquare)/n - mean*mean
	m.noise = math.Sqrt(math.Pi/2) / 6 * float64(noise) / n
}

// gradient is the bin of a step across and one down.
func gradient(across, down int) uint { return min(bins-1, uint(abs(across)+abs(down))/4) }

// Stats are the measures of one part of a frame. Grey levels are 0 to 255.
type Stats struct {
	Pixels  int
	Bright  float64 // median brightness
	High    float64 // brightness that only 2 % exceed
	Low     float64 // brightness that only 2 % stay under
	Veil    float64 // darkest channel that only 2 % stay under
	Detail  float64 // gradient of the strongest 5 % of pixels
	Sharp   float64 // that gradient by the one over twice the distance: 1 for an edge of a pixel, 0.5 for a smear
	Clipped float64 // share at white
	Colour  float64 // mean of max − min channel
}

// tileBox is a range of tiles, right and bottom excluded.
type tileBox struct{ x0, y0, x1, y1 int }

func (m *Map) all() tileBox { return tileBox{0, 0, m.cols, m.rows} }

// tilesOf gives the tiles whose middles lie in a box of the frame, at least the one at its centre.
func (m *Map) tilesOf(b shelf.Box) tileBox {
	side := tile * m.scale
	at := func(v int, limit int) int { return min(limit, max(0, int(math.Round(float64(v)/side)))) }
	t := tileBox{at(b.X, m.cols), at(b.Y, m.rows), at(b.X+b.W, m.cols), at(b.Y+b.H, m.rows)}
	if t.x1 <= t.x0 {
		t.x0 = min(m.cols-1, int((float64(b.X)+float64(b.W)/2)/side))
		t.x1 = t.x0 + 1
	}
	if t.y1 <= t.y0 {
		t.y0 = min(m.rows-1, int((float64(b.Y)+float64(b.H)/2)/side))
		t.y1 = t.y0 + 1
	}
	return t
}

// sum makes sums of the tiles' own histograms.
func (m *Map) sum() {
	wide := m.cols + 1
	for y := 1; y <= m.rows; y++ {
		for x := 1; x <= m.cols; x++ {
			at := y*wide + x
			to, up, left, diagonal := &m.sums[at], &m.sums[at-wide], &m.sums[at-1], &m.sums[at-wide-1]
			for kind := range to.hist {
				to, up, left, diagonal := &to.hist[kind], &up.hist[kind], &left.hist[kind], &diagonal.hist[kind]
				for k := range to {
					to[k] += up[k] + left[k] - diagonal[k]
				}
			}
			to.pixels += up.pixels + left.pixels - diagonal.pixels
			to.edged += up.edged + left.edged - diagonal.edged
			to.clipped += up.clipped + left.clipped - diagonal.clipped
			to.coloured += up.coloured + left.coloured - diagonal.coloured
		}
	}
}

// corners are those of a box of tiles: bottom right, bottom left, top right and top left.
type corners [4]*tileSums

// of adds up a count over the box.
func (c corners) of(count func(*tileSums) int32) int {
	return int(count(c[0]) - count(c[1]) - count(c[2]) + count(c[3]))
}

// percentile is the bin of a histogram, with a fraction, below which a share of the box's counts, total in all, lies.
func (c corners) percentile(kind, total int, share float64) float64 {
	p, q, r, t := &c[0].hist[kind], &c[1].hist[kind], &c[2].hist[kind], &c[3].hist[kind]
	want := share * float64(total)
	enough := int32(math.Ceil(want))
	sum := int32(0)
	for k := range p {
		n := p[k] - q[k] - r[k] + t[k]
		if n > 0 && sum+n >= enough {
			return float64(k) + (want-float64(sum))/float64(n)
		}
		sum += n
	}
	return bins
}

// stats adds up the tiles of a box.
func (m *Map) stats(b tileBox) Stats {
	at := func(x, y int) *tileSums { return &m.sums[y*(m.cols+1)+x] }
	c := corners{at(b.x1, b.y1), at(b.x0, b.y1), at(b.x1, b.y0), at(b.x0, b.y0)}
	pixels, edged := c.of(func(t *tileSums) int32 { return t.pixels }), c.of(func(t *tileSums) int32 { return t.edged })
	s := Stats{Pixels: pixels}
	if pixels == 0 {
		return s
	}
	s.Bright, s.High, s.Low = 4*c.percentile(luma, pixels, 0.5), 4*c.percentile(luma, pixels, 0.98), 4*c.percentile(luma, pixels, 0.02)
	s.Veil = 4 * c.percentile(veil, pixels, 0.02)
	// What the sensor's noise alone makes of a flat part is no detail.
	floor := 2.4 * m.noise
	s.Detail = math.Max(0, 2*c.percentile(fine, edged, 0.95)-floor)
	if far := 2*c.percentile(coarse, edged, 0.95) - floor; far > 4 {
		s.Sharp = s.Detail / far
	}
	s.Clipped = float64(c.of(func(t *tileSums) int32 { return t.clipped })) / float64(pixels)
	s.Colour = float64(c.of(func(t *tileSums) int32 { return t.coloured })) / float64(pixels)
	return s
}

// Of measures one box of the frame.
func (m *Map) Of(b shelf.Box) Stats { return m.stats(m.tilesOf(b)) }

// Whole is the whole frame's measures.
func (m *Map) Whole() Stats { return m.whole }

// Noise is the standard deviation of the sensor's noise in grey levels, as far as JPEG left it.
func (m *Map) Noise() float64 { return m.noise }

// Report gives the figures that go into an observation.
func (m *Map) Report() shelf.Quality {
	return shelf.Quality{
		Sharp:    round(m.lapVar, 10),
		Bright:   round(m.mean/255, 1000),
		Contrast: round(m.dev/255, 1000),
		Clipped:  round(m.whole.Clipped, 1000),
	}
}

func round(v, per float64) float64 { return math.Round(v*per) / per }

func abs(v int) int { return max(v, -v) }
