package rows_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/rows"
)

// row lays packs of w×h pixels along a curve of bottoms, leaving out those at the places in gaps.
func row(n, x0, w, h int, bottom func(x float64) float64, gaps ...int) []shelf.Facing {
	var out []shelf.Facing
	for i := range n {
		skip := false
		for _, g := range gaps {
			skip = skip || g == i
		}
		if skip {
			continue
		}
		x := x0 + i*(w+4)
		y := int(bottom(float64(x + w/2)))
		out = append(out, shelf.Facing{Box: shelf.Box{X: x, Y: y - h, W: w, H: h}})
	}
	return out
}

func flat(y float64) func(float64) float64      { return func(float64) float64 { return y } }
func slope(y, by float64) func(float64) float64 { return func(x float64) float64 { return y + by*x } }
func bulge(y, by, at float64) func(float64) float64 {
	return func(x float64) float64 { return y + by*math.Pow((x-at)/at, 2) }
}

func TestAssign(t *testing.T) {
	for _, c := range []struct {
		name string
		rows [][]shelf.Facing
	}{
		{"straight", [][]shelf.Facing{row(8, 20, 60, 110, flat(200)), row(8, 20, 60, 110, flat(400)), row(8, 20, 60, 110, flat(600))}},
		{"oblique", [][]shelf.Facing{row(10, 20, 60, 110, slope(200, 0.3)), row(10, 20, 60, 110, slope(400, 0.3)), row(10, 20, 60, 110, slope(600, 0.3))}},
		{"fisheye", [][]shelf.Facing{row(14, 20, 60, 110, bulge(200, 120, 480)), row(14, 20, 60, 110, flat(420)), row(14, 20, 60, 110, bulge(640, -120, 480))}},
		{"a gap of three lanes", [][]shelf.Facing{row(10, 20, 60, 110, flat(200), 4, 5, 6), row(10, 20, 60, 110, flat(400))}},
		{"small packs above tall ones", [][]shelf.Facing{row(12, 20, 40, 60, flat(120)), row(8, 20, 60, 200, flat(400))}},
		{"short and tall packs on one shelf", [][]shelf.Facing{append(row(4, 20, 60, 100, flat(300)), row(4, 276, 60, 170, flat(300))...), row(8, 20, 60, 110, flat(500))}},
		{"one alone", [][]shelf.Facing{row(1, 20, 60, 110, flat(200))}},
		{"none", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var all []shelf.Facing
			var want []string
			for i, r := range c.rows {
				for k, f := range r {
					all = append(all, f)
					want = append(want, fmt.Sprintf("%d.%d", i+1, k+1))
				}
			}
			// The order in which they come must not matter.
			for i := range all {
				j := (i * 7) % len(all)
				all[i], all[j] = all[j], all[i]
				want[i], want[j] = want[j], want[i]
			}
			rows.Assign(all)
			var got []string
			for _, f := range all {
				got = append(got, fmt.Sprintf("%d.%d", f.Shelf, f.Position))
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}
