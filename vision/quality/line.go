package quality

import "math"

const (
	lineReach = 7 // measured pixels to either side in which a line may lie off where it is looked for
	lineStep  = 2 // measured pixels between two samples along a line, and across it for the difference
)

// Line measures how plainly a line of the scene shows: the greatest mean difference of brightness
// across it, in grey levels, with the line moved by up to a few pixels. Points are in pixels of the frame. A
// shelf's front edge with its rail shows wherever nothing stands before it, whatever the goods; the
// mean over its length leaves nothing of a pattern that is not a line. ok is false where less than half of the
// line lies in the frame.
func (m *Map) Line(points [][2]float64) (contrast float64, ok bool) {
	var at, normal [][2]float64
	for i := 1; i < len(points); i++ {
		ax, ay := points[i-1][0]/m.scale, points[i-1][1]/m.scale
		bx, by := points[i][0]/m.scale, points[i][1]/m.scale
		long := math.Hypot(bx-ax, by-ay)
		if long == 0 {
			continue
		}
		for d := 0.0; d < long; d += lineStep {
			at = append(at, [2]float64{ax + (bx-ax)*d/long, ay + (by-ay)*d/long})
			normal = append(normal, [2]float64{-(by - ay) / long, (bx - ax) / long})
		}
	}
	for shift := -lineReach; shift <= lineReach; shift++ {
		sum, n := 0.0, 0
		for i, p := range at {
			above, okA := m.luma.at(p[0]+normal[i][0]*float64(shift-lineStep), p[1]+normal[i][1]*float64(shift-lineStep))
			below, okB := m.luma.at(p[0]+normal[i][0]*float64(shift+lineStep), p[1]+normal[i][1]*float64(shift+lineStep))
			if okA && okB {
				sum += float64(above) - float64(below)
				n++
			}
		}
		if 2*n < len(at) || n < 4 {
			continue
		}
		contrast, ok = math.Max(contrast, math.Abs(sum/float64(n))), true
	}
	return contrast, ok
}

func (p plane) at(x, y float64) (uint8, bool) {
	i, j := int(math.Floor(x)), int(math.Floor(y))
	if i < 0 || j < 0 || i >= p.w || j >= p.h {
		return 0, false
	}
	return p.v[j*p.w+i], true
}
