package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
)

func unplugged() (vision.Frame, error) { return vision.Frame{}, errors.New("no such device") }

// A state after which no picture can be taken any more is taken back; one that finds the camera dead is not at fault.
func TestAStateUnderWhichTheCameraFails(t *testing.T) {
	for name, c := range map[string]struct {
		before  func() (vision.Frame, error)
		outcome string
	}{
		"it worked before": {bright, wire.OutcomeRolledBack},
		"it failed before": {unplugged, wire.OutcomeApplied},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			broker := mosquitto.New(t, "")
			broker.Start()
			cloud := newCloud(t, broker.URL(), "cloud")
			cam := &moody{next: c.before}
			opts := options(t, openOutbox(t, t.TempDir()), cam, broker.URL())
			opts.Plan, opts.Picture.Send, opts.Pipeline = schedule.Plan{}, agent.SendNever, planner{}
			opts.Rebuild = rebuildThat(func() { cam.set(unplugged) })
			start(t, opts)
			cloud.say(board, &wire.Desired{Version: 1, Planogram: planogram("drinks", 1, 1)})
			got := cloud.report(1)
			if got.Outcome != c.outcome || c.outcome == wire.OutcomeRolledBack && !strings.Contains(got.Detail, "no such device") {
				t.Errorf("got %s %q, want %s", got.Outcome, got.Detail, c.outcome)
			}
		})
	}
}

// A new agent whose camera gives nothing has not proved itself, whether or not it gave anything before.
func TestAnAgentThatSeesNothingDoesNotProveItself(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	cloud := newCloud(t, broker.URL(), "cloud")
	opts := options(t, openOutbox(t, t.TempDir()), &moody{next: unplugged}, broker.URL())
	opts.Plan = schedule.Plan{Every: time.Hour}
	opts.Trial = 3 * time.Second
	opts.Updates, opts.Self = onTrial(t)
	r := start(t, opts)
	cloud.say(board, &wire.Desired{Version: 1, Schedule: &wire.Schedule{Every: time.Hour}})
	if err := r.wait(t); !errors.Is(err, agent.ErrRestart) {
		t.Errorf("ended with %v, want a restart that runs the agent before", err)
	}
	if in, err := opts.Updates.Current(bundle.Agent); in != nil || err != nil {
		t.Errorf("in force is %v, %v: it proved itself", in, err)
	}
	if b, err := opts.Updates.WasRolledBack(); err != nil || b == nil {
		t.Errorf("rolled back: %v, %v", b, err)
	}
}

// A camera that comes after the new agent's start is waited for.
func TestAnAgentProvesItselfByAPicture(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	cloud := newCloud(t, broker.URL(), "cloud")
	cam := &moody{}
	looks := 0
	cam.next = func() (vision.Frame, error) {
		if looks++; looks <= 2 {
			return unplugged()
		}
		return bright()
	}
	opts := options(t, openOutbox(t, t.TempDir()), cam, broker.URL())
	opts.Plan = schedule.Plan{Every: time.Hour}
	opts.Updates, opts.Self = onTrial(t)
	start(t, opts)
	cloud.say(board, &wire.Desired{Version: 1, Schedule: &wire.Schedule{Every: time.Hour}})
	if got := cloud.report(1); got.Outcome != wire.OutcomeApplied {
		t.Errorf("got %s %q, want it applied", got.Outcome, got.Detail)
	}
	if in, err := opts.Updates.Current(bundle.Agent); in == nil || err != nil {
		t.Errorf("in force is %v, %v, want the agent that was on trial", in, err)
	}
}

// report waits for what came of a desired state.
func (c *cloud) report(version uint64) (report *wire.Reported) {
	c.t.Helper()
	c.until("what came of the desired state", func() bool {
		for _, r := range of[*wire.Reported](c) {
			if r.DesiredVersion == version {
				report = r
			}
		}
		return report != nil
	})
	return report
}

// onTrial is a store whose agent has begun its trial, and that agent's program.
func onTrial(t *testing.T) (*update.Store, string) {
	t.Helper()
	dir, sum := t.TempDir(), strings.Repeat("ab", 32)
	self := filepath.Join(dir, bundle.Agent, sum, bundle.AgentFile)
	if err := os.MkdirAll(filepath.Dir(self), 0o700); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]any{
		"release": bundle.Release{Kind: bundle.Agent, Version: "2.0.0"}, "sha256": sum, "desired_version": 1, "starts": 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, bundle.Agent, "trial.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	store := update.Open(update.Config{Dir: dir})
	if !store.OnTrial(self) {
		t.Fatal("it is not on trial")
	}
	return store, self
}

// rebuildThat builds a planner, and does something besides.
func rebuildThat(besides func()) func(context.Context, agent.Setting) (*agent.View, error) {
	return func(_ context.Context, s agent.Setting) (*agent.View, error) {
		besides()
		return &agent.View{Pipeline: planner{s.Planogram}}, nil
	}
}
