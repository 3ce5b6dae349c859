package schedule

import (
	"context"
	"sync"
	"time"
)

// Cause is the reason for a look.
type Cause string

// The causes. If several come together, the first of them in this order is given.
const (
	Command   Cause = "command"
	DoorClose Cause = "door_close"
	Time      Cause = "time"
	Interval  Cause = "interval"
)

// Runner runs a plan. Its methods do not block and may be called by any goroutine.
type Runner struct {
	kick chan struct{}

	mu    sync.Mutex
	asked bool
	door  *bool // what Door said last and Run has not seen yet
	plan  *Plan
}

// New returns a Runner, which does nothing until Run is called.
func New() *Runner { return &Runner{kick: make(chan struct{}, 1)} }

// Ask requests a look now. Several requests before the look cause one look.
func (r *Runner) Ask() { r.tell(func() { r.asked = true }) }

// Door reports that the door is now open or closed.
func (r *Runner) Door(open bool) { r.tell(func() { r.door = &open }) }

// Change puts another plan in force.
func (r *Runner) Change(p Plan) { r.tell(func() { r.plan = &p }) }

func (r *Runner) tell(what func()) {
	r.mu.Lock()
	what()
	r.mu.Unlock()
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// hear takes over what Ask, Door and Change have said.
func (r *Runner) hear(l *loop, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.plan != nil {
		l.plan = *r.plan
		l.begin(now)
	}
	if r.door != nil {
		l.door(*r.door, now)
	}
	if r.asked {
		l.want(Command)
	}
	r.plan, r.door, r.asked = nil, nil, false
}

// recheck bounds how long a jump of the clock goes unnoticed.
const recheck = time.Minute

// Run calls look according to the plan until ctx ends, in its own goroutine and never twice at once. The first
// look of an interval comes at once, so that a board that was just plugged in shows what it sees.
func (r *Runner) Run(ctx context.Context, plan Plan, look func(context.Context, Cause)) {
	work := make(chan Cause)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for cause := range work {
			look(ctx, cause)
		}
	}()
	defer func() {
		close(work)
		<-done
	}()

	l := loop{plan: plan}
	l.begin(time.Now())
	for {
		now := time.Now()
		l.due(now)
		var out chan<- Cause
		if l.pending != "" {
			out = work
		}
		timer := time.NewTimer(l.wait(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case out <- l.pending:
			l.pending = ""
		case <-timer.C:
		case <-r.kick:
			r.hear(&l, time.Now())
		}
		timer.Stop()
	}
}

// loop is the state of Run between two events.
type loop struct {
	plan     Plan
	pending  Cause     // the look that waits for the one before it to end; "": none
	interval time.Time // time of the next look by interval; zero: none. It is monotonic, so that a clock that jumps does not shorten it
	at       time.Time // time of the next look by time of day, by the wall clock; zero: none
	settled  time.Time // when the door will have been closed for long enough; zero: it is open, or the look was made
}

func (l *loop) begin(now time.Time) {
	l.interval, l.at = time.Time{}, time.Time{}
	if l.plan.Every > 0 {
		l.interval = now
	}
	l.at, _ = l.plan.next(now.Round(0))
}

// want keeps the more important of two causes.
func (l *loop) want(c Cause) {
	rank := map[Cause]int{"": 0, Interval: 1, Time: 2, DoorClose: 3, Command: 4}
	if rank[c] > rank[l.pending] {
		l.pending = c
	}
}

func (l *loop) door(open bool, now time.Time) {
	l.settled = time.Time{}
	if !open && l.plan.OnDoorClose {
		l.settled = now.Add(l.plan.Settle)
	}
}

// due turns what has become due into a pending look.
func (l *loop) due(now time.Time) {
	if !l.settled.IsZero() && !now.Before(l.settled) {
		l.settled = time.Time{}
		l.want(DoorClose)
	}
	wall := now.Round(0) // without the monotonic reading, so that a clock that was set counts
	if !l.at.IsZero() && !wall.Before(l.at) {
		// A time of day that the clock jumped over, by more than a few minutes, is not due.
		if wall.Sub(l.at) < 2*recheck && l.plan.open(wall) {
			l.want(Time)
		}
		l.at, _ = l.plan.next(wall)
	} else if next, ok := l.plan.next(wall); ok && next.Before(l.at) {
		l.at = next // the clock was put back
	}
	if !l.interval.IsZero() && !now.Before(l.interval) {
		if l.plan.open(wall) {
			l.want(Interval)
		}
		// From now, not from when it was due: a board that slept does not catch up.
		l.interval = now.Add(l.plan.Every)
	}
}

// wait returns the time until the next look is due, at most recheck.
func (l *loop) wait(now time.Time) time.Duration {
	wait := recheck
	for _, t := range []time.Time{l.interval, l.settled} {
		if !t.IsZero() {
			wait = min(wait, t.Sub(now))
		}
	}
	if !l.at.IsZero() {
		wait = min(wait, l.at.Sub(now.Round(0)))
	}
	return max(wait, 0)
}
