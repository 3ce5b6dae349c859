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
	luma       plane // at the measure's size
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
	m.light(small)
	m.edges()
	m.whole = m.stats(m.all())
	return m
}

// light fills the histograms of brightness and veil.
func (m *Map) light(f vision.Frame) {
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

// stats adds up tiles.
func (m *Map) stats(b tileBox) Stats {
	var luma, veil, fine, coarse [bins]int
	var s Stats
	clipped, coloured := 0, 0
	for y := b.y0; y < b.y1; y++ {
		for x := b.x0; x < b.x1; x++ {
			t := &m.tiles[y*m.cols+x]
			for k := range bins {
				luma[k] += int(t.luma[k])
				veil[k] += int(t.veil[k])
				fine[k] += int(t.fine[k])
				coarse[k] += int(t.coarse[k])
			}
			s.Pixels += t.pixels
			clipped += t.clipped
			coloured += t.coloured
		}
	}
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
func percentile(h *[bins]int, share float64) float64 {
	total := 0
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
