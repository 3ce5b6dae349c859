package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// knows reports whether a desired state needs no more work: it is in force, older, or was refused. The broker retains
// the state, so it arrives again with every connection.
func (a *Agent) knows(d *wire.Desired) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return d.Version <= a.desiredVersion || d.Version == a.refusedVersion
}

// adopt puts a desired state in force, whole or not at all, and reports the outcome to the cloud. It returns true if
// this program must first restart into another one, which then adopts the state and reports.
func (a *Agent) adopt(ctx context.Context, f fetched) (restart bool) {
	d := f.desired
	report := &wire.Reported{DesiredVersion: d.Version, Outcome: wire.OutcomeRejected}
	err := f.err
	if err == nil {
		restart, err = a.tryAgent(ctx, f)
	}
	if restart || ctx.Err() != nil {
		return restart // if it was stopped half way, the state arrives again after the start
	}
	if err == nil {
		report.Outcome, err = a.change(ctx, f)
	}
	switch {
	case ctx.Err() != nil:
		return false
	case err != nil && a.onTrial():
		return a.rollBack(fmt.Sprintf("desired state %d: %v", d.Version, err)) // the previous program reports it
	case err != nil:
		report.Detail = cut(err.Error(), 3000)
		a.refuse(d.Version)
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
	return false
}

// change puts a desired state in force, and takes it back if no picture can be judged under it.
func (a *Agent) change(ctx context.Context, f fetched) (outcome string, err error) {
	before, sighted := a.inForce(), a.sighted(ctx)
	if err := a.apply(ctx, f.desired, f.got); err != nil {
		return wire.OutcomeRejected, err
	}
	if err := a.settle(ctx, f.got, sighted); err != nil {
		a.takeBack(before)
		return wire.OutcomeRolledBack, err
	}
	if before.view.Pipeline != a.inForce().view.Pipeline {
		a.closeView(before.view)
	}
	return wire.OutcomeApplied, nil
}

// settle looks under the new state and keeps it for good if a picture could be judged. sighted says whether that worked
// under the state before.
func (a *Agent) settle(ctx context.Context, got bundles, sighted bool) error {
	if err := a.healthy(ctx, sighted); err != nil {
		return err
	}
	return a.makeLast(got)
}

// state is everything that a desired state changes.
type state struct {
	setting Setting
	view    View
	plan    schedule.Plan
	version uint64
}

func (a *Agent) inForce() state {
	a.mu.Lock()
	defer a.mu.Unlock()
	return state{a.setting, a.view, a.opts.Plan, a.desiredVersion}
}

// takeBack puts an earlier state in force again.
func (a *Agent) takeBack(s state) {
	was := a.inForce()
	a.show(s.view)
	a.mu.Lock()
	a.setting, a.opts.Plan, a.desiredVersion = s.setting, s.plan, s.version
	a.mu.Unlock()
	a.runner.Change(s.plan)
	if was.view.Pipeline != s.view.Pipeline {
		a.closeView(was.view)
	}
}

// show puts a view in force, between two looks.
func (a *Agent) show(v View) {
	a.eyes.mu.Lock()
	a.eyes.pipeline = v.Pipeline
	a.eyes.mu.Unlock()
	a.mu.Lock()
	a.view = v
	a.mu.Unlock()
}

// closeView frees a view that was replaced.
func (a *Agent) closeView(v View) {
	if v.Close == nil {
		return
	}
	if err := v.Close(); err != nil {
		a.log.Warn("what looked before was not closed in order", "err", err)
	}
}

// sighted reports whether the last look was judged. If there was none since the start, it makes one.
func (a *Agent) sighted(ctx context.Context) bool {
	a.eyes.mu.Lock()
	looked, judged := a.eyes.looked, a.eyes.judged
	a.eyes.mu.Unlock()
	if looked || a.opts.Camera == nil {
		return judged
	}
	s, _ := a.lookNow(ctx)
	return s.obs != nil
}

const (
	// firstLooks is how many looks in a row must fail before the new state is blamed: a camera occasionally
	// misses one.
	firstLooks = 3
	// The pauses between them double each time.
	minLookPause = time.Second
	maxLookPause = 30 * time.Second
)

// healthy looks under the new state until a picture is judged; a state under which none can be must not stay. If the
// camera gave none under the old state either (not sighted), the new state is not blamed; only a program on trial has to
// judge one whatever the reason.
func (a *Agent) healthy(ctx context.Context, sighted bool) error {
	if a.opts.Camera == nil {
		return nil
	}
	trialEnd, pause := time.Now().Add(a.trialTime()), minLookPause
	for try := 1; ; try++ {
		s, err := a.lookNow(ctx)
		onTrial := a.onTrial()
		switch {
		case s.obs != nil:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errLook), onTrial && time.Now().After(trialEnd):
			return fmt.Errorf("the first look under it failed: %w", err)
		case onTrial: // standTrial ends the wait
		case !sighted, errors.Is(err, io.EOF):
			return nil
		case try == firstLooks:
			return fmt.Errorf("a picture was judged before it, and none of %d looks under it was: %w", firstLooks, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, maxLookPause)
	}
}

// apply checks every part of a desired state before it changes any of them.
func (a *Agent) apply(ctx context.Context, d *wire.Desired, got bundles) error {
	var errs []error
	plan := a.opts.Plan
	if d.Schedule != nil {
		p, err := planOf(d.Schedule, a.opts.Plan.Zone)
		if err != nil {
			errs = append(errs, fmt.Errorf("schedule: %w", err))
		}
		plan = p
	}
	setting, view, err := a.rebuild(ctx, d, got)
	if err := errors.Join(append(errs, err)...); err != nil {
		if view != nil {
			a.closeView(*view)
		}
		return err
	}
	if view != nil {
		a.show(*view)
	}
	a.mu.Lock()
	a.setting = setting
	a.desiredVersion = d.Version
	changed := a.running && !a.opts.Plan.Equal(plan)
	a.opts.Plan = plan
	a.mu.Unlock()
	if changed {
		a.runner.Change(plan)
	}
	return nil
}

// rebuild returns the view for a desired state. The view is nil if nothing that it is built from changes.
func (a *Agent) rebuild(ctx context.Context, d *wire.Desired, got bundles) (Setting, *View, error) {
	held := a.inForce().setting
	set := held
	if len(d.Planogram) > 0 {
		p, err := shelf.DecodePlanogram(d.Planogram)
		if err != nil {
			return held, nil, err
		}
		if old := held.Planogram; old != nil && old.ID == p.ID && p.Version < old.Version {
			return held, nil, fmt.Errorf("planogram %s: version %d is older than the %d in force", p.ID, p.Version, old.Version)
		}
		set.Planogram = p
	}
	if in := got[bundle.Model]; in != nil {
		set.Weights = in.Path()
	}
	if in := got[bundle.Gallery]; in != nil {
		set.Gallery = in.Path()
	}
	if len(d.Thresholds) > 0 {
		set.Thresholds = d.Thresholds
	}
	if reflect.DeepEqual(set, held) {
		return held, nil, nil
	}
	if a.opts.Rebuild == nil {
		return held, nil, errors.New("this agent cannot change its planogram, networks, gallery or thresholds")
	}
	view, err := a.opts.Rebuild(ctx, set)
	if err != nil {
		if len(d.Planogram) > 0 {
			err = fmt.Errorf("planogram %s: %w", set.Planogram.ID, err)
		}
		return held, nil, err
	}
	return set, view, nil
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

// keep stores the desired state for the next start, as a message in the wire format.
func (a *Agent) keep(d *wire.Desired) error {
	if a.opts.DataDir == "" {
		return errors.New("there is no data folder")
	}
	data, err := wire.Encode(&wire.Envelope{Identity: a.opts.Identity, CapturedAt: a.now(), Body: d})
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(a.opts.DataDir, desiredFile), data)
}

// restore puts the desired state from before the restart in force again. After an error, the agent's own
// configuration is in force.
func (a *Agent) restore(ctx context.Context) error {
	if a.opts.DataDir == "" {
		return nil
	}
	a.refusedVersion = a.refused()
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
	return a.apply(ctx, d, nil)
}

const refusedFile = "refused"

// refuse remembers across restarts a desired state that must not be tried again: otherwise networks that cannot
// see would be fetched and tried at every start.
func (a *Agent) refuse(version uint64) {
	a.mu.Lock()
	a.refusedVersion = version
	a.mu.Unlock()
	if a.opts.DataDir == "" {
		return
	}
	if err := atomicfile.Write(filepath.Join(a.opts.DataDir, refusedFile), strconv.AppendUint(nil, version, 10)); err != nil {
		a.log.Warn("refused desired state was not noted", "version", version, "err", err)
	}
}

// refused returns the version that refuse recorded; 0 if none.
func (a *Agent) refused() uint64 {
	data, err := os.ReadFile(filepath.Join(a.opts.DataDir, refusedFile))
	if err != nil {
		return 0
	}
	version, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 64)
	if err != nil {
		return 0 // the file is torn: try it once more
	}
	return version
}
