package networktest

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// Shop is a rendered, tidy cooler in which one slot is sold out.
type Shop struct {
	Frame vision.Frame
	Truth synth.Truth
	Sight *mount.Sight
	Sold  string // the slot that is sold out
	Kept  string // a full slot of another shelf
}

// NewShop renders the cooler as seen from the front.
func NewShop(t testing.TB) Shop {
	t.Helper()
	const width, height, view = 720, 540, 2
	cat, err := synth.NewCatalogue(5, 12)
	if err != nil {
		t.Fatal(err)
	}
	scene, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 4, Cooler: true, Tidy: true, Rows: 3})
	if err != nil {
		t.Fatal(err)
	}
	plan := scene.Planogram.Shelf()
	middle, top := plan.Shelves[1].Slots, plan.Shelves[0].Slots
	shop := Shop{Sold: middle[len(middle)/2].ID, Kept: top[len(top)/2].ID}
	for i, l := range scene.Planogram.Lanes {
		if l.SlotID == shop.Sold {
			scene.Stock[i] = nil
		}
	}
	camera := scene.Camera(synth.CameraWhole, view)
	shot, err := scene.Render(t.Context(), synth.Shot{Camera: camera, Width: width, Height: height, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	m, front := mount.FromCamera(camera, width, height), int(1000*scene.Planogram.Front)
	m.FrontMM = &front
	if shop.Sight, err = m.On(&plan, width, height); err != nil {
		t.Fatal(err)
	}
	shop.Frame, shop.Truth = vision.FromImage(shot.Image), shot.Truth
	return shop
}

// Bare returns, for each lane of a slot, the probability that it is bare, asked for as if the detector had
// overlooked whatever stands in that slot.
func (s Shop) Bare(t testing.TB, judge *lane.Network, slot string) []float64 {
	t.Helper()
	scene := lane.Scene{Frame: s.Frame}
	var facings []shelf.Facing
	for _, a := range s.Truth.Annotations {
		if a.Facing && !a.Ignore && a.SlotID != slot {
			b := shelf.Box{X: a.Box[0], Y: a.Box[1], W: a.Box[2], H: a.Box[3]}
			facings = append(facings, shelf.Facing{Box: b})
			scene.Facings = append(scene.Facings, b)
		}
	}
	s.Sight.Assign(facings)
	var shapes []lane.Shape
	for _, l := range s.Sight.FreeLanes(facings) {
		if l.SlotID == slot {
			shapes = append(shapes, lane.Shape{Front: l.Front, Floor: l.Floor, Back: l.Back})
		}
	}
	bare, err := judge.Bare(t.Context(), scene, shapes)
	if err != nil {
		t.Fatal(err)
	}
	if len(bare) == 0 {
		t.Fatalf("slot %s has no free lane", slot)
	}
	return bare
}

// Lanes opens the network for bare lanes that the program ships under a runtime.
func Lanes(t testing.TB, open Open) *lane.Network {
	t.Helper()
	spec, onnx := shipped(t, weights.LaneBare)
	judge, err := lane.NewNetwork(must(t, open, onnx), spec)
	if err != nil {
		t.Fatal(err)
	}
	return judge
}

// lanes checks that lanes that are sold out are called bare, and that lanes whose packs the detector overlooked
// are not.
func lanes(t *testing.T, open Open) {
	judge, shop := Lanes(t, open), NewShop(t)
	for i, p := range shop.Bare(t, judge, shop.Sold) {
		if p < judge.Threshold() {
			t.Errorf("lane %d of sold out slot %s is bare with %.3f, want %.3f or more", i+1, shop.Sold, p, judge.Threshold())
		}
	}
	for i, p := range shop.Bare(t, judge, shop.Kept) {
		if p > 0.1 {
			t.Errorf("lane %d of full slot %s is bare with %.3f, want 0.1 or less", i+1, shop.Kept, p)
		}
	}
}

// SameLanes checks that two runtimes give the same probabilities.
func SameLanes(t *testing.T, a, b Open) {
	t.Helper()
	shop := NewShop(t)
	first, second := Lanes(t, a), Lanes(t, b)
	for _, slot := range []string{shop.Sold, shop.Kept} {
		p, q := shop.Bare(t, first, slot), shop.Bare(t, second, slot)
		for i := range p {
			if math.Abs(p[i]-q[i]) > 1e-3 {
				t.Errorf("lane %d of slot %s: %.4f and %.4f", i+1, slot, p[i], q[i])
			}
		}
	}
}
