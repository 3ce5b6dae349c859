package synth_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/coldshelf/coldshelf/vision/synth"
)

func newDay(t testing.TB, seed uint64) *synth.Day {
	t.Helper()
	d, err := synth.NewDay(synth.DayConfig{ID: "D1", Seed: seed, Catalogue: catalogue(t, 200), Width: 120, Height: 90, Rows: 3})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDaySellsOutAndIsFilled(t *testing.T) {
	for seed := range uint64(6) {
		d := newDay(t, seed)
		if got := len(d.Moments); got != 25 {
			t.Fatalf("seed %d: %d moments, want 25 from 9:00 to 21:00", seed, got)
		}
		restock := -1
		for k, m := range d.Moments {
			if m.Restock {
				restock = k
			}
		}
		empty := 0
		for _, e := range d.Episodes {
			if e.State != synth.StateEmpty {
				continue
			}
			empty++
			if e.First < 1 || e.After != restock {
				t.Errorf("seed %d: %s is empty from %d to %d, want until the restock at %d", seed, e.SlotID, e.First, e.After, restock)
			}
			if e.Seen != e.First || e.Cleared != e.After {
				t.Errorf("seed %d: %s begins at %d and ends at %d, readable only at %d and %d", seed, e.SlotID, e.First, e.After, e.Seen, e.Cleared)
			}
		}
		if empty < 1 {
			t.Errorf("seed %d: nothing sells out", seed)
		}
	}
}

func TestDayHasItsDisturbances(t *testing.T) {
	d := newDay(t, 1)
	seen := map[string]bool{}
	for _, m := range d.Moments {
		seen[string(m.Condition)], seen[string(m.Disturbance)] = true, true
		bad := m.Disturbance != "" || m.Condition == synth.Fog || m.Condition == synth.Blocked || m.Condition == synth.Dark || m.Condition == synth.Glare
		if bad == m.Readable {
			t.Errorf("moment %d: readable %t in %s %s", m.Index, m.Readable, m.Condition, m.Disturbance)
		}
	}
	for _, want := range []string{"clean", "fog", "arm", "blocked", "frozen"} {
		if !seen[want] {
			t.Errorf("no %s frame", want)
		}
	}
}

func TestFrozenCameraRepeatsItsPicture(t *testing.T) {
	d := newDay(t, 1)
	ctx := context.Background()
	for k, m := range d.Moments {
		if m.Disturbance != synth.Frozen {
			continue
		}
		before, err := d.Render(ctx, k-1)
		if err != nil {
			t.Fatal(err)
		}
		frozen, err := d.Render(ctx, k)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(before.Image.Pix, frozen.Image.Pix) {
			t.Error("the frozen picture differs from the one before")
		}
		return
	}
	t.Fatal("no frozen frame")
}

// The episodes are what the frames' own truth says.
func TestDayFramesAgreeWithEpisodes(t *testing.T) {
	d := newDay(t, 2)
	for f, err := range d.All(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range f.Truth.Slots {
			want := synth.State("")
			for _, e := range d.Episodes {
				if e.SlotID == s.SlotID && f.Index >= e.First && (e.After < 0 || f.Index < e.After) {
					want = e.State
				}
			}
			alarming := s.State == synth.StateEmpty || s.State == synth.StateForeign || s.State == synth.StateMisplaced
			if alarming != (want != "") || alarming && s.State != want {
				t.Errorf("moment %d, %s: %s, episode says %q", f.Index, s.SlotID, s.State, want)
			}
		}
		if f.Index == 8 {
			break
		}
	}
}

func TestDayStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	n := 0
	for _, err := range newDay(t, 1).All(ctx) {
		n++
		if err == nil {
			t.Error("a frame after the context's end")
		}
	}
	if n != 1 {
		t.Errorf("%d frames, want one error", n)
	}
}

func TestTooShortADay(t *testing.T) {
	_, err := synth.NewDay(synth.DayConfig{Catalogue: catalogue(t, 50), Open: 600, Close: 660})
	if err == nil {
		t.Error("a day of three frames was accepted")
	}
}
