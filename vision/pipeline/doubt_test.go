package pipeline

import (
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// A camera at the side sees the neighbour's packs through an empty slot. They are no reason to doubt that it is empty, unless one
// of them may be this slot's own, taken to stand next door.
func TestWhatIsSeenThroughAnEmptySlot(t *testing.T) {
	const cola, tea, beer = shelf.GTIN("4006381333931"), shelf.GTIN("4006381333948"), shelf.GTIN("4006381333955")
	plan := &shelf.Planogram{ID: "P", Version: 1, WidthMM: 300, Shelves: []shelf.Shelf{{HeightMM: 100, Slots: []shelf.Slot{
		{ID: "A", GTIN: cola, Facings: 1, Capacity: 5, XMM: 0, WidthMM: 100},
		{ID: "B", GTIN: tea, Facings: 1, Capacity: 5, XMM: 100, WidthMM: 100},
		{ID: "C", GTIN: tea, Facings: 1, Capacity: 5, XMM: 200, WidthMM: 100},
	}}}}
	empty := shelf.SlotReading{SlotID: "B", GTIN: tea, State: shelf.Empty, Box: shelf.Box{X: 100, Y: 0, W: 100, H: 200}}
	inBox := shelf.Box{X: 110, Y: 10, W: 80, H: 180}
	for _, c := range []struct {
		name   string
		facing shelf.Facing
		doubt  bool
	}{
		{"the neighbour's own", shelf.Facing{Box: inBox, GTIN: cola, Shelf: 1, XMM: 90}, false},
		{"the neighbour's own, pushed over the border", shelf.Facing{Box: inBox, GTIN: cola, Shelf: 1, XMM: 115}, false},
		{"one without a name", shelf.Facing{Box: inBox, Shelf: 1, XMM: 90}, true},
		{"one that is not due next door", shelf.Facing{Box: inBox, GTIN: beer, Shelf: 1, XMM: 90}, true},
		{"one that is due in both", shelf.Facing{Box: inBox, GTIN: tea, Shelf: 1, XMM: 205}, true},
		{"one that was placed nowhere", shelf.Facing{Box: inBox, GTIN: cola}, true},
		{"a small part of one", shelf.Facing{Box: shelf.Box{X: 110, Y: 10, W: 80, H: 60}, Shelf: 1, XMM: 90}, false},
	} {
		facings := []shelf.Facing{c.facing}
		readings := []shelf.SlotReading{{SlotID: "A", GTIN: cola}, empty, {SlotID: "C", GTIN: tea}}
		for i, r := range shelf.Compare(plan, facings, shelf.View{Width: 300, Height: 200}) {
			readings[i].Seen = r.Seen
		}
		if got := fills(plan, empty, facings, dueWhereTheyStand(plan, readings, facings)); got != c.doubt {
			t.Errorf("%s: in doubt %v, want %v", c.name, got, c.doubt)
		}
	}
}
