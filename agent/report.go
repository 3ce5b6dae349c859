package agent

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// reasons holds why the agent runs degraded, with at most one reason per part. It is safe for concurrent use.
type reasons struct {
	mu   sync.Mutex
	list map[string]string
}

func (r *reasons) set(part, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.list == nil {
		r.list = map[string]string{}
	}
	r.list[part] = cut(why, 200)
}

func (r *reasons) clear(part string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.list, part)
}

// all returns the reasons in a stable order.
func (r *reasons) all() (texts []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, why := range r.list {
		texts = append(texts, why)
	}
	slices.Sort(texts)
	return texts
}

// batch collects readings until they are sent together.
type batch struct {
	clock *clock.Clock

	mu   sync.Mutex
	when stamp // stamp of the last reading
	body wire.Telemetry
	door *bool // what the door device said last, across its restarts; nil: nothing yet
}

// maxBatch bounds the readings of one kind; beyond it the oldest are dropped.
const maxBatch = 1000

func push[T any](list []T, v T) []T {
	if len(list) >= maxBatch {
		list = list[1:]
	}
	return append(list, v)
}

// now stamps a reading; the lock must be held. If the clock has just become known, the readings gathered before are
// corrected first, so that all of a batch has one clock quality.
func (b *batch) now() stamp {
	at, quality := b.clock.Stamp()
	if b.when.quality < telemetry.RTC && quality >= telemetry.RTC && !b.when.at.IsZero() {
		if right, _, ok := b.clock.Correct(b.when.at); ok {
			shift(&b.body, right.Sub(b.when.at))
		}
	}
	b.when = stamp{at, quality}
	return b.when
}

// take empties the batch, and returns the stamp for the message about it.
func (b *batch) take() (*wire.Telemetry, stamp) {
	b.mu.Lock()
	defer b.mu.Unlock()
	when := b.now()
	body := b.body
	b.body = wire.Telemetry{}
	return &body, when
}

// report sends telemetry with the agent's health every Interval, and feeds the watchdog. The last batch goes out when
// the agent stops.
func (a *Agent) report(ctx context.Context) {
	const pulse = 5 * time.Second
	next := time.Now().Add(a.firstReport())
	tick := time.NewTimer(0)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			if !errors.Is(context.Cause(ctx), errDone) { // leaveAtEnd has flushed already
				a.flush()
			}
			return
		case <-tick.C:
		}
		if a.opts.Alive != nil && !a.hung() { // a hung look starves the watchdog, which restarts the agent
			a.opts.Alive()
		}
		now := time.Now()
		if !now.Before(next) {
			next = now.Add(a.opts.Interval)
			a.flush()
		}
		tick.Reset(max(min(pulse, next.Sub(now)), time.Millisecond))
	}
}

// firstReport comes soon after the start, so that whoever installs a cooler sees its health at once.
func (a *Agent) firstReport() time.Duration { return min(3*time.Second, a.opts.Interval) }

// flush sends what was collected, together with the agent's health.
func (a *Agent) flush() {
	body, when := a.batch.take()
	h := a.health(when.at)
	body.Health = &h
	if _, err := a.append(outbox.Telemetry, when, body); err != nil {
		a.log.Warn("telemetry was not stored", "err", err)
	}
}

func (a *Agent) health(at time.Time) telemetry.Health {
	box := a.opts.Outbox.Health()
	h := telemetry.Health{
		At: at, Uptime: a.sinceStart(),
		OutboxMessages: uint64(box.Messages), OutboxBytes: uint64(box.Bytes),
		DiskFreeBytes: diskFree(a.opts.DataDir), MemoryBytes: residentBytes(), BoardTemp: boardTemp(),
	}
	h.Reasons = a.reasons.all()
	if !box.Durable {
		h.Reasons = append(h.Reasons, cut("outbox is in memory only: "+box.Fault, 200))
	}
	if box.SetAside != "" {
		h.Reasons = append(h.Reasons, cut(box.Fault, 200))
	}
	h.Reasons = h.Reasons[:min(len(h.Reasons), 32)]
	return h
}
