package agent

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The pauses before a device that failed is tried again.
const (
	minDevicePause = time.Second
	maxDevicePause = 5 * time.Minute
)

// tend runs a device until ctx ends, and again after a pause whenever it fails.
func (a *Agent) tend(ctx context.Context, d Device) {
	pause, told := minDevicePause, ""
	for ctx.Err() == nil {
		say := &readings{agent: a, name: d.Name}
		err := d.Run(ctx, say)
		if ctx.Err() != nil {
			return
		}
		if say.heard.Load() {
			pause, told = minDevicePause, ""
		}
		why := d.Name + ": stopped"
		if err != nil {
			why = d.Name + ": " + err.Error()
		}
		a.reasons.set(d.Name, why)
		if why != told { // a fault that repeats is logged once
			a.log.Warn("device failed", "device", d.Name, "err", err)
			told = why
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxDevicePause)
	}
}

// teller returns the function with which a duty reports how it fares: an error becomes a reason in the health,
// and a line in the log unless it repeats the one before.
func (a *Agent) teller(name string) func(error) {
	told := ""
	return func(err error) {
		if err == nil {
			told = ""
			a.reasons.clear(name)
			return
		}
		a.reasons.set(name, name+": "+err.Error())
		if why := err.Error(); why != told {
			a.log.Warn("duty is not done", "duty", name, "err", err)
			told = why
		}
	}
}

// readings receives what one run of one device reads.
type readings struct {
	agent *Agent
	name  string
	heard atomic.Bool
}

func (r *readings) ok() {
	if r.heard.CompareAndSwap(false, true) {
		r.agent.reasons.clear(r.name)
	}
}

func (r *readings) Door(open bool) {
	r.ok()
	a := r.agent
	a.batch.mu.Lock()
	at := a.batch.now().at
	a.batch.body.Doors = push(a.batch.body.Doors, telemetry.DoorEvent{At: at, Open: open})
	first := a.batch.door == nil
	changed := first && open || !first && *a.batch.door != open
	a.batch.door = &open
	a.batch.mu.Unlock()
	if !changed {
		return // the state in which a door is found at the start is a reading, not an event
	}
	kind := wire.EventDoorClose
	if open {
		kind = wire.EventDoorOpen
	}
	a.event(&wire.Event{Type: kind})
	a.runner.Door(open)
}

func (r *readings) Climate(c telemetry.Climate) {
	r.ok()
	b := &r.agent.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	c.At = b.now().at
	b.body.Climate = push(b.body.Climate, c)
}

func (r *readings) Power(p telemetry.Power) {
	r.ok()
	b := &r.agent.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	p.At = b.now().at
	b.body.Power = push(b.body.Power, p)
}

func (r *readings) Footfall(f telemetry.Footfall, span time.Duration) {
	r.ok()
	if span <= 0 {
		return
	}
	b := &r.agent.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	f.To = b.now().at
	f.From = f.To.Add(-span)
	b.body.Footfall = push(b.body.Footfall, f)
}
