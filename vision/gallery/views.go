package gallery

import (
	"context"
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// share is a part of a box, in shares of its width and height.
type share struct{ x, y, w, h float64 }

// In a photo of a pack held before the camera, nothing says for certain where the pack is. Three parts, each
// closer to the middle, show it however near it was held. What the detector takes for the pack is used twice:
// as it is, and without its outline, of which a loose box shows too much.
var (
	middles = []share{{0.08, 0.04, 0.84, 0.92}, {0.18, 0.10, 0.64, 0.80}, {0.25, 0.20, 0.50, 0.60}}
	inside  = share{0.08, 0.06, 0.84, 0.88}
)

// rest are the parts of a pack that are embedded besides the whole: once without its foot and once without its
// head. What all of them show belongs to the product itself; what a neighbour, a rail or the half of a sister
// product adds then counts less.
var rest = []share{{0, 0, 1, 0.7}, {0, 0.3, 1, 0.7}}

// closer returns the mean direction of a crop's vector and the vectors of its parts.
func closer(ctx context.Context, e vision.Embedder, crop vision.Frame, whole []float32) ([]float32, error) {
	parts := make([]vision.Frame, len(rest))
	for i, s := range rest {
		parts[i] = crop.Crop(s.of(crop.Bounds()))
	}
	vectors, err := e.Embed(ctx, parts)
	if err != nil {
		return nil, err
	}
	return meanOf(append(vectors, whole)), nil
}

// Views returns the parts of a photo that stand for the pack in it, both when it is enrolled and when its name
// is asked for: on a plain background the one part that is not background, otherwise several.
func Views(f vision.Frame, found []vision.Detection) []shelf.Box {
	if ground, ok := plainGround(f); ok {
		return []shelf.Box{content(f, ground)}
	}
	front := Front(f, found)
	views := []shelf.Box{front, inside.of(front)}
	for _, m := range middles {
		views = append(views, m.of(f.Bounds()))
	}
	return views
}

// of returns the share as a part of a box, at least one pixel large.
func (s share) of(b shelf.Box) shelf.Box {
	from := func(at, size int, part float64) int { return at + int(math.Round(part*float64(size))) }
	x, y := from(b.X, b.W, s.x), from(b.Y, b.H, s.y)
	return shelf.Box{X: x, Y: y, W: max(1, from(b.X, b.W, s.x+s.w)-x), H: max(1, from(b.Y, b.H, s.y+s.h)-y)}
}

// MatchViews names the one pack that several vectors show, by their mean direction.
func (g *Gallery) MatchViews(views [][]float32) Match {
	if len(views) == 0 {
		return Match{}
	}
	return g.Match(meanOf(views))
}

// meanOf returns the mean of vectors of the same length, scaled to unit length.
func meanOf(vectors [][]float32) []float32 {
	mean := make([]float32, len(vectors[0]))
	for _, v := range vectors {
		for i := range mean {
			mean[i] += v[i]
		}
	}
	if length := math.Sqrt(dot(mean, mean)); length > 0 {
		for i := range mean {
			mean[i] /= float32(length)
		}
	}
	return mean
}
