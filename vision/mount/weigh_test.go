package mount_test

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/mount"
)

func TestDetectionsAreWeighedByWhereTheyStand(t *testing.T) {
	for name, spec := range cameras {
		sight, err := mounted(spec).On(plan(), 1280, 960)
		if err != nil {
			t.Fatal(err)
		}
		box, ok := packBox(t, spec, 0.0625, 0.04, 0.55)
		if !ok {
			t.Fatalf("%s: the pack is not in the picture", name)
		}
		air := box
		air.Y -= 2 * box.H / 3
		echo := box
		echo.X += box.W / 8
		got := sight.Weigh([]shelf.Facing{{Box: box, Score: 0.8}, {Box: echo, Score: 0.5}, {Box: air, Score: 0.4}}, 1)
		if got[0].Unlike > 0.2 || got[0].Rival != 0 {
			t.Errorf("%s: a pack that stands in its lane is weighed %+v", name, got[0])
		}
		if got[1].Rival != 0.8 {
			t.Errorf("%s: a second detection in the lane of a surer one is weighed %+v", name, got[1])
		}
		if got[2].Unlike < got[0].Unlike+0.2 {
			t.Errorf("%s: a pack in the air is weighed %+v, one that stands %+v", name, got[2], got[0])
		}
	}
}

func TestTheChanceGrowsWithTheEvidence(t *testing.T) {
	plain := mount.Evidence{Score: 0.25, Unlike: 0.1}
	for _, v := range []struct {
		name string
		less mount.Evidence
	}{
		{"a lower score", mount.Evidence{Score: 0.15, Unlike: 0.1}},
		{"a place that fits less", mount.Evidence{Score: 0.25, Unlike: 0.4}},
		{"a surer rival in the lane", mount.Evidence{Score: 0.25, Unlike: 0.1, Rival: 0.6}},
	} {
		if a, b := plain.Chance(), v.less.Chance(); a <= b {
			t.Errorf("%s: the chance is %.2f, without it %.2f", v.name, b, a)
		}
	}
	for _, score := range []float64{0, 1} {
		if c := (mount.Evidence{Score: score}).Chance(); math.IsNaN(c) || c < 0 || c > 1 {
			t.Errorf("a score of %v gives a chance of %v", score, c)
		}
	}
}
