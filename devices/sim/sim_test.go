package sim_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coldshelf/coldshelf/devices/sim"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

var morning = time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC)

// history is the state of every minute of a stretch of time.
func history(c *sim.Cooler, span time.Duration) (states []sim.State) {
	for range int(span / time.Minute) {
		c.Step(time.Minute)
		states = append(states, c.State())
	}
	return states
}

func TestACoolerStaysColdAndItsCompressorCycles(t *testing.T) {
	for seed := range uint64(5) {
		starts, defrosts, running, defrosting := 0, 0, false, false
		for i, s := range history(sim.New(seed, morning), 48*time.Hour) {
			if s.Air < 0 || s.Air > 16 || s.Goods < 0 || s.Goods > 8 || s.Humidity < 0.3 || s.Humidity > 1 {
				t.Fatalf("seed %d, minute %d: %+v", seed, i, s)
			}
			if s.Compressor && !running {
				starts++
			}
			if s.Defrost && !defrosting {
				defrosts++
			}
			running, defrosting = s.Compressor, s.Defrost
			if s.Compressor && s.Defrost {
				t.Fatalf("seed %d, minute %d: the compressor runs while it defrosts", seed, i)
			}
		}
		if starts < 48 || starts > 1000 {
			t.Errorf("seed %d: the compressor started %d times in two days", seed, starts)
		}
		if defrosts < 7 || defrosts > 9 {
			t.Errorf("seed %d: %d defrosts in two days, want one in about six hours", seed, defrosts)
		}
	}
}

func TestAnOpenDoorAndABrokenCompressorWarmIt(t *testing.T) {
	night := time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) // nobody walks past
	c := sim.New(4, night)
	before := c.State()
	c.Hold(3 * time.Minute)
	c.Step(2 * time.Minute)
	if s := c.State(); !s.Open || s.Air < before.Air+2 || s.Goods > before.Goods+0.5 {
		t.Errorf("two minutes open: %+v, before %+v", s, before)
	}
	c.Step(30 * time.Minute)
	if s := c.State(); s.Open || s.Air > 6.5 {
		t.Errorf("half an hour later: %+v", s)
	}
	c.BreakCompressor(true)
	c.Step(12 * time.Hour)
	if s := c.State(); s.Compressor || s.Goods < before.Goods+3 {
		t.Errorf("twelve hours without a compressor: %+v", s)
	}
}

func TestWhoComesAlsoGoes(t *testing.T) {
	c := sim.New(1, morning)
	var total sim.Counts
	for range 24 {
		c.Step(time.Hour)
		n := c.TakeCounts()
		total.In += n.In
		total.Out += n.Out
		total.Passing += n.Passing
		total.Dwell += n.Dwell
	}
	if total.In < 200 || total.Passing < 2*total.In || total.In-total.Out < 0 || total.In-total.Out > 5 {
		t.Errorf("a day's people: %+v", total)
	}
	if mean := total.Dwell / time.Duration(total.Out); mean < 3*time.Second || mean > time.Minute {
		t.Errorf("people stay for %v", mean)
	}
}

func TestTheSameSeedGivesTheSameDay(t *testing.T) {
	a, b := history(sim.New(3, morning), 6*time.Hour), history(sim.New(3, morning), 6*time.Hour)
	if !reflect.DeepEqual(a, b) {
		t.Error("two days of one seed differ")
	}
	if reflect.DeepEqual(a, history(sim.New(4, morning), 6*time.Hour)) {
		t.Error("two seeds give the same day")
	}
}

// heard gathers readings.
type heard struct {
	doors   []bool
	climate []telemetry.Climate
	power   []telemetry.Power
	people  int
	span    time.Duration
}

func (h *heard) Door(open bool)              { h.doors = append(h.doors, open) }
func (h *heard) Climate(c telemetry.Climate) { h.climate = append(h.climate, c) }
func (h *heard) Power(p telemetry.Power)     { h.power = append(h.power, p) }
func (h *heard) Footfall(f telemetry.Footfall, span time.Duration) {
	h.people += f.In + f.Passing
	h.span += span
}

func TestRunTellsDoorsAtOnceAndTheRestEveryInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute+time.Second)
		defer cancel()
		var h heard
		if err := sim.Run(ctx, sim.New(2, morning.Add(6*time.Hour)), 6, time.Minute, &h); err != nil {
			t.Fatal(err)
		}
		if len(h.climate) != 11 || len(h.power) != 11 || h.span != 10*time.Minute {
			t.Errorf("%d climates, %d powers, %v of people", len(h.climate), len(h.power), h.span)
		}
		if h.people < 40 {
			t.Errorf("%d people at noon in an hour", h.people)
		}
		if len(h.doors) < 10 {
			t.Fatalf("the door moved %d times in a noon hour", len(h.doors))
		}
		for i, open := range h.doors {
			if open != (i%2 == 0) {
				t.Fatalf("door events do not alternate: %v", h.doors)
			}
		}
	})
}
