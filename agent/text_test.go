package agent_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
)

// A fault in whatever bytes reaches the cloud: one that is no UTF-8, or that is cut inside of a character, must not keep
// the telemetry that carries it from being stored.
func TestFaultsOfAnyBytesAreReported(t *testing.T) {
	chinese := "x" + strings.Repeat("冷", 200) // of three bytes each: 200 bytes end inside of one
	for name, reason := range map[string]string{"cut inside of a character": chinese, "no UTF-8": "v4l2: \xff\xfe gone"} {
		t.Run(name, func(t *testing.T) {
			box := openOutbox(t, t.TempDir())
			opts := options(t, box, &moody{next: func() (vision.Frame, error) { return vision.Frame{}, io.EOF }}, "")
			opts.Degraded, opts.UntilEnd = []string{reason}, true
			if err := start(t, opts).wait(t); err != nil {
				t.Fatal(err)
			}
			want := strings.ToValidUTF8(reason, "\uFFFD")
			want = want[:min(len(want), 1+66*len("冷"))]
			if got := fmt.Sprint(lastHealth(t, box).Reasons); !strings.Contains(got, want) {
				t.Errorf("reasons: got %s, want one that is %s", got, want)
			}
		})
	}
}

// lastHealth is that of the last telemetry in the outbox.
func lastHealth(t *testing.T, box *outbox.Outbox) (last *telemetry.Health) {
	t.Helper()
	messages, err := box.Pending(context.Background(), 1000, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		env, err := wire.Decode(m.Payload)
		if err != nil {
			t.Fatal(err)
		}
		if body, ok := env.Body.(*wire.Telemetry); ok {
			last = body.Health
		}
	}
	if last == nil {
		t.Fatalf("no telemetry among %d messages", len(messages))
	}
	return last
}
