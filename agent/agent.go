package agent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Agent is the running program. Make it with New and call Run once.
type Agent struct {
	opts     Options
	log      *slog.Logger
	started  time.Time // with its monotonic reading
	runner   *schedule.Runner
	uplink   *uplink.Uplink
	reasons  reasons
	batch    batch
	commands *commands
	desired  chan *wire.Desired
	ended    chan struct{} // closed when the camera has ended
	endOnce  sync.Once

	eyes  eyes
	bases bases

	mu             sync.Mutex
	view           View
	setting        Setting // what the current view was built from
	desiredVersion uint64
	refusedVersion uint64 // the desired state that was rejected last, so that it is reported once
	running        bool   // the schedule is listening for changes
}

// New returns an agent. Nothing runs until Run is called.
func New(opts Options) (*Agent, error) {
	if err := opts.Identity.Validate(); err != nil {
		return nil, fmt.Errorf("agent: %w", err)
	}
	if opts.Outbox == nil || opts.Clock == nil || opts.Version == "" {
		return nil, errors.New("agent: Outbox, Clock and Version are required")
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Interval <= 0 {
		opts.Interval = time.Minute
	}
	a := &Agent{
		opts: opts, log: opts.Log, started: time.Now(),
		runner:  schedule.New(),
		desired: make(chan *wire.Desired, 1),
		ended:   make(chan struct{}),
		view:    View{opts.Pipeline, opts.Model, opts.Gallery, opts.Close},
		setting: opts.Setting,
	}
	a.batch.clock = opts.Clock
	a.commands = newCommands(opts.DataDir)
	a.bases.deltas = map[uint64]*shelf.Observation{}
	a.eyes.camera, a.eyes.pipeline = opts.Camera, opts.Pipeline
	for _, r := range opts.Degraded {
		a.reasons.set(r, r)
	}
	return a, nil
}

// Run works until ctx ends (it returns nil), a command asks for a restart (it returns ErrRestart) or, with
// Options.UntilEnd, the camera has ended and the cloud has everything. It owns every goroutine that it starts: the
// sources (camera, devices, reports) are stopped first, then the uplink that carries away what they said.
func (a *Agent) Run(ctx context.Context) error {
	if err := a.restore(ctx); err != nil {
		a.log.Error("desired state on the disk cannot be used", "err", err)
		a.reasons.set("desired", "desired state on the disk: "+err.Error())
	}
	a.tellRollBack()
	born := a.stamp()
	if _, err := a.append(outbox.Record, born, a.birth(born)); err != nil {
		a.log.Error("birth was not stored", "err", err)
	}

	sinkCtx, stopSinks := context.WithCancel(context.WithoutCancel(ctx))
	var sinks sync.WaitGroup
	if a.opts.Uplink.Broker != "" {
		a.uplink = uplink.New(a.opts.Outbox, a.uplinkConfig())
		sinks.Go(func() { a.uplink.Run(sinkCtx) })
	}

	sourceCtx, stopSources := context.WithCancelCause(ctx)
	var sources sync.WaitGroup
	a.mu.Lock()
	plan := a.opts.Plan
	a.running = true
	a.mu.Unlock()
	sources.Go(func() { a.runner.Run(sourceCtx, plan, a.look) })
	sources.Go(func() { a.report(sourceCtx) })
	sources.Go(func() { a.obey(sourceCtx, stopSources) })
	sources.Go(func() { a.standTrial(sourceCtx, stopSources) })
	for _, d := range a.opts.Devices {
		sources.Go(func() { a.tend(sourceCtx, d) })
	}
	for _, d := range a.opts.Duties {
		sources.Go(func() { d.Run(sourceCtx, a.teller(d.Name)) })
	}
	if a.opts.Place != nil {
		sources.Go(func() { a.watchPlace(sourceCtx) })
	}
	if a.opts.UntilEnd {
		sources.Go(func() { a.leaveAtEnd(sourceCtx, stopSources) })
	}

	<-sourceCtx.Done()
	sources.Wait()
	a.drain(lastWords)
	stopSinks()
	sinks.Wait()
	if a.opts.Camera != nil {
		if err := a.opts.Camera.Close(); err != nil {
			a.log.Warn("camera was not closed in order", "err", err)
		}
	}
	if cause := context.Cause(sourceCtx); errors.Is(cause, ErrRestart) {
		return ErrRestart
	}
	return nil
}

// errDone is the cause with which Run ends after everything has been sent.
var errDone = errors.New("everything is said")

// leaveAtEnd waits until the camera has ended and, if there is an uplink to empty it, until the outbox is empty.
func (a *Agent) leaveAtEnd(ctx context.Context, leave context.CancelCauseFunc) {
	select {
	case <-ctx.Done():
		return
	case <-a.ended:
	}
	a.flush()
	if a.awaitEmpty(ctx, func() bool { return a.uplink != nil }) {
		leave(errDone)
	}
}

// lastWords is how long an agent that was told to stop waits for the cloud to take what is left, such as its last
// telemetry and the answer to the command that stopped it. What remains is sent after the next start.
const lastWords = 2 * time.Second

// drain waits until the uplink has emptied the outbox, at most as long as patience and while it is connected.
func (a *Agent) drain(patience time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a.awaitEmpty(ctx, func() bool { return a.uplink != nil && a.uplink.Health().Connected })
}

// awaitEmpty waits for the outbox to become empty, for as long as somebody empties it. It reports false if ctx ended
// first.
func (a *Agent) awaitEmpty(ctx context.Context, emptied func() bool) bool {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for emptied() && a.opts.Outbox.Health().Messages > 0 {
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
	return true
}

// stamp is a time together with how far the clock could be trusted when it was read. A time read while the clock was
// doubtful stays doubtful, even if the clock is set a moment later.
type stamp struct {
	at      time.Time
	quality telemetry.ClockQuality
}

func (a *Agent) stamp() stamp {
	at, quality := a.opts.Clock.Stamp()
	return stamp{at, quality}
}

// append puts a message into the outbox. when is the time that the message is about.
func (a *Agent) append(class outbox.Class, when stamp, body wire.Body) (outbox.Key, error) {
	// The caller's context is not used: what was seen is stored even while the agent is being stopped.
	return a.opts.Outbox.Append(context.Background(), class, string(body.Kind()), func(k outbox.Key) ([]byte, error) {
		env := &wire.Envelope{
			Identity: a.opts.Identity, Boot: k.Boot, Seq: k.Seq,
			CapturedAt: when.at, Clock: when.quality, Body: body,
		}
		if o, ok := body.(*wire.Observation); ok {
			return a.bases.encode(env, &o.Observation)
		}
		return wire.Encode(env)
	})
}

func (a *Agent) now() time.Time { return a.stamp().at }

// EncodeGap returns the encoder for the outbox's messages about evictions. They are stamped like every other
// message: without the clock's quality, amend would "correct" a time that is right.
func EncodeGap(id wire.Identity, c *clock.Clock) func(outbox.Key, outbox.Gap) ([]byte, error) {
	return func(k outbox.Key, g outbox.Gap) ([]byte, error) {
		at, quality := c.Stamp()
		return wire.Encode(&wire.Envelope{
			Identity: id, Boot: k.Boot, Seq: k.Seq, CapturedAt: at, Clock: quality,
			Body: &wire.Gap{Boot: g.Boot, FromSeq: g.From, ToSeq: g.To, Count: g.Count, Reason: "evicted to make room: " + g.Class.String()},
		})
	}
}
