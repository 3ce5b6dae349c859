package embed

import (
	"context"
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/vision"
)

// ColourLayout describes packs without a trained network, by which colours are where, how much there is of
// each, and which way edges run. It is the fallback for a set of weights without an embedder, and the baseline
// that a trained one must beat. It tells designs apart, but cannot read small print.
//
// Sources: colour layout after MPEG-7 (ISO/IEC 15938-3, 6.6); gradient histograms after Dalal and Triggs,
// "Histograms of oriented gradients for human detection", 2005.
type ColourLayout struct{}

const (
	layoutW, layoutH = 32, 64 // size in pixels to which a crop is scaled
	cols, rows       = 4, 8   // cells
	cellSide         = layoutW / cols
	hues, greys      = 12, 3
	turns            = 8
	bands            = 3 // horizontal bands, with one hue histogram each
	layoutDim        = cols*rows*3 + bands*(hues+greys) + cols*rows*turns
	// edgeWeight is the weight of a pack's outermost columns, which show its curvature and its neighbours.
	edgeWeight = 0.35
)

// The weights of the three parts of a vector, chosen on rendered packs (see the tests).
const (
	layoutPart, huePart, gradientPart = 0.8, 1.0, 0.6
)

// ID names the embedder. Whoever changes one of the constants above must give it a new version.
func (ColourLayout) ID() vision.EmbedderID {
	return vision.EmbedderID{Name: "colour-layout", Version: "1", Dim: layoutDim}
}

// Open returns thresholds that were measured on rendered packs other than those the constants were chosen on.
func (ColourLayout) Open() vision.Open { return vision.Open{Threshold: 0.80, Margin: 0.01} }

// Embed returns one vector per crop.
func (c ColourLayout) Embed(ctx context.Context, crops []vision.Frame) ([][]float32, error) {
	out := make([][]float32, len(crops))
	for i, crop := range crops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := crop.Check(); err != nil {
			return nil, fmt.Errorf("crop %d: %w", i+1, err)
		}
		out[i] = describe(lit(crop.Resize(layoutW, layoutH)))
	}
	return out, nil
}

// lit brings a crop to a common brightness: the brightest few per cent of its pixels become nearly white.
func lit(f vision.Frame) vision.Frame {
	const share, white, most = 0.97, 235.0, 5.0
	var count [256]int
	n := len(f.BGR) / 3
	for i := range n {
		count[max(f.BGR[3*i], f.BGR[3*i+1], f.BGR[3*i+2])]++
	}
	bright, seen := 255, 0
	for v, c := range count {
		if seen += c; float64(seen) >= share*float64(n) {
			bright = v
			break
		}
	}
	gain := min(white/float64(max(bright, 1)), most)
	out := vision.Frame{Width: f.Width, Height: f.Height, BGR: make([]byte, len(f.BGR))}
	for i, v := range f.BGR {
		out.BGR[i] = byte(min(255, float64(v)*gain))
	}
	return out
}

func describe(f vision.Frame) []float32 {
	v := make([]float32, layoutDim)
	layout, rest := v[:cols*rows*3], v[cols*rows*3:]
	hue, gradient := rest[:bands*(hues+greys)], rest[bands*(hues+greys):]
	luma := normalisedLuma(f)
	fillLayout(layout, f, luma)
	fillHue(hue, f)
	fillGradient(gradient, luma)
	for _, part := range []struct {
		v      []float32
		weight float32
	}{{layout, layoutPart}, {hue, huePart}, {gradient, gradientPart}} {
		unit(part.v)
		for i := range part.v {
			part.v[i] *= part.weight
		}
	}
	unit(v)
	return v
}

// normalisedLuma removes the lighting: the result has mean zero and standard deviation one.
func normalisedLuma(f vision.Frame) []float32 {
	luma := make([]float32, layoutW*layoutH)
	var sum, square float64
	for i := range luma {
		y := 0.114*float64(f.BGR[3*i]) + 0.587*float64(f.BGR[3*i+1]) + 0.299*float64(f.BGR[3*i+2])
		luma[i] = float32(y)
		sum, square = sum+y, square+y*y
	}
	n := float64(len(luma))
	mean := sum / n
	dev := math.Sqrt(math.Max(square/n-mean*mean, 0)) + 4 // so that a flat crop stays flat
	for i := range luma {
		luma[i] = float32((float64(luma[i]) - mean) / dev)
	}
	return luma
}

// columnWeight is lower at the sides of the pack.
func columnWeight(x int) float32 {
	t := math.Abs((float64(x)+0.5)/layoutW*2 - 1)
	return float32(1 - (1-edgeWeight)*t*t)
}

func fillLayout(out []float32, f vision.Frame, luma []float32) {
	for y := range layoutH {
		for x := range layoutW {
			i := y*layoutW + x
			b, g, r := float32(f.BGR[3*i]), float32(f.BGR[3*i+1]), float32(f.BGR[3*i+2])
			bright := (b+g+r)/3 + 24 // so that the noise of dark pixels does not look like colour
			cell := 3 * (y/cellSide*cols + x/cellSide)
			w := columnWeight(x)
			out[cell] += w * 0.5 * luma[i]
			out[cell+1] += w * 1.5 * (r - g) / bright
			out[cell+2] += w * 1.5 * (b - (r+g)/2) / bright
		}
	}
}

// fillHue writes a histogram of hues, weighted by saturation, followed by black, grey and white, weighted by
// its lack.
func fillHue(out []float32, f vision.Frame) {
	for y := range layoutH {
		band := out[y*bands/layoutH*(hues+greys):][:hues+greys]
		for x := range layoutW {
			i := 3 * (y*layoutW + x)
			b, g, r := float64(f.BGR[i]), float64(f.BGR[i+1]), float64(f.BGR[i+2])
			high, low := max(b, g, r), min(b, g, r)
			w := columnWeight(x)
			chroma := float32((high - low) / (high + 24))
			at := hueOf(b, g, r, high, low) * hues
			k := int(at) % hues
			part := float32(at - math.Floor(at))
			band[k] += w * chroma * (1 - part)
			band[(k+1)%hues] += w * chroma * part
			band[hues+min(greys-1, int(high*greys/256))] += w * max(0, 0.6-chroma)
		}
	}
	for i := range out {
		out[i] = float32(math.Sqrt(float64(out[i]))) // so that a large plain area does not drown the rest
	}
}

// hueOf returns the hue as a number from 0 to 1.
func hueOf(b, g, r, high, low float64) float64 {
	if high == low {
		return 0
	}
	var h float64
	switch high {
	case r:
		h = (g - b) / (high - low)
	case g:
		h = 2 + (b-r)/(high-low)
	default:
		h = 4 + (r-g)/(high-low)
	}
	if h < 0 {
		h += 6
	}
	return h / 6
}

func fillGradient(out []float32, luma []float32) {
	for y := 1; y < layoutH-1; y++ {
		for x := 1; x < layoutW-1; x++ {
			i := y*layoutW + x
			dx, dy := float64(luma[i+1]-luma[i-1]), float64(luma[i+layoutW]-luma[i-layoutW])
			size := math.Hypot(dx, dy)
			at := (math.Atan2(dy, dx)/math.Pi + 1) * turns // unsigned: opposite directions count as one
			k := int(at) % turns
			part := float32(at - math.Floor(at))
			cell := turns * (y/cellSide*cols + x/cellSide)
			w := columnWeight(x) * float32(size)
			out[cell+k] += w * (1 - part)
			out[cell+(k+1)%turns] += w * part
		}
	}
	for c := 0; c < len(out); c += turns {
		sum := float32(2)
		for _, v := range out[c : c+turns] {
			sum += v
		}
		for k := range out[c : c+turns] {
			out[c+k] = float32(math.Sqrt(float64(out[c+k] / sum)))
		}
	}
}
