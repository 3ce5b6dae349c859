package footfall_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/vision/footfall"
)

// Whom a detector finds in single frames is followed and counted as what moves is: through gaps, and through poor sights
// that alone would be nobody.
func TestWhoIsFoundIsCounted(t *testing.T) {
	cases := map[string]struct {
		found func(frame int) []footfall.Found
		out   int
	}{
		"nobody":                  {func(int) []footfall.Found { return nil }, 0},
		"somebody who walks":      {func(f int) []footfall.Found { return at(f, true) }, 1},
		"seen poorly on the line": {func(f int) []footfall.Found { return at(f, f < 30 || f > 60) }, 1},
		"seen poorly all the way": {func(f int) []footfall.Found { return at(f, false) }, 0},
		"hidden for a second": {func(f int) []footfall.Found {
			if f > 40 && f < 50 {
				return nil
			}
			return at(f, true)
		}, 1},
		"something that stands": {func(int) []footfall.Found { return at(10, true) }, 0},
		"boxes that are none":   {func(int) []footfall.Found { return []footfall.Found{{Sure: true}} }, 0},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			counter, err := footfall.NewCounter(wide*cell, high*cell, []footfall.Line{upright}, nil)
			if err != nil {
				t.Fatal(err)
			}
			var all footfall.Events
			for f := range 100 {
				all.Crossings = append(all.Crossings, counter.StepFound(f, c.found(f)).Crossings...)
			}
			all.Crossings = append(all.Crossings, counter.Close().Crossings...)
			if in, out := counts(all); in != 0 || out != c.out {
				t.Errorf("in %d, out %d, want 0 and %d", in, out, c.out)
			}
		})
	}
}

// at is somebody who walks from left to right.
func at(frame int, sure bool) []footfall.Found {
	return []footfall.Found{{Box: footfall.Box{X: 4 * float64(frame), Y: 100, W: 32, H: 96}, Score: 0.5, Sure: sure}}
}
