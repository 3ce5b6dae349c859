package agent

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// bundles maps a kind to the installed release that a desired state names.
type bundles map[string]*update.Installed

// fetched is a desired state with its bundles, or with the reason why they cannot be had.
type fetched struct {
	desired *wire.Desired
	got     bundles
	err     error
}

// fetches downloads the bundles of the newest desired state in the background, because on a poor line that takes hours.
type fetches struct {
	agent  *Agent
	ctx    context.Context
	done   chan fetched
	newest *wire.Desired
	cancel context.CancelFunc
	wait   sync.WaitGroup
}

func (a *Agent) newFetches(ctx context.Context) *fetches {
	return &fetches{agent: a, ctx: ctx, done: make(chan fetched), cancel: func() {}}
}

// begin abandons the fetch in progress and starts another one, whose result is sent on done.
func (f *fetches) begin(d *wire.Desired) {
	f.cancel()
	ctx, cancel := context.WithCancel(f.ctx)
	f.cancel, f.newest = cancel, d
	f.wait.Go(func() {
		got, err := f.agent.fetch(ctx, d)
		select {
		case f.done <- fetched{d, got, err}:
		case <-ctx.Done():
		}
	})
}

// end stops the fetch and waits for it. What has arrived so far stays on the disk, and the next fetch continues there.
func (f *fetches) end() {
	f.cancel()
	f.wait.Wait()
}

func (a *Agent) fetch(ctx context.Context, d *wire.Desired) (bundles, error) {
	defer a.reasons.clear("update")
	got := bundles{}
	var errs []error
	for _, want := range []struct {
		kind   string
		bundle *wire.Bundle
	}{{bundle.Agent, d.Agent}, {bundle.Model, d.Model}, {bundle.Gallery, d.Gallery}} {
		if want.bundle == nil {
			continue
		}
		if a.opts.Updates == nil {
			errs = append(errs, fmt.Errorf("%s: this agent does not fetch bundles", want.kind))
			continue
		}
		in, err := a.opts.Updates.Fetch(ctx, want.kind, want.bundle, func(err error) {
			a.reasons.set("update", "update: "+err.Error())
			a.log.Warn("bundle did not come yet", "err", err)
		})
		if err != nil {
			errs = append(errs, err)
			continue
		}
		got[want.kind] = in
	}
	return got, errors.Join(errs...)
}

// tryAgent prepares the trial of another agent program, if the desired state names one.
func (a *Agent) tryAgent(ctx context.Context, f fetched) (restart bool, err error) {
	in := f.got[bundle.Agent]
	if in == nil || in.Path() == a.opts.Self {
		return false, nil
	}
	if err := a.opts.Updates.Try(ctx, in, f.desired.Version, a.opts.Self); err != nil {
		return false, err
	}
	a.log.Info("another agent goes on trial", "version", in.Release.Version)
	return true, nil
}

// makeLast puts into force for good what has proved itself: this program, if it is on trial, and the networks
// and gallery.
func (a *Agent) makeLast(got bundles) error {
	if a.onTrial() {
		if err := a.opts.Updates.Prove(a.opts.Self); err != nil {
			return err
		}
		a.log.Info("this agent has proved itself", "version", a.opts.Version)
	}
	for _, kind := range []string{bundle.Model, bundle.Gallery} {
		if got[kind] == nil {
			continue
		}
		if err := a.opts.Updates.Adopt(got[kind]); err != nil {
			return err
		}
	}
	return nil
}

func (a *Agent) onTrial() bool {
	return a.opts.Updates != nil && a.opts.Updates.OnTrial(a.opts.Self)
}

// trialTime returns how long this program may take to prove itself.
func (a *Agent) trialTime() time.Duration {
	if a.opts.Trial > 0 {
		return a.opts.Trial
	}
	return update.TrialTime
}

// standTrial rolls this program back if it does not prove itself in time, by hearing the cloud and judging a picture.
func (a *Agent) standTrial(ctx context.Context, stop context.CancelCauseFunc) {
	if !a.onTrial() {
		return
	}
	patience := a.trialTime()
	select {
	case <-ctx.Done():
	case <-time.After(patience):
		if a.onTrial() && a.rollBack(fmt.Sprintf("within %v it did not come to hear the cloud and judge a picture", patience)) {
			stop(ErrRestart)
		}
	}
}

// rollBack arranges for the previous program to run after a restart. It returns false if that cannot be
// recorded, in which case this program has to go on.
func (a *Agent) rollBack(reason string) bool {
	if err := a.opts.Updates.RollBack(reason); err != nil {
		a.log.Error("this agent should give way and cannot", "err", err)
		a.reasons.set("update", "update: "+err.Error())
		return false
	}
	a.log.Error("this agent gives way to the one before", "reason", reason)
	return true
}

// tellRollBack reports to the cloud that a newer agent failed its trial and that this one runs again.
func (a *Agent) tellRollBack() {
	if a.opts.Updates == nil {
		return
	}
	r, err := a.opts.Updates.WasRolledBack()
	if err != nil {
		a.log.Error("what became of another agent is unknown", "err", err)
	}
	if r == nil {
		return
	}
	detail := fmt.Sprintf("agent %s: %s", r.Version, r.Reason)
	a.log.Error("another agent did not prove itself", "version", r.Version, "reason", r.Reason)
	a.refuse(r.Desired)
	_, err = a.append(outbox.Alert, a.stamp(), &wire.Reported{DesiredVersion: r.Desired, Outcome: wire.OutcomeRolledBack, Detail: cut(detail, 3000)})
	if err == nil {
		err = a.opts.Updates.Told()
	}
	if err != nil {
		a.log.Error("report was not stored", "err", err)
	}
}
