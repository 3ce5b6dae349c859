package agent_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
)

// planner is a pipeline that names its planogram in what it sees, and cannot work under version 13.
type planner struct{ plan *shelf.Planogram }

func (p planner) Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error) {
	o, err := brightness{}.Look(ctx, f)
	if err != nil || p.plan == nil {
		return o, err
	}
	if p.plan.Version == 13 {
		return nil, errors.New("out of memory")
	}
	o.PlanogramID, o.PlanogramVersion = p.plan.ID, p.plan.Version
	return o, nil
}

func planogram(id string, version, facings int) []byte {
	return fmt.Appendf(nil, "id: %s\nversion: %d\nshelves:\n  - slots:\n      - {id: a, gtin: 4006381333931, facings: %d, width_mm: 100}\n", id, version, facings)
}

func TestADesiredState(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	data := t.TempDir()
	begin := func() (*running, func()) {
		box := openOutbox(t, data)
		opts := options(t, box, &moody{next: bright}, broker.URL())
		opts.DataDir, opts.Plan, opts.Picture.Send, opts.Pipeline = data, schedule.Plan{}, agent.SendNever, planner{}
		opts.Rebuild = func(_ context.Context, s agent.Setting) (*agent.View, error) {
			if s.Planogram.ID == "no-mount" {
				return nil, errors.New("it does not fit the mount")
			}
			if s.Thresholds != nil {
				return nil, errors.New("thresholds: there is none of that name")
			}
			return &agent.View{Pipeline: planner{s.Planogram}}, nil
		}
		r := start(t, opts)
		return r, func() { r.stop(); r.wait(t); box.Close() }
	}
	_, end := begin()
	outcome := func(d *wire.Desired) *wire.Reported {
		t.Helper()
		c.say(board, d)
		var report *wire.Reported
		c.until(fmt.Sprintf("what came of %d", d.Version), func() bool {
			for _, r := range of[*wire.Reported](c) {
				if r.DesiredVersion == d.Version {
					report = r
				}
			}
			return report != nil
		})
		return report
	}
	expect := func(r *wire.Reported, want, says string) {
		t.Helper()
		if r.Outcome != want || !strings.Contains(r.Detail, says) {
			t.Errorf("desired %d: got %s %q, want %s %q", r.DesiredVersion, r.Outcome, r.Detail, want, says)
		}
	}
	planogramOfLook := func(id string) string {
		t.Helper()
		c.say(board, &wire.Command{ID: id, Name: wire.CommandCapture})
		c.until("the look of "+id, func() bool {
			for _, a := range of[*wire.Answer](c) {
				if a.CommandID == id {
					return true
				}
			}
			return false
		})
		var last string
		c.until("its observation", func() bool {
			all := of[*wire.Observation](c)
			o := all[len(all)-1]
			last = fmt.Sprintf("%s %d", o.PlanogramID, o.PlanogramVersion)
			return true
		})
		return last
	}

	expect(outcome(&wire.Desired{Version: 1, Planogram: planogram("drinks", 3, 2)}), wire.OutcomeApplied, "")
	if got := planogramOfLook("1"); got != "drinks 3" {
		t.Errorf("under %s, want drinks 3", got)
	}
	for i, bad := range []struct {
		desired wire.Desired
		outcome string
		says    string
	}{
		{wire.Desired{Planogram: []byte("shelves: [")}, wire.OutcomeRejected, "planogram"},
		{wire.Desired{Planogram: planogram("drinks", 4, 0)}, wire.OutcomeRejected, "facings is 0"},
		{wire.Desired{Planogram: planogram("drinks", 2, 1)}, wire.OutcomeRejected, "older"},
		{wire.Desired{Planogram: planogram("no-mount", 1, 1)}, wire.OutcomeRejected, "fit the mount"},
		{wire.Desired{Planogram: planogram("drinks", 13, 1)}, wire.OutcomeRolledBack, "out of memory"},
		{wire.Desired{Schedule: &wire.Schedule{}}, wire.OutcomeRejected, "says never"},
		{wire.Desired{Schedule: &wire.Schedule{Every: time.Minute, Hours: "noon"}}, wire.OutcomeRejected, "noon"},
		{wire.Desired{Planogram: planogram("drinks", 5, 1), Thresholds: map[string]int64{"detector_permille": 300}}, wire.OutcomeRejected, "thresholds"},
	} {
		bad.desired.Version = uint64(10 + i)
		expect(outcome(&bad.desired), bad.outcome, bad.says)
		if got := planogramOfLook(fmt.Sprint("after ", i)); got != "drinks 3" {
			t.Errorf("after a bad state the board is under %s, want drinks 3 still", got)
		}
	}

	// The last good state is in force again after a restart, before the cloud is heard.
	end()
	_, end = begin()
	defer end()
	if got := planogramOfLook("restarted"); got != "drinks 3" {
		t.Errorf("after the restart under %s, want drinks 3", got)
	}
	c.until("the birth that tells it", func() bool {
		births := of[*wire.Birth](c)
		last := births[len(births)-1]
		return len(births) == 2 && last.DesiredVersion == 1 && last.PlanogramID == "drinks" && last.PlanogramVersion == 3
	})
	expect(outcome(&wire.Desired{Version: 30, Planogram: planogram("drinks", 4, 1), Schedule: &wire.Schedule{Every: 100 * time.Millisecond}}), wire.OutcomeApplied, "")
	c.mu.Lock()
	n := len(of[*wire.Observation](c))
	c.mu.Unlock()
	c.until("looks by the new schedule", func() bool { return len(of[*wire.Observation](c)) > n+5 })
}
