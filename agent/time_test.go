package agent_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// wall is a board's clock without a battery: it starts where it stopped, until the network sets it.
type wall struct {
	begin time.Time // monotonic

	mu      sync.Mutex
	behind  time.Duration
	quality telemetry.ClockQuality
}

func (w *wall) sources() clock.Sources {
	return clock.Sources{
		Wall: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return time.Now().Round(0).Add(-w.behind)
		},
		Elapsed: func() time.Duration { return time.Since(w.begin) },
		Quality: func() telemetry.ClockQuality {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.quality
		},
	}
}

func (w *wall) set() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behind, w.quality = 0, telemetry.NTP
}

// What a board saw before it knew the time comes to the cloud with the right time, if the board learns it
// in the same boot before it is online; its keys and its order stay.
func TestStampsAreCorrectedOnceTheClockIsKnown(t *testing.T) {
	broker := mosquitto.New(t, "")
	w := &wall{begin: time.Now(), behind: 50 * time.Hour, quality: telemetry.Monotonic}
	box := openOutbox(t, t.TempDir())
	opts := options(t, box, &moody{next: bright}, broker.URL())
	opts.Uplink.Window = 500
	opts.Clock, opts.Picture.Send = clock.NewWith(w.sources()), agent.SendNever
	opts.Interval = 200 * time.Millisecond
	opts.Devices = []agent.Device{{Name: "door: test", Run: func(ctx context.Context, say agent.Readings) error {
		for open := true; ctx.Err() == nil; open = !open {
			say.Door(open)
			select {
			case <-ctx.Done():
			case <-time.After(15 * time.Millisecond):
			}
		}
		return nil
	}}}
	begin := time.Now()
	start(t, opts)
	for deadline := time.After(30 * time.Second); box.Health().ByClass[outbox.Observation] < 8; {
		select {
		case <-deadline:
			t.Fatal("the agent sees nothing")
		case <-time.After(10 * time.Millisecond):
		}
	}
	w.set()
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	c.until("what was seen offline", func() bool { return len(of[*wire.Observation](c)) >= 8 && len(of[*wire.Telemetry](c)) >= 2 })
	c.mu.Lock()
	defer c.mu.Unlock()
	end := time.Now()
	right := func(what string, at time.Time) {
		t.Helper()
		if at.Before(begin.Add(-time.Second)) || at.After(end.Add(time.Second)) {
			t.Errorf("%s is stamped %v, it was between %v and %v", what, at, begin, end)
		}
	}
	last := map[wire.Kind]*wire.Envelope{}
	for _, e := range c.stored {
		if e.Clock != telemetry.NTP {
			t.Errorf("%s %d is of clock %v", e.Body.Kind(), e.Seq, e.Clock)
		}
		right(string(e.Body.Kind()), e.CapturedAt)
		switch b := e.Body.(type) {
		case *wire.Observation:
			right("observation's own time", b.CapturedAt)
		case *wire.Telemetry:
			right("health", b.Health.At)
			for _, d := range b.Doors {
				right("door", d.At)
			}
		case *wire.Birth:
			right("start", b.StartedAt)
		}
		if p := last[e.Body.Kind()]; p != nil && (p.Seq < e.Seq) != !p.CapturedAt.After(e.CapturedAt) {
			t.Errorf("messages %d and %d are out of order", p.Seq, e.Seq)
		}
		last[e.Body.Kind()] = e
	}
}
