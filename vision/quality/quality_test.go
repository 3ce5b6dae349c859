package quality_test

import (
	"context"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/quality"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// scene is one cooler for all cases.
func scene(t testing.TB) (*synth.Scene, func(c synth.Condition, seed uint64) (vision.Frame, synth.Truth)) {
	t.Helper()
	cat, err := synth.NewCatalogue(11, 24)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := synth.NewScene(synth.Config{Catalogue: cat, Seed: 1, Cooler: true})
	if err != nil {
		t.Fatal(err)
	}
	return sc, func(c synth.Condition, seed uint64) (vision.Frame, synth.Truth) {
		fr, err := sc.Render(context.Background(), synth.Shot{Camera: sc.Camera(synth.CameraWhole, 6), Condition: c, Width: 640, Height: 480, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return vision.FromImage(fr.Image), fr.Truth
	}
}

// sights counts how the slots in view are judged.
func sights(m *quality.Map, truth synth.Truth) (clear, faint, blind int) {
	for _, s := range truth.Slots {
		if s.Box == nil || s.Occluded {
			continue
		}
		switch m.Judge(shelf.Box{X: s.Box[0], Y: s.Box[1], W: s.Box[2], H: s.Box[3]}).Sight {
		case quality.Clear:
			clear++
		case quality.Faint:
			faint++
		default:
			blind++
		}
	}
	return clear, faint, blind
}

func TestACleanPictureIsClear(t *testing.T) {
	_, shoot := scene(t)
	frame, truth := shoot(synth.Clean, 1)
	m := quality.Measure(frame)
	if r := m.WholeReason(); r != shelf.NoReason {
		t.Errorf("the whole picture is %v", r)
	}
	if clear, faint, blind := sights(m, truth); clear < 5 || faint+blind > 0 {
		t.Errorf("%d slots clear, %d faint, %d blind; want all clear", clear, faint, blind)
	}
}

// Fog leaves parts of a picture as they are; where it took most of the detail, no slot may be clear.
func TestAFoggedSlotIsNeverClearEnoughToBeEmpty(t *testing.T) {
	_, shoot := scene(t)
	bare, truth := shoot(synth.Clean, 0)
	before := quality.Measure(bare)
	lost := 0
	for seed := range uint64(2) {
		frame, _ := shoot(synth.Fog, seed)
		m := quality.Measure(frame)
		if m.WholeReason() != shelf.NoReason {
			lost++
			continue
		}
		for _, s := range truth.Slots {
			if s.Box == nil || s.Occluded {
				continue
			}
			box := shelf.Box{X: s.Box[0], Y: s.Box[1], W: s.Box[2], H: s.Box[3]}
			was, is := before.Of(box).Detail, m.Of(box).Detail
			if is > 0.3*was {
				continue
			}
			lost++
			if m.Judge(box).Sight == quality.Clear {
				t.Errorf("seed %d, slot %s: detail fell from %.0f to %.0f, yet it is clear", seed, s.SlotID, was, is)
			}
		}
	}
	if lost == 0 {
		t.Error("no slot was fogged: the test shows nothing")
	}
}

func TestPlainPicturesHaveTheirReason(t *testing.T) {
	plain := func(v byte) vision.Frame {
		f := vision.Frame{Width: 640, Height: 480, BGR: make([]byte, 3*640*480)}
		for i := range f.BGR {
			f.BGR[i] = v
		}
		return f
	}
	for _, c := range []struct {
		name  string
		frame vision.Frame
		want  shelf.Reason
	}{
		{"lens cap", plain(3), shelf.Dark},
		{"into the sun", plain(255), shelf.Overexposed},
		{"a coat before the lens", plain(45), shelf.Blocked},
		{"steam", plain(180), shelf.Fog},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := quality.Measure(c.frame)
			if got := m.WholeReason(); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := m.Judge(shelf.Box{X: 200, Y: 200, W: 90, H: 120}); got.Sight == quality.Clear && c.want != shelf.Blocked {
				t.Errorf("a part of it is clear")
			}
		})
	}
}

func TestOneWhiteSpotIsGlareThere(t *testing.T) {
	_, shoot := scene(t)
	frame, _ := shoot(synth.Clean, 1)
	spot := shelf.Box{X: 264, Y: 200, W: 104, H: 96}
	for y := spot.Y; y < spot.Y+spot.H; y++ {
		for x := spot.X; x < spot.X+spot.W; x++ {
			for k := range 3 {
				frame.BGR[3*(y*frame.Width+x)+k] = 255
			}
		}
	}
	m := quality.Measure(frame)
	if got := m.Judge(spot); got != (quality.Verdict{Sight: quality.Blind, Reason: shelf.Glare}) {
		t.Errorf("the spot is %+v, want blind by glare", got)
	}
	told := 0
	for _, b := range m.Parts() {
		if b.Reason == shelf.Glare {
			told += spot.Intersect(b.Box).Area()
		}
	}
	if told < spot.Area()/2 {
		t.Errorf("no part tells of the glare: %v", m.Parts())
	}
	if got := m.Judge(shelf.Box{X: 160, Y: 344, W: 64, H: 64}); got.Sight == quality.Blind {
		t.Errorf("beside it: %+v", got)
	}
}

func TestWatch(t *testing.T) {
	_, shoot := scene(t)
	look := func(seed uint64) *quality.Map { f, _ := shoot(synth.Clean, seed); return quality.Measure(f) }
	t.Run("a living camera", func(t *testing.T) {
		w := quality.NewWatch()
		for seed := range uint64(3) {
			if got := w.Step(look(seed)); got != shelf.NoReason {
				t.Errorf("look %d: %v", seed, got)
			}
		}
	})
	t.Run("a frozen one", func(t *testing.T) {
		w := quality.NewWatch()
		m := look(1)
		var got shelf.Reason
		for range 4 {
			got = w.Step(m)
		}
		if got != shelf.Frozen {
			t.Errorf("got %v, want %v", got, shelf.Frozen)
		}
		if got := w.Step(look(2)); got != shelf.NoReason {
			t.Errorf("alive again: %v", got)
		}
	})
	t.Run("one that was pushed", func(t *testing.T) {
		w := quality.NewWatch()
		for seed := range uint64(3) {
			w.Step(look(seed))
		}
		var got shelf.Reason
		for seed := range uint64(3) {
			f, _ := shoot(synth.Clean, 10+seed)
			got = w.Step(quality.Measure(moved(f, 40)))
		}
		if got != shelf.Shifted {
			t.Errorf("got %v, want %v", got, shelf.Shifted)
		}
	})
}

// moved shifts a picture to the right; its left edge is repeated.
func moved(f vision.Frame, by int) vision.Frame {
	out := vision.Frame{Width: f.Width, Height: f.Height, BGR: make([]byte, len(f.BGR))}
	for y := range f.Height {
		for x := range f.Width {
			copy(out.BGR[3*(y*f.Width+x):][:3], f.BGR[3*(y*f.Width+max(0, x-by)):])
		}
	}
	return out
}

func TestALineShowsUntilSomethingCoversIt(t *testing.T) {
	f := vision.Frame{Width: 640, Height: 480, BGR: make([]byte, 3*640*480)}
	for y := range 480 {
		for x := range 640 {
			v := byte(60 + (x*31+y*17)%40) // texture, no line
			if y > 240 && x < 400 {
				v = 190
			}
			for k := range 3 {
				f.BGR[3*(y*640+x)+k] = v
			}
		}
	}
	m := quality.Measure(f)
	bare, ok := m.Line([][2]float64{{50, 238}, {350, 243}})
	if !ok || bare < 60 {
		t.Errorf("the edge shows %.1f, %v; want 60 or more", bare, ok)
	}
	covered, ok := m.Line([][2]float64{{420, 238}, {620, 243}})
	if !ok || covered > 12 {
		t.Errorf("texture alone shows %.1f, %v; want next to nothing", covered, ok)
	}
	if _, ok := m.Line([][2]float64{{-300, 240}, {100, 240}}); ok {
		t.Error("a line that is mostly outside of the picture is measured")
	}
}

func BenchmarkMeasure(b *testing.B) {
	_, shoot := scene(b)
	f, _ := shoot(synth.Clean, 1)
	f = f.Resize(1280, 960)
	b.ResetTimer()
	for b.Loop() {
		quality.Measure(f)
	}
}
