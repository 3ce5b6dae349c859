package gallery

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// share is a part of a box, as shares of its width and height.
type share struct{ x, y, w, h float64 }

// In a photo of a pack held before the camera, nothing says for certain where the pack is. Three parts closer
// and closer to the middle show it however near it was held; and what the detector takes for it, once as it is
// and once without the outline, of which a loose box shows too much.
var (
	middles = []share{{0.08, 0.04, 0.84, 0.92}, {0.18, 0.10, 0.64, 0.80}, {0.25, 0.20, 0.50, 0.60}}
	inside  = share{0.08, 0.06, 0.84, 0.88}
)

// Views are the parts of a photo of one pack that stand for it, when it is enrolled and when its name is
// asked for: of a product shot on a plain ground what is not ground, of any other photo several.
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

// of cuts the share out of a box; it keeps at least a pixel.
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
	mean := make([]float32, len(views[0]))
	for _, v := range views {
		for i := range mean {
			mean[i] += v[i]
		}
	}
	length := math.Sqrt(dot(mean, mean))
	if length == 0 {
		return g.Match(mean)
	}
	for i := range mean {
		mean[i] /= float32(length)
	}
	return g.Match(mean)
}
