package fuse_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/fuse"
)

// A look is a letter: digits are facings seen, h hidden, f fog, u unrecognised, 0 empty to the back.
func observe(look byte, k int) *shelf.Observation {
	r := shelf.SlotReading{SlotID: "S", GTIN: "4006381333931", Due: 3}
	obs := &shelf.Observation{CapturedAt: time.Unix(int64(k)*60, 0)}
	switch look {
	case 'h':
		r.Reason = shelf.Hidden
	case 'f':
		r.Reason = shelf.Fog
	case 'u':
		r.Reason, r.Present, r.Seen = shelf.Unrecognised, 1, []int{0}
		obs.Facings = append(obs.Facings, shelf.Facing{})
	case '0':
		r.State = shelf.Empty
	default:
		r.State, r.Present = shelf.Low, int(look-'0')
		if r.Present == 3 {
			r.State = shelf.OK
		}
		for i := range r.Present {
			obs.Facings = append(obs.Facings, shelf.Facing{})
			r.Seen = append(r.Seen, i)
		}
	}
	obs.Slots = []shelf.SlotReading{r}
	return obs
}

func TestTracker(t *testing.T) {
	for _, c := range []struct{ name, looks, states, events string }{
		{"nothing happens", "333", "ok ok ok", ""},
		{"a sale is told when two looks agree", "3322", "ok ok low low", "3 removal 3→2"},
		{"one odd look is no event", "33233", "ok ok low ok ok", ""},
		{"a restock", "1133", "low low ok ok", "3 restock 1→3"},
		{"fog is no event and stays unknown", "33ff33", "ok ok unknown unknown ok ok", ""},
		{"a sale in the fog is told after it", "33ff22", "ok ok unknown unknown low low", "5 removal 3→2"},
		{"sold out, seen to the back", "3300", "ok ok empty empty", "3 removal 3→0"},
		{"hidden stays unknown, however long", "33hhhhhhhh", "ok ok unknown unknown unknown unknown unknown unknown unknown unknown", ""},
		{"seen empty, then hidden by a neighbour: still empty", "0hfh", "empty empty unknown empty", ""},
		{"a pack seen since may be hidden now", "0h1h", "empty empty low unknown", ""},
		{"a pack without a name too", "0uh", "empty unknown unknown", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := fuse.New()
			var states, events []string
			for k := range len(c.looks) {
				obs := observe(c.looks[k], k)
				for _, e := range tr.Step(obs) {
					events = append(events, fmt.Sprintf("%d %s %d→%d", k, e.Kind, e.From, e.To))
				}
				states = append(states, obs.Slots[0].State.String())
			}
			if got := strings.Join(states, " "); got != c.states {
				t.Errorf("states: got %s, want %s", got, c.states)
			}
			if got := strings.Join(events, ", "); got != c.events {
				t.Errorf("events: got %q, want %q", got, c.events)
			}
		})
	}
}

func TestAnEventBearsTheTimeOfTheFirstLook(t *testing.T) {
	tr := fuse.New()
	var got []fuse.Event
	for k, look := range []byte("3322") {
		got = append(got, tr.Step(observe(look, k))...)
	}
	if len(got) != 1 || !got[0].At.Equal(time.Unix(120, 0)) {
		t.Errorf("got %+v, want one at the third look", got)
	}
}
