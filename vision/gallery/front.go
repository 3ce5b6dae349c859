package gallery

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

const (
	plainSpread = 10   // grey levels within which a border counts as one plain colour
	plainShare  = 0.93 // share of the border's pixels that must have that colour
	// A facing that covers less than smallFront of a photo is not what the photo was taken of, and one that
	// covers more than fullFront leaves nothing to cut off.
	smallFront, fullFront = 0.04, 0.72
	// likelyFront is the detector's score from which a detection may be the pack: one that fills a photo is found, but with a lower score than on a shelf.
	likelyFront = 0.12
)

// Front returns the part of an enrolment photo that shows the pack. On a plain background (a product shot, a
// crop from a catalogue) that is everything that differs from the background. Otherwise it is the facing that
// is largest and nearest to the middle, if the detector found one that is large enough, and else the whole
// photo, which is then taken to be cropped already.
func Front(f vision.Frame, found []vision.Detection) shelf.Box {
	if ground, ok := plainGround(f); ok {
		return content(f, ground)
	}
	best, bestWorth := f.Bounds(), 0.0
	whole := float64(f.Width * f.Height)
	for _, d := range found {
		if d.Score < likelyFront {
			continue
		}
		area := (d.X1 - d.X0) * (d.Y1 - d.Y0) / whole
		if area < smallFront {
			continue
		}
		off := math.Hypot((d.X0+d.X1)/2/float64(f.Width)-0.5, (d.Y0+d.Y1)/2/float64(f.Height)-0.5)
		if worth := math.Sqrt(area) * d.Score * math.Exp(-3*off*off); worth > bestWorth {
			bestWorth = worth
			x, y := int(d.X0), int(d.Y0)
			best = shelf.Box{X: x, Y: y, W: int(math.Ceil(d.X1)) - x, H: int(math.Ceil(d.Y1)) - y}.Intersect(f.Bounds())
			if area > fullFront {
				best = f.Bounds()
			}
		}
	}
	return best
}

// plainGround returns the colour of a frame's border, if it has only one.
func plainGround(f vision.Frame) (ground [3]int, ok bool) {
	var border []int
	add := func(x, y int) { border = append(border, 3*(y*f.Width+x)) }
	for x := range f.Width {
		add(x, 0)
		add(x, f.Height-1)
	}
	for y := range f.Height {
		add(0, y)
		add(f.Width-1, y)
	}
	for c := range ground {
		var count [256]int
		for _, i := range border {
			count[f.BGR[i+c]]++
		}
		seen := 0
		for v, n := range count {
			if seen += n; seen*2 >= len(border) {
				ground[c] = v
				break
			}
		}
	}
	same := 0
	for _, i := range border {
		if near(f, i, ground) {
			same++
		}
	}
	return ground, float64(same) >= plainShare*float64(len(border))
}

func near(f vision.Frame, i int, ground [3]int) bool {
	for c, g := range ground {
		if d := int(f.BGR[i+c]) - g; d > plainSpread || d < -plainSpread {
			return false
		}
	}
	return true
}

// content returns the box of what differs from the background, or the whole frame if that is next to nothing.
func content(f vision.Frame, ground [3]int) shelf.Box {
	// A row or column counts if two per cent of its pixels differ; dust and JPEG noise stay below that.
	rows, columns := make([]int, f.Height), make([]int, f.Width)
	for y := range f.Height {
		for x := range f.Width {
			if !near(f, 3*(y*f.Width+x), ground) {
				rows[y]++
				columns[x]++
			}
		}
	}
	y0, y1 := span(rows, f.Width/50)
	x0, x1 := span(columns, f.Height/50)
	b := shelf.Box{X: x0, Y: y0, W: x1 - x0, H: y1 - y0}
	if b.W < f.Width/10 || b.H < f.Height/10 {
		return f.Bounds()
	}
	return b
}

func span(counts []int, floor int) (from, to int) {
	from, to = -1, 0
	for i, n := range counts {
		if n > floor {
			if from < 0 {
				from = i
			}
			to = i + 1
		}
	}
	return max(from, 0), to
}
