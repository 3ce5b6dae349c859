package mount_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/mount"
)

// stocked is what a camera sees of plan's cooler, packs in all lanes but those that are sold out: row and lane.
func stocked(t *testing.T, spec lens.Spec, soldOut ...[2]int) (facings []shelf.Facing) {
	t.Helper()
	for row, s := range plan().Shelves {
		for lane := range 10 {
			if slices.Contains(soldOut, [2]int{row, lane}) {
				continue
			}
			b, ok := packBox(t, spec, -0.4+0.025+0.075*(float64(lane)+0.5), 0.04, float64(s.HeightMM)/1000)
			if !ok {
				t.Fatalf("row %d lane %d is not in the picture", row, lane)
			}
			facings = append(facings, shelf.Facing{Box: b})
		}
	}
	return facings
}

// far looks straight at the whole cooler, down from above: the upper shelves look larger.
var far = map[string]lens.Spec{
	"straight": {Model: lens.ModelPinhole, HFOVDeg: 62, PosM: [3]float64{0.03, -1.7, 0.65}, TargetM: [3]float64{0, 0.05, 0.65}},
	"down":     {Model: lens.ModelPinhole, HFOVDeg: 62, PosM: [3]float64{0.05, -1.6, 1.05}, TargetM: [3]float64{0, 0.05, 0.62}, RollDeg: 1},
}

func TestAMountIsFoundByItsFacings(t *testing.T) {
	for name, spec := range far {
		for _, c := range []struct {
			name  string
			gone  [][2]int
			stray []shelf.Box
		}{
			{name: "full"},
			{name: "sold out here and there, the left end too", gone: [][2]int{{0, 0}, {0, 1}, {1, 4}, {2, 8}, {2, 9}}},
			{name: "things beside it", gone: [][2]int{{1, 9}}, stray: []shelf.Box{{X: 40, Y: 700, W: 50, H: 160}, {X: 620, Y: 20, W: 30, H: 40}}},
		} {
			t.Run(name+" "+c.name, func(t *testing.T) {
				facings := stocked(t, spec, c.gone...)
				for _, b := range c.stray {
					facings = append(facings, shelf.Facing{Box: b})
				}
				m, report, err := mount.FromFacings(plan(), facings, 1280, 960)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.On(plan(), 1280, 960)
				if err != nil {
					t.Fatal(err)
				}
				right, err := mounted(spec).On(plan(), 1280, 960)
				if err != nil {
					t.Fatal(err)
				}
				want := right.View()
				for id, is := range got.View().Slots {
					a, b := is.Box, want.Slots[id].Box
					if off := math.Abs(float64(2*a.X+a.W-2*b.X-b.W)) / 2; off > 0.15*float64(b.W) {
						t.Errorf("slot %s is at %v, %.0f px beside %v", id, a, off, b)
					}
					if off := math.Abs(float64(a.Y + a.H - b.Y - b.H)); off > 0.15*float64(b.H) {
						t.Errorf("slot %s is at %v, its foot %.0f px off that of %v", id, a, off, b)
					}
				}
				for _, r := range report {
					if r.Lanes != 10 || r.Found < 7 || r.OffMM > 8 {
						t.Errorf("reported %+v", r)
					}
				}
			})
		}
	}
}

func TestAMountIsNotGuessed(t *testing.T) {
	spec := far["straight"]
	var half [][2]int
	for lane := range 5 {
		half = append(half, [2]int{1, 2 * lane})
	}
	two := slices.DeleteFunc(stocked(t, spec), func(f shelf.Facing) bool { return f.Box.Y < 300 })
	narrow := plan()
	narrow.WidthMM = 0
	for _, c := range []struct {
		name    string
		plan    *shelf.Planogram
		facings []shelf.Facing
		is      error
		says    string
	}{
		{"nothing seen", plan(), nil, mount.ErrFit, "0 rows of facings are seen, the planogram has 3 shelves"},
		{"a shelf is not seen", plan(), two, mount.ErrFit, "2 rows"},
		{"half of a shelf sold out", plan(), stocked(t, spec, half...), mount.ErrFit, "on shelf 2 of the planogram 5 of 10 lanes"},
		{"a planogram without a width", narrow, stocked(t, spec), mount.ErrPlanogram, "width_mm"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := mount.FromFacings(c.plan, c.facings, 1280, 960)
			if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want one that says %q", err, c.says)
			}
		})
	}
}
