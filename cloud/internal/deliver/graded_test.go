package deliver_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
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

// losing is what any slot loses an hour, in fen.
type losing struct{ atomic.Int64 }

func (l *losing) PerHour(context.Context, state.Querier, wire.Identity, shelf.GTIN, time.Time) (int64, string, bool, error) {
	return l.Load(), "CNY", true, nil
}

// TestAlertThatBecomesGraver: whoever is told of what is critical is told when it becomes so, once, also
// where a digest was to tell of it later; and whoever was told is told the end, whatever it is by then.
func TestAlertThatBecomesGraver(t *testing.T) {
	statetest.Each(t, becomesGraver, alert.Tables, deliver.Tables)
}

func becomesGraver(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	c := newClock("2026-03-02T08:00:00Z")
	loses := new(losing)
	loses.Store(2000)
	book, err := alert.DecodeRulebook([]byte("version: 1\nrules:\n- types: [stockout]\n  open: {bad: 1, of: 1}\n  close: 1\n  severity_by_loss: {currency: CNY, critical: 5000, warning: 1000}\n"))
	if err != nil {
		t.Fatal(err)
	}
	h.engine = alert.NewEngine(alert.Config{Rules: book, Demand: loses, Now: c.now, Log: slog.New(slog.DiscardHandler)})
	manager, told := robot(t)
	digest, hourly := robot(t)
	events, sent := endpoint(t, ok)
	group, said := robot(t)
	h.hook(deliver.Webhook{URL: events, Severities: []string{"critical"}})
	h.hook(deliver.Webhook{URL: group, Format: deliver.FormatWeCom, Severities: []string{"critical"}})
	h.people(c, "", `version: 1
recipients:
- {role: manager, format: wecom, url: "%s"}
- {role: area, format: wecom, url: "%s"}
notify:
- {roles: [manager], severities: [critical]}
- {roles: [area], send: hourly}
- {roles: [area], severities: [critical]}
`, manager, digest)
	seq := uint64(0)
	look := func(minor int64, s shelf.State) {
		t.Helper()
		c.pass(15 * time.Minute)
		loses.Store(minor)
		seq++
		present := 0
		if s == shelf.OK {
			present = 1
		}
		env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}, Boot: 1, Seq: seq, CapturedAt: c.now(), Clock: telemetry.NTP,
			Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: c.now(), PlanogramID: "p", PlanogramVersion: 1,
				Slots: []shelf.SlotReading{{SlotID: "A", GTIN: "4006381333931", State: s, Due: 1, Present: present}}}}}
		if err := h.db.Write(t.Context(), func(tx *state.Tx) error { return h.engine.Step(t.Context(), tx, env) }); err != nil {
			t.Fatal(err)
		}
	}
	look(2000, shelf.OK)
	look(2000, shelf.Empty)       // 08:30, a warning: the area's digest of 09:00 is to have it
	h.until("pending", 1)         //
	look(6000, shelf.Empty)       // 08:45, critical
	h.until("sent", 2)            // both at once
	look(2000, shelf.Empty)       // 09:00, a warning again
	look(2000, shelf.OK)          // 09:15
	over := h.until("sent", 4)[0] // and both that it is over
	if over.Kind != "over" {
		t.Errorf("got %+v", over)
	}
	for who, calls := range map[string]<-chan call{"manager": told, "area": hourly} {
		first, second := next(t, calls), next(t, calls)
		if !strings.Contains(first.body, "缺货 Stockout") || !strings.Contains(second.body, "已解除 Resolved") || len(calls) > 0 {
			t.Errorf("%s was told %s, then %s, and %d more", who, first.body, second.body, len(calls))
		}
	}
	var got []string
	for range 3 {
		body := next(t, sent).body
		_, kind, _ := strings.Cut(body, alert.EventPrefix)
		kind, _, _ = strings.Cut(kind, `"`)
		_, severity, _ := strings.Cut(body, `"severity":"`)
		severity, _, _ = strings.Cut(severity, `"`)
		got = append(got, fmt.Sprint(kind, " ", severity))
	}
	if want := []string{"regraded critical", "regraded warning", "resolved warning"}; !slices.Equal(got, want) {
		t.Errorf("the program that wants what is critical got %q, want %q", got, want)
	}
	if a, b := next(t, said).body, next(t, said).body; !strings.Contains(a, "Graver now") || !strings.Contains(b, "Resolved") || len(said) > 0 {
		t.Errorf("the group got %s and %s", a, b)
	}
}
