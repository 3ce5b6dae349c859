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

// tileStats are one tile's histograms and sums. Boxes are judged by adding up the tiles under them.
type tileStats struct {
	luma     [bins]uint16 // brightness
	veil     [bins]uint16 // the darkest of the three channels: haze lifts it, everything else leaves some of it dark
	fine     [bins]uint16 // gradient between neighbours, twofold
	coarse   [bins]uint16 // gradient over twice the distance, twofold
	pixels   int
	clipped  int // at white in all channels
	coloured int // sum of max − min
}

// Map is what the gate measured of one frame.
type Map struct {
	w, h       int     // of the frame
	scale      float64 // frame pixels a measured pixel
	cols, rows int
	tiles      []tileStats
	sums       []tileSums // of all tiles above and left of a corner, (cols+1)×(rows+1)
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

// Measure takes a frame's measures: about 8 ms for a 1280×960 frame on a desktop core.
func Measure(f vision.Frame) *Map {
	scale := math.Max(1, float64(f.Width)/width)
	small := f.Resize(max(1, int(math.Round(float64(f.Width)/scale))), max(1, int(math.Round(float64(f.Height)/scale))))
	m := &Map{w: f.Width, h: f.Height, scale: scale}
	m.cols, m.rows = (small.Width+tile-1)/tile, (small.Height+tile-1)/tile
	m.tiles = make([]tileStats, m.cols*m.rows)
	m.luma = plane{small.Width, small.Height, make([]uint8, small.Width*small.Height)}
	m.brightness(small)
	m.edges()
	m.sum()
	m.whole = m.stats(m.all())
	return m
}

// brightness fills the histograms of brightness and veil.
func (m *Map) brightness(f vision.Frame) {
	var sum, square float64
	for y := range f.Height {
		for x := range f.Width {
			i := y*f.Width + x
			b, g, r := f.BGR[3*i], f.BGR[3*i+1], f.BGR[3*i+2]
			luma := uint8((29*int(b) + 150*int(g) + 77*int(r)) >> 8)
			m.luma.v[i] = luma
			t := &m.tiles[y/tile*m.cols+x/tile]
			low, high := min(b, g, r), max(b, g, r)
			t.luma[luma>>2]++
			t.veil[low>>2]++
			t.pixels++
			t.coloured += int(high - low)
			if low >= 250 {
				t.clipped++
			}
			sum += float64(luma)
			square += float64(luma) * float64(luma)
		}
	}
	n := float64(f.Width * f.Height)
	m.mean = sum / n
	m.dev = math.Sqrt(math.Max(0, square/n-m.mean*m.mean))
}

// edges fills the gradients, and takes the Laplacian's variance and the noise.
//
// Source of the noise: Immerkær, "Fast noise variance estimation", 1996.
func (m *Map) edges() {
	w, h, v := m.luma.w, m.luma.h, m.luma.v
	var lapSum, lapSquare, noise float64
	for y := 2; y < h-2; y++ {
		for x := 2; x < w-2; x++ {
			i := y*w + x
			c := int(v[i])
			left, right, up, down := int(v[i-1]), int(v[i+1]), int(v[i-w]), int(v[i+w])
			t := &m.tiles[y/tile*m.cols+x/tile]
			t.fine[min(bins-1, (abs(right-left)+abs(down-up))/4)]++
			t.coarse[min(bins-1, (abs(int(v[i+2])-int(v[i-2]))+abs(int(v[i+2*w])-int(v[i-2*w])))/4)]++
			lap := float64(left + right + up + down - 4*c)
			lapSum += lap
			lapSquare += lap * lap
			corners := int(v[i-w-1]) + int(v[i-w+1]) + int(v[i+w-1]) + int(v[i+w+1])
			noise += math.Abs(float64(4*c - 2*(left+right+up+down) + corners))
		}
	}
	n := float64(max(1, (w-4)*(h-4)))
	m.lapVar = lapSquare/n - (lapSum/n)*(lapSum/n)
	m.noise = math.Sqrt(math.Pi/2) / 6 * noise / n
}

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

// tileSums are tileStats added up, so that any box of tiles is four corners.
type tileSums struct {
	luma, veil, fine, coarse  [bins]int32
	pixels, clipped, coloured int32
}

func (m *Map) sum() {
	m.sums = make([]tileSums, (m.cols+1)*(m.rows+1))
	for y := range m.rows {
		for x := range m.cols {
			t := &m.tiles[y*m.cols+x]
			up, left, diagonal := &m.sums[y*(m.cols+1)+x+1], &m.sums[(y+1)*(m.cols+1)+x], &m.sums[y*(m.cols+1)+x]
			to := &m.sums[(y+1)*(m.cols+1)+x+1]
			for k := range bins {
				to.luma[k] = up.luma[k] + left.luma[k] - diagonal.luma[k] + int32(t.luma[k])
				to.veil[k] = up.veil[k] + left.veil[k] - diagonal.veil[k] + int32(t.veil[k])
				to.fine[k] = up.fine[k] + left.fine[k] - diagonal.fine[k] + int32(t.fine[k])
				to.coarse[k] = up.coarse[k] + left.coarse[k] - diagonal.coarse[k] + int32(t.coarse[k])
			}
			to.pixels = up.pixels + left.pixels - diagonal.pixels + int32(t.pixels)
			to.clipped = up.clipped + left.clipped - diagonal.clipped + int32(t.clipped)
			to.coloured = up.coloured + left.coloured - diagonal.coloured + int32(t.coloured)
		}
	}
	m.tiles = nil
}

// stats adds up the tiles of a box.
func (m *Map) stats(b tileBox) Stats {
	at := func(x, y int) *tileSums { return &m.sums[y*(m.cols+1)+x] }
	p, q, r, t := at(b.x1, b.y1), at(b.x0, b.y1), at(b.x1, b.y0), at(b.x0, b.y0)
	var luma, veil, fine, coarse [bins]int32
	for k := range bins {
		luma[k] = p.luma[k] - q.luma[k] - r.luma[k] + t.luma[k]
		veil[k] = p.veil[k] - q.veil[k] - r.veil[k] + t.veil[k]
		fine[k] = p.fine[k] - q.fine[k] - r.fine[k] + t.fine[k]
		coarse[k] = p.coarse[k] - q.coarse[k] - r.coarse[k] + t.coarse[k]
	}
	s := Stats{Pixels: int(p.pixels - q.pixels - r.pixels + t.pixels)}
	clipped, coloured := p.clipped-q.clipped-r.clipped+t.clipped, p.coloured-q.coloured-r.coloured+t.coloured
	if s.Pixels == 0 {
		return s
	}
	s.Bright, s.High, s.Low = 4*percentile(&luma, 0.5), 4*percentile(&luma, 0.98), 4*percentile(&luma, 0.02)
	s.Veil = 4 * percentile(&veil, 0.02)
	// What the sensor's noise alone makes of a flat part is no detail.
	floor := 2.4 * m.noise
	s.Detail = math.Max(0, 2*percentile(&fine, 0.95)-floor)
	if far := 2*percentile(&coarse, 0.95) - floor; far > 4 {
		s.Sharp = s.Detail / far
	}
	s.Clipped = float64(clipped) / float64(s.Pixels)
	s.Colour = float64(coloured) / float64(s.Pixels)
	return s
}

// percentile is the bin, with a fraction, below which a share of the counts lies.
func percentile(h *[bins]int32, share float64) float64 {
	total := int32(0)
	for _, c := range h {
		total += c
	}
	want := share * float64(total)
	sum := 0.0
	for k, c := range h {
		if sum+float64(c) >= want && c > 0 {
			return float64(k) + (want-sum)/float64(c)
		}
		sum += float64(c)
	}
	return bins
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

func abs(v int) int {
	if v < 0 {
		return -v
	}
	return v
}
