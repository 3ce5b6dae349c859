package agent_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
)

// TestTwoThousandCapturesLeaveNothingBehind: offline, with an outbox that evicts, a door that closes as
// often as the agent can look; goroutines and memory are what they were after the first two hundred.
func TestTwoThousandCapturesLeaveNothingBehind(t *testing.T) {
	box, err := outbox.Open(context.Background(), t.TempDir(), outbox.Options{EncodeGap: agent.EncodeGap(board, clock.New(true)), MaxBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	opts := options(t, box, &moody{next: bright}, "")
	opts.Plan = schedule.Plan{OnDoorClose: true}
	looked := make(chan struct{}, 1)
	opts.Pipeline = counted{&shelves{}, looked}
	type usage struct {
		goroutines int
		heap       uint64
	}
	measured := make(chan [2]usage, 1)
	opts.Devices = []agent.Device{{Name: "door: busy", Run: func(ctx context.Context, say agent.Readings) error {
		measure := func() usage {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			return usage{runtime.NumGoroutine(), m.HeapInuse}
		}
		var early usage
		for i := range 2000 {
			say.Door(true)
			say.Door(false)
			select {
			case <-looked:
			case <-ctx.Done():
				return nil
			}
			if i == 200 {
				early = measure()
			}
		}
		measured <- [2]usage{early, measure()}
		<-ctx.Done()
		return nil
	}}}
	r := start(t, opts)
	select {
	case u := <-measured:
		early, late := u[0], u[1]
		t.Logf("%d goroutines, %d kB after 200 captures; %d, %d kB after 2000", early.goroutines, early.heap>>10, late.goroutines, late.heap>>10)
		if late.goroutines > early.goroutines+2 {
			t.Errorf("goroutines grew from %d to %d", early.goroutines, late.goroutines)
		}
		if late.heap > early.heap+8<<20 {
			t.Errorf("heap grew from %d to %d kB", early.heap>>10, late.heap>>10)
		}
	case <-time.After(3 * time.Minute):
		t.Fatal("the agent does not come to 2000 captures")
	}
	r.stop()
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	if h := box.Health(); h.Bytes > h.MaxBytes {
		t.Errorf("the outbox holds %d bytes, its cap is %d", h.Bytes, h.MaxBytes)
	}
}
