package deliver_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestNotOverAfterAll: an alert that was told to be over, and that a look which came late shows to last,
// calls again, people by role as well as a chat group, and they are told its end again.
func TestNotOverAfterAll(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		look, manager, group := peopleAndGroup(t, db)
		look(1, shelf.Empty)
		look(2, shelf.Empty)
		look(3, shelf.OK)
		look(5, shelf.OK)
		for _, want := range []string{"缺货 Stockout", "已解除 Resolved"} {
			manager(want)
			group(want)
		}
		look(4, shelf.Empty)
		manager("未解除 Not over after all")
		group("未解除 Not over after all")
		look(6, shelf.OK)
		manager("已解除 Resolved")
		group("已解除 Resolved")
	}, alert.Tables, deliver.Tables)
}

// TestWithdrawn: an alert that a look which came late shows never to have been is taken back from all who
// were told of it.
func TestWithdrawn(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		look, manager, group := peopleAndGroup(t, db)
		look(1, shelf.OK)
		look(2, shelf.Empty)
		look(4, shelf.Empty)
		manager("缺货 Stockout")
		group("缺货 Stockout")
		look(3, shelf.OK)
		manager("已撤回 Withdrawn")
		group("已撤回 Withdrawn")
	}, alert.Tables, deliver.Tables)
}

// peopleAndGroup is a house where it takes two looks to open and two to close, and what a manager and a
// chat group are told next.
func peopleAndGroup(t *testing.T, db *state.DB) (look func(seq uint64, s shelf.State), manager, group func(want string)) {
	h := newHouseOn(t, db)
	h.engine = alert.NewEngine(alert.Config{Rules: alert.Rules{alert.Stockout: {Bad: 2, Of: 2, Good: 2, Severity: alert.Critical}}, Log: slog.New(slog.DiscardHandler)})
	person, told := robot(t)
	chat, said := robot(t)
	h.hook(deliver.Webhook{URL: chat, Format: deliver.FormatWeCom})
	h.people(newClock("2026-03-02T12:00:00Z"), "", "version: 1\nrecipients:\n- {role: a, format: wecom, url: %q}\nnotify:\n- {roles: [a]}\n", person)
	base := time.Now().UTC().Add(-time.Minute)
	look = func(seq uint64, s shelf.State) {
		t.Helper()
		present := 0
		if s == shelf.OK {
			present = 1
		}
		at := base.Add(time.Duration(seq) * time.Second)
		env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}, Boot: 1, Seq: seq, CapturedAt: at, Clock: telemetry.NTP,
			Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: at, PlanogramID: "p", PlanogramVersion: 1,
				Slots: []shelf.SlotReading{{SlotID: "A", GTIN: "4006381333931", State: s, Due: 1, Present: present}}}}}
		if err := h.db.Write(t.Context(), func(tx *state.Tx) error { return h.engine.Step(t.Context(), tx, env) }); err != nil {
			t.Fatal(err)
		}
	}
	hears := func(calls <-chan call) func(string) {
		return func(want string) {
			t.Helper()
			if got := next(t, calls); !strings.Contains(got.body, want) {
				t.Errorf("got %s, want %s", got.body, want)
			}
		}
	}
	return look, hears(told), hears(said)
}
