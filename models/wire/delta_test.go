package wire_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

func encodeDelta(t *testing.T, seq uint64, o, base *shelf.Observation) *wire.Envelope {
	t.Helper()
	data, err := wire.EncodeDelta(envelope(seq, &wire.Observation{Observation: *o}), 1, base)
	if err != nil {
		t.Fatal(err)
	}
	env, err := wire.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return env
}

// TestDeltaResolves changes a shelf in every way that a delta tells and wants it back whole.
func TestDeltaResolves(t *testing.T) {
	for name, change := range map[string]func(*shelf.Observation){
		"nothing":       func(*shelf.Observation) {},
		"one moved":     func(o *shelf.Observation) { o.Facings[5].Box.X += 3 },
		"all gone":      func(o *shelf.Observation) { o.Facings = nil; empty(o) },
		"renamed":       func(o *shelf.Observation) { o.Facings[7].GTIN = gtin(77); o.Slots[3].State = shelf.Foreign },
		"lost its name": func(o *shelf.Observation) { o.Facings[7].GTIN = ""; o.Facings[7].SKUScore = 0 },
		"deeper":        func(o *shelf.Observation) { o.Facings[9].Depth = 2 },
		"other order":   func(o *shelf.Observation) { o.Facings[0], o.Facings[1] = o.Facings[1], o.Facings[0] },
		"left its slot": func(o *shelf.Observation) { o.Slots[0].Seen = o.Slots[0].Seen[:1]; o.Slots[0].Present = 1 },
		"a new one": func(o *shelf.Observation) {
			o.Facings = append(o.Facings, shelf.Facing{Box: shelf.Box{X: 9, Y: 9, W: 9, H: 9}, Score: 0.31})
		},
		"blind":          func(o *shelf.Observation) { blind(o, shelf.Fog) },
		"present not by": func(o *shelf.Observation) { o.Slots[2].Present = 0; o.Slots[2].State = shelf.Empty },
	} {
		t.Run(name, func(t *testing.T) {
			base := shelves(3, noon)
			now := laterLook(base, 4, noon.Add(1e9))
			change(now)
			env := encodeDelta(t, 2, now, base)
			delta, ok := env.Body.(*wire.Delta)
			if !ok {
				t.Fatalf("got %T, want *wire.Delta", env.Body)
			}
			got, err := delta.Resolve(throughJSON(t, base))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := plainJSON(t, 2, &got.Observation), plainJSON(t, 2, now); string(got) != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func empty(o *shelf.Observation) {
	for i := range o.Slots {
		o.Slots[i].Seen, o.Slots[i].Present, o.Slots[i].State = nil, 0, shelf.Empty
	}
}

func blind(o *shelf.Observation, why shelf.Reason) {
	o.Facings, o.Quality.Reason = nil, why
	empty(o)
	for i := range o.Slots {
		o.Slots[i].State, o.Slots[i].Reason = shelf.Unknown, why
	}
}

// throughJSON is how an ingester keeps a base.
func throughJSON(t *testing.T, o *shelf.Observation) *shelf.Observation {
	t.Helper()
	data, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	var out shelf.Observation
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return &out
}

// TestDeltaNeedsItsBase: any other observation is found out, whatever the difference.
func TestDeltaNeedsItsBase(t *testing.T) {
	base := shelves(3, noon)
	delta := encodeDelta(t, 2, laterLook(base, 4, noon), base).Body.(*wire.Delta)
	moved := shelves(3, noon)
	moved.Facings[59].Box.H++
	renamed := shelves(3, noon)
	renamed.Slots[0].SlotID = "x"
	broken := shelves(3, noon)
	broken.Slots[0].Seen = []int{900}
	for name, wrong := range map[string]*shelf.Observation{
		"none": nil, "another shelf": shelves(4, noon), "a pixel off": moved, "another slot": renamed, "broken": broken, "empty": {},
	} {
		if _, err := delta.Resolve(wrong); !errors.Is(err, wire.ErrBase) {
			t.Errorf("%s: got %v, want ErrBase", name, err)
		}
	}
	if _, err := delta.Resolve(base); err != nil {
		t.Errorf("its own base: %v", err)
	}
}

// TestDeltaFallsBack: where there is too little in common the complete form goes out.
func TestDeltaFallsBack(t *testing.T) {
	base := shelves(3, noon)
	for name, change := range map[string]func(*shelf.Observation){
		"another planogram":    func(o *shelf.Observation) { o.PlanogramVersion++ },
		"another network":      func(o *shelf.Observation) { o.Model = "facings-1.1" },
		"another picture size": func(o *shelf.Observation) { o.Width = 1920 },
		"another mount":        func(o *shelf.Observation) { o.Slots[0].Box.X++ },
		"another slot":         func(o *shelf.Observation) { o.Slots[0].SlotID = "x" },
	} {
		now := laterLook(base, 4, noon)
		change(now)
		if _, ok := encodeDelta(t, 2, now, base).Body.(*wire.Observation); !ok {
			t.Errorf("%s: told as a difference", name)
		}
	}
	for name, env := range map[string]*wire.Envelope{
		"no base":        encodeDelta(t, 2, base, nil),
		"not later":      encodeDelta(t, 1, base, base),
		"nothing shared": encodeDelta(t, 2, &shelf.Observation{CapturedAt: noon, Width: 1280, Height: 960}, base),
	} {
		if _, ok := env.Body.(*wire.Observation); !ok {
			t.Errorf("%s: got %T, want *wire.Observation", name, env.Body)
		}
	}
}
