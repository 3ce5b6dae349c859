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

const gtin = shelf.GTIN("4006381333931")

// plan is a cooler 800 mm wide with three shelves of ten lanes, in slots of two.
func plan() *shelf.Planogram {
	p := &shelf.Planogram{ID: "P", Version: 1, WidthMM: 800, DepthMM: 460}
	for row, height := range []int{900, 550, 200} {
		s := shelf.Shelf{HeightMM: height}
		for k := range 5 {
			s.Slots = append(s.Slots, shelf.Slot{ID: string(rune('A'+row)) + string(rune('1'+k)), GTIN: gtin, Facings: 2, Capacity: 12,
				XMM: 25 + 150*k, WidthMM: 150, PackMM: 220})
		}
		p.Shelves = append(p.Shelves, s)
	}
	return p
}

var cameras = map[string]lens.Spec{
	"front":   {Model: lens.ModelPinhole, HFOVDeg: 66, PosM: [3]float64{0.05, -1.4, 0.7}, TargetM: [3]float64{0, 0.05, 0.65}, RollDeg: 1},
	"fisheye": {Model: lens.ModelEquisolid, HFOVDeg: 118, PosM: [3]float64{0, -0.5, 0.65}, TargetM: [3]float64{0, 0.1, 0.6}},
	"oblique": {Model: lens.ModelPinhole, HFOVDeg: 80, PosM: [3]float64{-0.4, -0.7, 1.15}, TargetM: [3]float64{0.1, 0.06, 0.6}},
}

// mounted is a camera's mount in a cooler whose packs stand 40 mm behind its front plane.
func mounted(spec lens.Spec) *mount.Mount {
	m, front := mount.FromCamera(spec, 1280, 960), 40
	m.FrontMM = &front
	return m
}

// packBox projects a pack of 66 mm diameter and 220 mm height: the box that a detector would see.
func packBox(t *testing.T, spec lens.Spec, x, front, board float64) (shelf.Box, bool) {
	t.Helper()
	cam, err := spec.Camera(1280, 960)
	if err != nil {
		t.Fatal(err)
	}
	u0, v0, u1, v1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	const r = 0.033
	// The board's front edge hides the foot of what stands behind it, where the camera looks up at it.
	foot := max(0, (board-spec.PosM[2])*(front-spec.PosM[1])/-spec.PosM[1]+spec.PosM[2]-board)
	for a := range 24 {
		sin, cos := math.Sincos(float64(a) * math.Pi / 12)
		for _, z := range []float64{foot, 0.22} {
			u, v, ok := cam.Project(lens.Vec3{X: x + r*cos, Y: front + r + r*sin, Z: board + z})
			if !ok {
				return shelf.Box{}, false
			}
			u0, v0, u1, v1 = math.Min(u0, u), math.Min(v0, v), math.Max(u1, u), math.Max(v1, v)
		}
	}
	b := shelf.Box{X: int(u0), Y: int(v0), W: int(u1 - u0), H: int(v1 - v0)}
	return b, b.Intersect(shelf.Box{W: 1280, H: 960}) == b
}

func TestPacksAreFoundWhereTheyStand(t *testing.T) {
	for name, spec := range cameras {
		t.Run(name, func(t *testing.T) {
			p := plan()
			sight, err := mounted(spec).On(p, 1280, 960)
			if err != nil {
				t.Fatal(err)
			}
			seen, right := 0, 0
			for row, s := range p.Shelves {
				for lane := range 10 {
					for _, deep := range []float64{0, 0.14} {
						x := -0.4 + 0.025 + 0.075*(float64(lane)+0.5)
						b, ok := packBox(t, spec, x, 0.04+deep, float64(s.HeightMM)/1000)
						if !ok {
							continue
						}
						seen++
						places, found := sight.Places([]shelf.Facing{{Box: b}})
						if found[0] && places[0].Row == row && math.Abs(places[0].X-0.4-x) < 0.0375 && math.Abs(places[0].Depth-deep) < 0.08 {
							right++
						} else {
							t.Logf("shelf %d, lane %d, %v m deep: found %v at %+v", row+1, lane+1, deep, found[0], places[0])
						}
					}
				}
			}
			if seen < 20 {
				t.Fatalf("only %d packs in the picture", seen)
			}
			if share := float64(right) / float64(seen); share < 0.9 {
				t.Errorf("%d of %d packs are placed right, want nine in ten", right, seen)
			}
		})
	}
}

func TestSlotsCoverTheirPacks(t *testing.T) {
	for name, spec := range cameras {
		t.Run(name, func(t *testing.T) {
			p := plan()
			sight, err := mounted(spec).On(p, 1280, 960)
			if err != nil {
				t.Fatal(err)
			}
			view := sight.View()
			for row, s := range p.Shelves {
				for lane := range 10 {
					b, ok := packBox(t, spec, -0.4+0.025+0.075*(float64(lane)+0.5), 0.04, float64(s.HeightMM)/1000)
					if !ok {
						continue
					}
					slot := p.Shelves[row].Slots[lane/2]
					if got := b.CoveredBy(view.Slots[slot.ID].Box); got < 0.65 {
						t.Errorf("slot %s at %v holds %.2f of a pack at %v", slot.ID, view.Slots[slot.ID].Box, got, b)
					}
					if n := len(view.Slots[slot.ID].Lanes); n != 2 {
						t.Fatalf("slot %s has %d lanes, want 2", slot.ID, n)
					}
				}
			}
		})
	}
}

func TestTheFrontIsToldByTheFacings(t *testing.T) {
	for name, spec := range cameras {
		t.Run(name, func(t *testing.T) {
			p := plan()
			sight, err := mount.FromCamera(spec, 1280, 960).On(p, 1280, 960)
			if err != nil {
				t.Fatal(err)
			}
			var facings []shelf.Facing
			for _, s := range p.Shelves {
				for lane := range 10 {
					if b, ok := packBox(t, spec, -0.4+0.025+0.075*(float64(lane)+0.5), 0.05, float64(s.HeightMM)/1000); ok {
						facings = append(facings, shelf.Facing{Box: b})
					}
				}
			}
			sight.Settle(facings)
			sight.Assign(facings)
			for _, f := range facings {
				if off := (f.XMM - 25) % 75; f.Shelf == 0 || off < 25 || off > 50 {
					t.Errorf("a pack at %v is placed at %d mm of shelf %d, not in the middle of a lane", f.Box, f.XMM, f.Shelf)
				}
			}
		})
	}
}

func TestALaneWhoseBackIsHiddenIsSaidToBe(t *testing.T) {
	spec, p := cameras["front"], plan()
	spec.PosM[0] = 0.3 // so that packs hide what is to the left behind them
	sight, err := mounted(spec).On(p, 1280, 960)
	if err != nil {
		t.Fatal(err)
	}
	stocked := func(without ...int) []shelf.Facing {
		var out []shelf.Facing
		for lane := range 10 {
			bare := false
			for _, w := range without {
				bare = bare || w == lane
			}
			if b, ok := packBox(t, spec, -0.4+0.025+0.075*(float64(lane)+0.5), 0.04, 0.55); ok && !bare {
				out = append(out, shelf.Facing{Box: b})
			}
		}
		sight.Assign(out)
		return out
	}
	hiddenInB := func(f []shelf.Facing) int {
		n := 0
		view := sight.View()
		for _, b := range sight.HiddenLanes(f) {
			for _, slot := range p.Shelves[1].Slots {
				if b.Box.CoveredBy(view.Slots[slot.ID].Box) > 0.9 {
					n++
				}
			}
		}
		return n
	}
	if got := hiddenInB(stocked()); got != 0 {
		t.Errorf("a full shelf has %d hidden lanes", got)
	}
	if got := hiddenInB(stocked(8, 9)); got != 0 {
		t.Errorf("two bare lanes straight ahead: %d are hidden", got)
	}
	if got := hiddenInB(stocked(0)); got != 1 {
		t.Errorf("one bare lane at the far left, behind its neighbours: %d hidden, want 1", got)
	}
	var all []int
	for lane := range 10 {
		all = append(all, lane)
	}
	if got := hiddenInB(stocked(all...)); got != 0 {
		t.Errorf("a bare shelf has %d hidden lanes", got)
	}
}

func TestMarkedLines(t *testing.T) {
	m, err := mount.Decode([]byte(`
version: 1
width: 1280
height: 960
shelves:
  - line: [[100, 300], [640, 280], [1180, 300]]
  - line: [[100, 600], [640, 600], [1180, 600]]
  - line: [[100, 900], [1180, 900]]
`))
	if err != nil {
		t.Fatal(err)
	}
	p := plan()
	sight, err := m.On(p, 640, 480) // half the size that the lines were marked at
	if err != nil {
		t.Fatal(err)
	}
	facings := []shelf.Facing{
		{Box: shelf.Box{X: 300, Y: 90, W: 40, H: 50}},  // on the first shelf, in the middle
		{Box: shelf.Box{X: 80, Y: 230, W: 40, H: 65}},  // on the second, at the left
		{Box: shelf.Box{X: 500, Y: 380, W: 40, H: 69}}, // on the third, at the right
		{Box: shelf.Box{X: 600, Y: 10, W: 30, H: 20}},  // beside the cooler
	}
	sight.Assign(facings)
	for i, want := range []int{1, 2, 3, 0} {
		if facings[i].Shelf != want {
			t.Errorf("facing %d is on shelf %d, want %d", i, facings[i].Shelf, want)
		}
	}
	if x := facings[0].XMM; x < 380 || x > 420 {
		t.Errorf("the first stands at %d mm, want about 400", x)
	}
	if got := sight.HiddenLanes(facings); got != nil {
		t.Errorf("marks know no depth, got %v", got)
	}
}

func TestBadMountsAreNamed(t *testing.T) {
	for _, c := range []struct{ name, file, want string }{
		{"empty", "", "mount"},
		{"unknown key", "version: 1\nwidht: 3\n", "widht"},
		{"version of tomorrow", "version: 9\nwidth: 10\nheight: 10\nshelves: [{line: [[1,1],[2,2]]}]\n", "version is 9"},
		{"nothing in it", "version: 1\nwidth: 10\nheight: 10\n", "neither camera nor shelves"},
		{"both", "version: 1\nwidth: 10\nheight: 10\ncamera: {model: pinhole, hfov_deg: 60, pos_m: [0,-1,0], target_m: [0,0,0]}\nshelves: [{line: [[1,1],[2,2]]}]\n", "both given"},
		{"a lens nobody makes", "version: 1\nwidth: 10\nheight: 10\ncamera: {model: magic, hfov_deg: 60, pos_m: [0,-1,0], target_m: [0,0,0]}\n", "magic"},
		{"a line backwards", "version: 1\nwidth: 10\nheight: 10\nshelves: [{line: [[5,1],[2,2]]}]\n", "left to right"},
		{"a place of four numbers", "version: 1\nwidth: 10\nheight: 10\ncamera: {model: pinhole, hfov_deg: 60, pos_m: [0,-1,0,4], target_m: [0,0,0]}\n", "three numbers"},
		{"a point of three", "version: 1\nwidth: 10\nheight: 10\nshelves: [{line: [[1,1,1],[2,2]]}]\n", "two numbers"},
		{"one point", "version: 1\nwidth: 10\nheight: 10\nshelves: [{line: [[5,1]]}]\n", "two points"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mount.Decode([]byte(c.file))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestAPlanogramThatDoesNotFit(t *testing.T) {
	m := mount.FromCamera(cameras["front"], 1280, 960)
	noHeight, noWidth, upside := plan(), plan(), plan()
	noHeight.Shelves[1].HeightMM = 0
	noWidth.WidthMM = 0
	upside.Shelves[2].HeightMM = 2000
	for name, p := range map[string]*shelf.Planogram{"no height": noHeight, "no width": noWidth, "upside down": upside} {
		if _, err := m.On(p, 1280, 960); !errors.Is(err, mount.ErrPlanogram) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := m.On(plan(), 1000, 1000); err == nil {
		t.Error("a picture of another shape is taken")
	}
}

func FuzzDecode(f *testing.F) {
	good, err := mount.FromCamera(cameras["oblique"], 1280, 960).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("version: 1\nwidth: 10\nheight: 10\nshelves: [{line: [[1,1],[2,2]]}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := mount.Decode(data)
		if err != nil {
			return
		}
		once, err := m.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mount.Decode(once); err != nil {
			t.Fatalf("what was read cannot be written: %v\n%s", err, once)
		}
	})
}

// What was found out about a facing holds for the same facing in the same picture alone: not once others tell that packs are
// taller or stand further back, nor under another name.
func TestASightThatWasAskedBeforeAnswersAsAFreshOne(t *testing.T) {
	full := func(spec lens.Spec, front float64) (out []shelf.Facing) {
		for row := range 3 {
			for lane := range 10 {
				if box, ok := packBox(t, spec, -0.4+0.025+0.075*(float64(lane)+0.5), front, 0.9-0.35*float64(row)); ok {
					out = append(out, shelf.Facing{Box: box, GTIN: gtin, Score: 0.9})
				}
			}
		}
		return out
	}
	for name, spec := range cameras {
		t.Run(name, func(t *testing.T) {
			p := plan()
			for _, line := range p.Shelves {
				for k := range line.Slots {
					line.Slots[k].PackMM = 0
				}
			}
			fresh := func() *mount.Sight {
				sight, err := mount.FromCamera(spec, 1280, 960).On(p, 1280, 960)
				if err != nil {
					t.Fatal(err)
				}
				return sight
			}
			packs := full(spec, 0.01)
			shorter := slices.Clone(packs) // all but the first
			for i := range shorter[1:] {
				shorter[1+i].Box.Y += 30
				shorter[1+i].Box.H -= 30
			}
			for change, c := range map[string]struct{ before, settled, after []shelf.Facing }{
				"fronts stand further back":     {unnamed(packs[:2]), full(spec, 0.06), unnamed(packs[:2])},
				"other packs are shorter":       {unnamed(packs), nil, unnamed(shorter)},
				"the product's are shorter":     {packs, nil, shorter},
				"a facing has not its name now": {packs, nil, append(unnamed(packs[:1]), packs[1:]...)},
			} {
				asked, other := fresh(), fresh()
				asked.Assign(slices.Clone(c.before))
				asked.Settle(c.settled)
				other.Settle(c.settled)
				got, want := slices.Clone(c.after), slices.Clone(c.after)
				asked.Assign(got)
				other.Assign(want)
				if !slices.Equal(got, want) {
					t.Errorf("%s: facings are placed at\n%+v\na sight that was not asked before places them at\n%+v", change, got, want)
				}
			}
		})
	}
}

func unnamed(facings []shelf.Facing) []shelf.Facing {
	out := slices.Clone(facings)
	for i := range out {
		out[i].GTIN = ""
	}
	return out
}
