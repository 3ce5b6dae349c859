package alert

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestText: what is written by hand is what encoding/json writes, to the byte.
func TestText(t *testing.T) {
	at := Mark{Key{2, 77}, time.Date(2026, 11, 30, 1, 2, 3, 4000, time.UTC)}
	full := tracker{GTIN: "4006381333931", Window: "bgb", LastGood: at, FirstBad: at, LastBad: at, FirstGood: at, Goods: 2,
		Open: &Episode{Type: Stockout, Slot: "A1", Origin: at, FirstBad: at, Opened: at, LastBad: at, Detail: map[string]string{"a": "b"}}, Closed: []time.Time{at.At}}
	for _, s := range []State{
		{}, {Heard: at}, {Trackers: map[string]tracker{"stockout/A1": {}}},
		{Head: at, Planogram: PlanogramRef{"p", 3}, Heard: at, Behind: true, Last: map[string]Mark{"door": at},
			Trackers: map[string]tracker{"stockout/A1": full, "low/层1 \"<&>\\\n\u2028": {Window: "g"}, "camera_lost": {LastGood: at}}},
	} {
		same(t, s, s.text)
	}
	for _, l := range []Look{
		{}, {Planogram: PlanogramRef{"p", 1}, Model: "m", Whole: shelf.Fog},
		{Width: 640, Height: 480, Slots: []Slot{{ID: "A1", GTIN: "96385074", State: shelf.OK, Due: 2, Present: 2, Box: shelf.Box{X: -3, Y: 4, W: 50, H: 600}}, {ID: "层\t", State: shelf.Unknown, Reason: shelf.Fog, Due: 1}, {}}},
	} {
		same(t, l, l.text)
	}
}

func same[T any](t *testing.T, v T, text func() ([]byte, error)) {
	t.Helper()
	got, err := text()
	if err != nil {
		t.Fatal(err)
	}
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
