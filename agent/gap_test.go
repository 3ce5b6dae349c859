package agent_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// A gap comes to the cloud with the time at which the room was made, whether the clock was known then or later.
func TestAGapIsStampedRight(t *testing.T) {
	for name, known := range map[string]bool{"clock known before": true, "clock known after": false} {
		t.Run(name, func(t *testing.T) {
			w := &wall{begin: time.Now(), behind: 50 * time.Hour, quality: telemetry.Monotonic}
			ticks := clock.NewWith(w.sources())
			box, err := outbox.Open(context.Background(), t.TempDir(), outbox.Options{EncodeGap: agent.EncodeGap(board, ticks), MaxBytes: 1 << 20})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { box.Close() })
			if known {
				w.set()
			}
			begin := time.Now()
			for range 24 {
				_, err := box.Append(t.Context(), outbox.Picture, string(wire.KindPicture), func(k outbox.Key) ([]byte, error) {
					at, quality := ticks.Stamp()
					return wire.Encode(&wire.Envelope{
						Identity: board, Boot: k.Boot, Seq: k.Seq, CapturedAt: at, Clock: quality,
						Body: &wire.Picture{ObservationSeq: 1, JPEG: append([]byte{0xff, 0xd8, 0xff}, bytes.Repeat([]byte{7}, 60_000)...), Width: 8, Height: 8, Purpose: wire.PurposeEvidence},
					})
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			w.set()
			broker := mosquitto.New(t, "")
			broker.Start()
			c := newCloud(t, broker.URL(), "cloud")
			opts := options(t, box, nil, broker.URL())
			opts.Clock = ticks
			start(t, opts)
			c.until("the gap", func() bool { return len(of[*wire.Gap](c)) > 0 })
			c.mu.Lock()
			defer c.mu.Unlock()
			for _, e := range c.stored {
				if _, gap := e.Body.(*wire.Gap); !gap {
					continue
				}
				if e.Clock != telemetry.NTP || e.CapturedAt.Before(begin.Add(-time.Second)) || e.CapturedAt.After(time.Now().Add(time.Second)) {
					t.Errorf("the gap is stamped %v by %v, it was made after %v", e.CapturedAt, e.Clock, begin)
				}
			}
		})
	}
}
