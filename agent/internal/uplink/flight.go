package uplink

import (
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// flight is the set of messages that were sent over this connection and not yet acknowledged: at most window of
// them, and at most a quarter of them pictures, so that an alert never waits behind a queue of pictures.
type flight struct {
	window   int
	base     time.Duration
	timeout  time.Duration // grows while nothing is acknowledged, so that a cloud that is down is not flooded
	sent     map[outbox.Key]sending
	pictures int
	before   map[outbox.Key]bool // messages that were sent over this connection and timed out
}

type sending struct {
	at    time.Time
	class outbox.Class
}

func newFlight(window int, timeout time.Duration) *flight {
	return &flight{window: max(1, window), base: timeout, timeout: timeout, sent: map[outbox.Key]sending{}, before: map[outbox.Key]bool{}}
}

// claims reports whether a message is in flight and need not be sent now.
func (f *flight) claims(k outbox.Key) bool { _, ok := f.sent[k]; return ok }

// room returns how many more messages may be sent.
func (f *flight) room() int { return f.window - len(f.sent) }

// takes reports whether the message may be sent now.
func (f *flight) takes(m outbox.Message) bool {
	return f.room() > 0 && (m.Class != outbox.Picture || f.pictures < max(1, f.window/4))
}

// add records a message as sent and reports whether it was sent before.
func (f *flight) add(m outbox.Message, now time.Time) (again bool) {
	f.sent[m.Key] = sending{now, m.Class}
	if m.Class == outbox.Picture {
		f.pictures++
	}
	return f.before[m.Key]
}

// settle removes acknowledged messages and resets the timeout.
func (f *flight) settle(r outbox.Range) {
	in := func(k outbox.Key) bool { return k.Boot == r.Boot && r.From <= k.Seq && k.Seq <= r.To }
	for k := range f.sent {
		if in(k) {
			f.remove(k)
		}
	}
	for k := range f.before {
		if in(k) {
			delete(f.before, k)
		}
	}
	f.timeout = f.base
}

func (f *flight) remove(k outbox.Key) {
	if f.sent[k].class == outbox.Picture {
		f.pictures--
	}
	delete(f.sent, k)
}

// expire removes the messages that were not acknowledged in time, so that they are sent again.
func (f *flight) expire(now time.Time) {
	expired := false
	for k, s := range f.sent {
		if now.Sub(s.at) >= f.timeout {
			f.remove(k)
			f.before[k] = true
			expired = true
		}
	}
	if expired {
		f.timeout = min(2*f.timeout, max(maxAckTimeout, f.base))
	}
}

// next returns the time until the next message expires.
func (f *flight) next(now time.Time) time.Duration {
	wait := time.Hour
	for _, s := range f.sent {
		wait = min(wait, f.timeout-now.Sub(s.at))
	}
	return max(wait, time.Millisecond)
}
