package pipeline_test

import (
	"context"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// says is a network of lanes that has one answer for all of them.
type says float64

func (says) Model() string      { return "says" }
func (says) Threshold() float64 { return 0.96 }

func (s says) Bare(_ context.Context, _ lane.Scene, lanes []lane.Shape) ([]float64, error) {
	out := make([]float64, len(lanes))
	for i := range out {
		out[i] = float64(s)
	}
	return out, nil
}

// paint covers a box of the frame with light grey that fades slowly, as a plain wall and fog both do.
func paint(f vision.Frame, b shelf.Box) {
	for y := max(0, b.Y); y < min(f.Height, b.Y+b.H); y++ {
		for x := max(0, b.X); x < min(f.Width, b.X+b.W); x++ {
			at := f.BGR[3*(y*f.Width+x):]
			grey := byte(150 + 20*(y-b.Y)/max(1, b.H))
			at[0], at[1], at[2] = grey, grey, grey
		}
	}
}

// The wall behind an empty slot may be too plain to be told from fog. Where the rest of the picture is clear and the
// network of lanes sees the slot bare, it is told as empty; where it is less sure, or much is fogged, it is not.
func TestAPlainWallIsNotFog(t *testing.T) {
	c := newCooler(t)
	id := c.middle()
	c.clear(id)
	clean, truth := c.shoot(t, synth.Clean, 1)
	slot := look(t, c, &seer{truth: truth}, clean)[id].Box
	around := func(b shelf.Box, by int) shelf.Box {
		return shelf.Box{X: b.X - by, Y: b.Y - by, W: b.W + 2*by, H: b.H + 2*by}
	}
	for _, v := range []struct {
		name  string
		plain shelf.Box
		bare  says
		want  shelf.State
	}{
		{"a plain wall, seen to be bare", around(slot, 12), 0.99, shelf.Empty},
		{"a plain wall, of which the network is not sure", around(slot, 12), 0.9, shelf.Unknown},
		{"half of the cooler is fogged", shelf.Box{W: width, H: height * 6 / 10}, 0.99, shelf.Unknown},
	} {
		f := vision.Frame{Width: clean.Width, Height: clean.Height, BGR: append([]byte(nil), clean.BGR...)}
		paint(f, v.plain)
		eye := &seer{truth: truth}
		p, err := pipeline.New(pipeline.Config{Detector: eye, Recogniser: eye, Lanes: v.bare, Mount: c.mount, Planogram: c.plan})
		if err != nil {
			t.Fatal(err)
		}
		obs, err := p.Look(t.Context(), f)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range obs.Slots {
			if r.SlotID == id && r.State != v.want {
				t.Errorf("%s: slot %s is %v %v, want %v", v.name, id, r.State, r.Reason, v.want)
			}
		}
	}
}
