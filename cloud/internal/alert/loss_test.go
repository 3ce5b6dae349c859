package alert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// price knows what one product takes in an hour, and nothing of others.
type price struct {
	gtin  shelf.GTIN
	minor int64
	fails error
	asked []time.Time
}

func (p *price) PerHour(_ context.Context, _ state.Querier, _ wire.Identity, gtin shelf.GTIN, at time.Time) (int64, string, bool, error) {
	p.asked = append(p.asked, at)
	return p.minor, "CNY", gtin == p.gtin, p.fails
}

// TestStockoutTellsWhatItLoses: an alert carries what its empty slot loses an hour, from its opening to its
// end, where the demand is known; it is asked for as of the opening, once.
func TestStockoutTellsWhatItLoses(t *testing.T) {
	for _, c := range []struct {
		name string
		gtin shelf.GTIN
		want *alert.Loss
	}{
		{"known", scenarioGTIN, &alert.Loss{MinorPerHour: 1250, Currency: "CNY"}},
		{"not known", "96385074", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			db := statetest.SQLite(t, alert.Tables)
			p := &price{gtin: c.gtin, minor: 1250}
			now := &clock{}
			e := alert.NewEngine(alert.Config{Rules: alert.DefaultRules(), Demand: p, Now: now.now, Log: slog.New(slog.DiscardHandler)})
			begin := scenarioDay.Add(8 * time.Hour)
			for i, a := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty, shelf.OK, shelf.OK} {
				at := begin.Add(time.Duration(i) * 5 * time.Minute)
				now.at = at.Add(time.Second)
				judge(t, db, e, observation(1, uint64(i+1), at, a, shelf.OK))
			}
			log := readAll(t, db)
			if len(log) != 2 {
				t.Fatalf("log: %v", kinds(log))
			}
			for _, entry := range log {
				got := decode(t, entry).Loss
				if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
					t.Errorf("%s loses %+v, want %+v", entry.Kind, got, c.want)
				}
			}
			if opened := begin.Add(10 * time.Minute); len(p.asked) != 1 || !p.asked[0].Equal(opened) {
				t.Errorf("asked for %v, want %s once", p.asked, opened)
			}
		})
	}
}

// TestSeverityFollowsTheMoney: by the engine and its log, once for each change; whoever reads the log by
// severity is given all that an alert is or was, and what could not be read is an error that judges nothing.
func TestSeverityFollowsTheMoney(t *testing.T) {
	db := statetest.SQLite(t, alert.Tables)
	book, err := alert.DecodeRulebook([]byte("version: 1\nrules:\n- types: [stockout]\n  open: {bad: 1, of: 1}\n  close: 1\n  severity: warning\n" +
		"  severity_by_loss: {currency: CNY, critical: 5000, warning: 1000}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, now := &price{gtin: scenarioGTIN, minor: 6000}, &clock{}
	e := alert.NewEngine(alert.Config{Rules: book, Demand: p, Now: now.now, Log: slog.New(slog.DiscardHandler)})
	at := scenarioDay.Add(8 * time.Hour)
	seq := uint64(0)
	say := func(a shelf.State) error {
		seq++
		at = at.Add(15 * time.Minute)
		now.at = at.Add(time.Second)
		return db.Write(t.Context(), func(tx *state.Tx) error { return e.Step(t.Context(), tx, observation(1, seq, at, a, shelf.OK)) })
	}
	must := func(a shelf.State) {
		t.Helper()
		if err := say(a); err != nil {
			t.Fatal(err)
		}
	}
	must(shelf.OK)
	must(shelf.Empty)
	p.minor = 2000
	p.fails = errors.New("the database is gone")
	if err := say(shelf.Empty); !errors.Is(err, p.fails) {
		t.Errorf("got %v, want the fault of the demand", err)
	}
	p.fails = nil
	seq-- // it was not judged, and comes again
	must(shelf.Empty)
	must(shelf.Empty)
	must(shelf.OK)
	var got []string
	for _, entry := range readAll(t, db) {
		a := decode(t, entry)
		critical := entry.AnySeverity(func(s alert.Severity) bool { return s == alert.Critical })
		got = append(got, fmt.Sprintf("%s %s was %v, loses %d, in critical %v, revision %d", entry.Kind, a.Severity, a.Was, a.Loss.MinorPerHour, critical, a.Revision))
	}
	want := []string{"opened critical was [], loses 6000, in critical true, revision 1",
		"regraded warning was [critical], loses 2000, in critical true, revision 2",
		"resolved warning was [critical], loses 2000, in critical true, revision 3"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
