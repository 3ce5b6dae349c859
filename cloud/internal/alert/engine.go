package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// RuleSource returns the rules in force at a place.
type RuleSource interface {
	RulesFor(p Place) Ruler
}

// RulesFor returns r itself: the same rules for every device.
func (r Rules) RulesFor(Place) Ruler { return r }

// Config configures an Engine.
type Config struct {
	Rules     RuleSource
	LateAfter time.Duration    // an input that arrives later than this after it was observed calls nobody; 0: DefaultLateAfter
	Now       func() time.Time // nil: time.Now
	Demand    Demand           // nil: alerts do not say what they lose
	Log       *slog.Logger
}

// DefaultLateAfter is longer than a retry and shorter than an outage.
const DefaultLateAfter = 15 * time.Minute

// Engine keeps each device's machine in the state database and writes the alert log. It may be used from several
// goroutines and, on PostgreSQL, from several programs: Step locks its device until the transaction ends.
type Engine struct {
	rules     RuleSource
	demand    Demand
	lateAfter time.Duration
	now       func() time.Time
	log       *slog.Logger
	decoded   state.Memo[State] // a State is never changed once it is made: Step clones it
	places    places
	listening time.Time // when this program began to be able to hear devices
}

// NewEngine returns an engine that listens from now on.
func NewEngine(c Config) *Engine {
	e := &Engine{rules: c.Rules, demand: c.Demand, lateAfter: c.LateAfter, now: c.Now, log: c.Log}
	if e.lateAfter == 0 {
		e.lateAfter = DefaultLateAfter
	}
	if e.now == nil {
		e.now = time.Now
	}
	e.listening = e.now()
	return e
}

// LockName returns the name of a device's lock, for state's Exclusive. Step takes it. An ingester that judges
// several devices in one transaction takes all their locks first, in sorted order, so that two ingesters cannot
// deadlock.
func LockName(tenant, device string) string { return "alert/" + tenant + "/" + device }

// Step judges stored messages of one device, inside the transaction that stores them. A message that was judged
// before changes nothing.
func (e *Engine) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	for len(envs) > 0 {
		n := 1
		for n < len(envs) && envs[n].Identity == envs[0].Identity {
			n++
		}
		if err := e.judge(ctx, tx, envs[:n]); err != nil {
			return err
		}
		envs = envs[n:]
	}
	return nil
}

// judge reads and writes a device's machine once for all of its messages, because that costs more than judging
// them.
func (e *Engine) judge(ctx context.Context, tx *state.Tx, envs []*wire.Envelope) error {
	now := e.now().UTC()
	fault := func(env *wire.Envelope, err error) error {
		return fmt.Errorf("judge message %d.%d of %s: %w", env.Boot, env.Seq, env.Device, err)
	}
	d, err := e.open(ctx, tx, envs[0].Identity, now)
	if err != nil {
		return fault(envs[0], err)
	}
	for _, env := range envs {
		for _, in := range inputs(env, now, e.lateAfter) {
			if err := d.add(ctx, in); err != nil {
				return fault(env, err)
			}
		}
		if p, ok := env.Body.(*wire.Picture); ok {
			if err := errors.Join(d.writeKept(ctx), e.proveBy(ctx, tx, env, p)); err != nil {
				return fault(env, err)
			}
		}
	}
	if err := d.save(ctx); err != nil {
		return fault(envs[0], err)
	}
	return nil
}

// device is one device's machine inside one transaction.
type device struct {
	engine  *Engine
	tx      *state.Tx
	id      wire.Identity
	machine Machine
	now     time.Time

	state   State
	since   [len(parts)]int64 // number of inputs since the last checkpoint, by part
	pruned  [len(parts)]bool  // inputs were dropped, so the oldest checkpoint is as far back as can be restated
	saved   savedMachine
	changed bool
	owned   bool                    // nobody else holds the state's maps
	kept    [len(parts)][]keptInput // not written yet
	losses  *LossReader             // nil: no losses are known
}

// open reads a device's machine, or begins one for a device never heard of.
func (e *Engine) open(ctx context.Context, tx *state.Tx, id wire.Identity, now time.Time) (*device, error) {
	if err := tx.Exclusive(ctx, LockName(id.Tenant, id.Device)); err != nil {
		return nil, err
	}
	place, err := e.places.of(ctx, tx, id, now)
	if err != nil {
		return nil, err
	}
	d := &device{engine: e, tx: tx, id: id, machine: Machine{Rules: e.rules.RulesFor(place)}, now: now}
	if e.demand != nil {
		d.losses = lossesOf(ctx, tx, e.demand, func() wire.Identity { return d.id })
		d.machine.Losses = d.losses.PerHour
	}
	return d, d.load(ctx)
}

// add processes one input: by a step if it comes in order, otherwise by restating.
func (d *device) add(ctx context.Context, in Input) error {
	p := partOf(in.Fact)
	if p == nil {
		if _, alive := in.Fact.(Heard); alive && d.heardLately(in.At) {
			return nil
		}
		return d.step(ctx, in)
	}
	if !p.after(&d.state, in.Key) {
		d.owned = false
		return d.restate(ctx, p, in)
	}
	if err := d.keep(p, in); err != nil {
		return err
	}
	if err := d.step(ctx, in); err != nil {
		return err
	}
	return d.checkpoint(ctx, p, in.Key)
}

// heardLately reports whether a sign of life need not be written, because the device is known to be alive.
func (d *device) heardLately(at time.Time) bool {
	const grain = 20 * time.Second
	return d.state.Gone.IsZero() && d.state.OpenEpisode(CoolerOffline, "") == nil &&
		!d.state.Heard.IsZero() && at.Sub(d.state.Heard.At) < grain
}

func (d *device) step(ctx context.Context, in Input) error {
	if !d.owned { // what was read may be held in memory for the next transaction
		d.state, d.owned = d.state.clone(), true
	}
	var out []Transition
	d.state, out = d.machine.step(d.state, in)
	d.changed = true
	if err := d.losses.Err(); err != nil {
		return err
	}
	return d.tell(ctx, out)
}

// tell writes transitions to the alerts and to the log.
func (d *device) tell(ctx context.Context, out []Transition) error {
	if len(out) == 0 {
		return nil
	}
	if err := d.writeKept(ctx); err != nil { // proof pictures are found through them
		return err
	}
	for _, tr := range out {
		if err := d.engine.record(ctx, d.tx, d.id, tr); err != nil {
			return err
		}
	}
	return nil
}
