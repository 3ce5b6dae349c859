package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// adopt puts a desired state in force, whole or not at all, and reports what came of it. One that is
// in force already, or older, is passed over in silence: it is retained and heard at every connection.
func (a *Agent) adopt(ctx context.Context, d *wire.Desired) {
	a.mu.Lock()
	known := d.Version <= a.desiredVersion || d.Version == a.refusedVersion
	a.mu.Unlock()
	if known {
		return
	}
	report := &wire.Reported{DesiredVersion: d.Version, Outcome: wire.OutcomeApplied}
	before := a.inForce()
	err := a.apply(ctx, d)
	if err != nil {
		report.Outcome = wire.OutcomeRejected
	} else if err = a.healthy(ctx); err != nil {
		a.takeBack(before)
		report.Outcome = wire.OutcomeRolledBack
	}
	switch {
	case ctx.Err() != nil:
		return // stopped in between: it is heard again after the start
	case err != nil:
		report.Detail = cut(err.Error(), 3000)
		a.mu.Lock()
		a.refusedVersion = d.Version
		a.mu.Unlock()
		a.log.Error("desired state is not in force", "version", d.Version, "outcome", report.Outcome, "err", err)
	default:
		a.log.Info("desired state is in force", "version", d.Version)
		if err := a.keep(d); err != nil {
			report.Detail = "not kept over a restart: " + err.Error()
		}
	}
	if _, err := a.append(outbox.Alert, a.stamp(), report); err != nil {
		a.log.Error("report was not stored", "err", err)
	}
}

// state is what a desired state changes.
type state struct {
	planogram *shelf.Planogram
	pipeline  Pipeline
	plan      schedule.Plan
	version   uint64
}

func (a *Agent) inForce() state {
	a.eyes.mu.Lock()
	defer a.eyes.mu.Unlock()
	a.mu.Lock()
	defer a.mu.Unlock()
	return state{a.planogram, a.eyes.pipeline, a.opts.Plan, a.desiredVersion}
}

// takeBack puts an earlier state in force again.
func (a *Agent) takeBack(s state) {
	a.eyes.mu.Lock()
	a.eyes.pipeline = s.pipeline
	a.eyes.mu.Unlock()
	a.mu.Lock()
	a.planogram, a.opts.Plan, a.desiredVersion = s.planogram, s.plan, s.version
	a.mu.Unlock()
	a.runner.Change(s.plan)
}

// healthy looks once under the new state: what cannot judge a picture must not stay. A camera that gives
// none is not the state's fault.
func (a *Agent) healthy(ctx context.Context) error {
	if _, err := a.lookNow(ctx); errors.Is(err, errLook) {
		return fmt.Errorf("the first look under it failed: %w", err)
	}
	return nil
}

// apply checks every part before it changes any.
func (a *Agent) apply(ctx context.Context, d *wire.Desired) error {
	var errs []error
	plan := a.opts.Plan
	if d.Schedule != nil {
		p, err := planOf(d.Schedule, a.opts.Plan.Zone)
		if err != nil {
			errs = append(errs, fmt.Errorf("schedule: %w", err))
		}
		plan = p
	}
	planogram, pipeline, err := a.rebuild(ctx, d.Planogram)
	if err != nil {
		errs = append(errs, err)
	}
	if len(d.Thresholds) > 0 {
		errs = append(errs, errors.New("thresholds: this agent takes them from the networks' manifest"))
	}
	for name, bundle := range map[string]*wire.Bundle{"gallery": d.Gallery, "model": d.Model, "agent": d.Agent} {
		if bundle != nil {
			errs = append(errs, fmt.Errorf("%s: this agent does not fetch bundles", name))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}

	if pipeline != nil {
		a.eyes.mu.Lock()
		a.eyes.pipeline = pipeline
		a.eyes.mu.Unlock()
	}
	a.mu.Lock()
	if planogram != nil {
		a.planogram = planogram
	}
	a.desiredVersion = d.Version
	changed := a.running && !a.opts.Plan.Equal(plan)
	a.opts.Plan = plan
	a.mu.Unlock()
	if changed {
		a.runner.Change(plan)
	}
	return nil
}

// rebuild makes a pipeline for a planogram in YAML; nil where there is none.
func (a *Agent) rebuild(ctx context.Context, text []byte) (*shelf.Planogram, Pipeline, error) {
	if len(text) == 0 {
		return nil, nil, nil
	}
	p, err := shelf.DecodePlanogram(text)
	if err != nil {
		return nil, nil, err
	}
	a.mu.Lock()
	held := a.planogram
	a.mu.Unlock()
	if held != nil && held.ID == p.ID && p.Version < held.Version {
		return nil, nil, fmt.Errorf("planogram %s: version %d is older than the %d in force", p.ID, p.Version, held.Version)
	}
	if a.opts.Rebuild == nil {
		return nil, nil, errors.New("planogram: this agent cannot change it")
	}
	pipeline, err := a.opts.Rebuild(ctx, p)
	if err != nil {
		return nil, nil, fmt.Errorf("planogram %s: %w", p.ID, err)
	}
	return p, pipeline, nil
}

func planOf(s *wire.Schedule, zone *time.Location) (schedule.Plan, error) {
	plan := schedule.Plan{Every: s.Every, OnDoorClose: s.OnDoorClose, Settle: s.Settle, Zone: zone}
	var errs []error
	for _, text := range s.At {
		at, err := schedule.ParseTimeOfDay(text)
		errs = append(errs, err)
		plan.At = append(plan.At, at)
	}
	hours, err := schedule.ParseHours(s.Hours)
	plan.Hours = hours
	if plan.Every == 0 && len(plan.At) == 0 && !plan.OnDoorClose {
		errs = append(errs, errors.New("says never"))
	}
	return plan, errors.Join(append(errs, err, plan.Validate())...)
}

const desiredFile = "desired.wire"

// keep stores the desired state for the next start, as a message of the wire format.
func (a *Agent) keep(d *wire.Desired) error {
	if a.opts.DataDir == "" {
		return errors.New("there is no data folder")
	}
	data, err := wire.Encode(&wire.Envelope{Identity: a.opts.Identity, CapturedAt: a.now(), Body: d})
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(a.opts.DataDir, desiredFile), data)
}

// restore puts the kept desired state in force at the start. A fault leaves the agent's own
// configuration in force.
func (a *Agent) restore(ctx context.Context) error {
	if a.opts.DataDir == "" {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(a.opts.DataDir, desiredFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	env, err := wire.Decode(data)
	if err != nil {
		return err
	}
	d, ok := env.Body.(*wire.Desired)
	if !ok || env.Identity != a.opts.Identity {
		return errors.New("it is not this board's")
	}
	return a.apply(ctx, d)
}
