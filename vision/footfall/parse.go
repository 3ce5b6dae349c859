package footfall

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ParsePoints reads points in the form x,y,x,y,… in pixels.
func ParsePoints(text string) ([]Point, error) {
	fields := strings.Split(text, ",")
	if len(fields)%2 != 0 {
		return nil, fmt.Errorf("%q has an odd number of numbers", text)
	}
	var out []Point
	for i := 0; i < len(fields); i += 2 {
		x, errX := strconv.ParseFloat(strings.TrimSpace(fields[i]), 64)
		y, errY := strconv.ParseFloat(strings.TrimSpace(fields[i+1]), 64)
		if err := errors.Join(errX, errY); err != nil {
			return nil, err
		}
		if math.IsNaN(x+y) || math.Abs(x) > maxPixel || math.Abs(y) > maxPixel {
			return nil, fmt.Errorf("%q holds no place in a picture", text)
		}
		out = append(out, Point{X: x, Y: y})
	}
	return out, nil
}

// maxPixel is beyond the edge of any picture.
const maxPixel = 1 << 16

// InPicture reports whether the path along the points, closed if there are three or more, meets a picture of
// w×h pixels or encloses it.
func InPicture(w, h int, points ...Point) bool {
	picture := []Point{{}, {float64(w), 0}, {float64(w), float64(h)}, {0, float64(h)}}
	edges := len(points)
	if edges == 2 {
		edges = 1
	}
	for i := range edges {
		a, b := points[i], points[(i+1)%len(points)]
		if a.X >= 0 && a.Y >= 0 && a.X <= float64(w) && a.Y <= float64(h) {
			return true
		}
		if b.X >= 0 && b.Y >= 0 && b.X <= float64(w) && b.Y <= float64(h) {
			return true
		}
		for k, p := range picture {
			q := picture[(k+1)%4]
			if p.aside(a, b)*q.aside(a, b) < 0 && a.aside(p, q)*b.aside(p, q) < 0 {
				return true
			}
		}
	}
	return len(points) > 2 && Zone{Corners: points}.contains(Point{float64(w) / 2, float64(h) / 2})
}

// aside returns a number whose sign tells on which side of the way from a to b the point lies.
func (p Point) aside(a, b Point) float64 { return (b.X-a.X)*(p.Y-a.Y) - (b.Y-a.Y)*(p.X-a.X) }
