package mount_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/mount"
)

func TestFreeLanesAreThoseWithoutAFacing(t *testing.T) {
	for name, spec := range cameras {
		sight, err := mounted(spec).On(plan(), 1280, 960)
		if err != nil {
			t.Fatal(err)
		}
		all := sight.FreeLanes(nil)
		if len(all) == 0 {
			t.Fatalf("%s: no lanes in the picture", name)
		}
		// A facing in the right lane of slot B3, 400 mm from the left wall and more.
		facings := []shelf.Facing{{Shelf: 2, XMM: 25 + 2*150 + 112, Box: shelf.Box{X: 1, Y: 1, W: 1, H: 1}}}
		free := sight.FreeLanes(facings)
		if len(free) != len(all)-1 {
			t.Errorf("%s: a facing takes %d lanes, want one", name, len(all)-len(free))
		}
		for _, l := range free {
			if l.SlotID == "B3" && l.Index == 1 {
				t.Errorf("%s: the lane that the facing stands in is said to be free", name)
			}
			if l.InFrame <= 0 || l.InFrame > 1 || l.Box.Area() == 0 {
				t.Errorf("%s: lane %s/%d is %.2f in the picture at %+v", name, l.SlotID, l.Index, l.InFrame, l.Box)
			}
			if len(l.Front) != 4 || len(l.Floor) != 4 || len(l.Back) != 4 {
				t.Errorf("%s: lane %s/%d has %d, %d and %d corners, want four each", name, l.SlotID, l.Index, len(l.Front), len(l.Floor), len(l.Back))
				continue
			}
			// Front and floor share the lane's front edge; the floor's far edge is the back's foot.
			if l.Front[0] != l.Floor[0] || l.Front[1] != l.Floor[1] || l.Back[0] != l.Floor[3] || l.Back[1] != l.Floor[2] {
				t.Errorf("%s: lane %s/%d: front, floor and back do not meet", name, l.SlotID, l.Index)
			}
		}
	}
}

// A facing on the line between two slots, or pushed over it out of the slot where its product is due, is in one of them
// for both who ask.
func TestFreeLanesAndSlotsAgreeWhereAFacingStands(t *testing.T) {
	p := plan()
	p.Shelves[1].Slots[2].GTIN = "4006381333948"
	sight, err := mounted(cameras["front"]).On(p, 1280, 960)
	if err != nil {
		t.Fatal(err)
	}
	for x := 20; x <= 780; x++ {
		facings := []shelf.Facing{{Shelf: 2, XMM: x, GTIN: gtin, Box: shelf.Box{X: 1, Y: 1, W: 1, H: 1}}}
		in := ""
		for _, r := range shelf.Compare(p, facings, sight.View()) {
			if len(r.Seen) > 0 {
				in = r.SlotID
			}
		}
		free := map[string]int{}
		for _, l := range sight.FreeLanes(facings) {
			free[l.SlotID]++
		}
		for _, slot := range p.Shelves[1].Slots {
			want := 2
			if slot.ID == in {
				want = 1
			}
			if free[slot.ID] != want {
				t.Fatalf("a facing at %d mm stands in slot %q, but slot %s has %d free lanes of 2", x, in, slot.ID, free[slot.ID])
			}
		}
	}
}

func TestMarksKnowNoDepth(t *testing.T) {
	m := &mount.Mount{Version: 1, Width: 1280, Height: 960}
	for _, v := range []float64{300, 600, 900} {
		m.Shelves = append(m.Shelves, mount.Marks{Line: [][]float64{{200, v}, {1000, v}}})
	}
	sight, err := m.On(plan(), 1280, 960)
	if err != nil {
		t.Fatal(err)
	}
	free := sight.FreeLanes(nil)
	if len(free) != 30 {
		t.Fatalf("%d free lanes, want all 30", len(free))
	}
	for _, l := range free {
		if len(l.Front) != 4 || l.Floor != nil || l.Back != nil {
			t.Errorf("lane %s/%d: want a front and no floor and no back", l.SlotID, l.Index)
		}
	}
}
