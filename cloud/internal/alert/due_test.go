package alert_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// A cooler that is away while nobody wants to know is not judged and written at each tick, and is told once somebody does.
func TestMutedIsNotJudgedAtEachTick(t *testing.T) {
	book, err := alert.DecodeRulebook([]byte("version: 1\nmute:\n- {types: [cooler_offline], from: 2026-03-02T08:00:00Z, to: 2026-03-02T12:00:00Z}\n"))
	if err != nil {
		t.Fatal(err)
	}
	db := statetest.SQLite(t, alert.Tables)
	c := &clock{time.Date(2026, 3, 2, 8, 0, 30, 0, time.UTC)}
	e := alert.NewEngine(alert.Config{Rules: book, Now: c.now, Log: slog.New(slog.DiscardHandler)})
	judge(t, db, e, observation(1, 1, c.at, shelf.OK, shelf.OK))
	judged := 0
	for end := time.Date(2026, 3, 2, 11, 59, 59, 0, time.UTC); c.at.Before(end); c.at = c.at.Add(10 * time.Second) {
		n, err := e.Tick(context.Background(), db)
		if err != nil {
			t.Fatal(err)
		}
		judged += n
	}
	if most := 4 * 4; judged > most {
		t.Errorf("judged %d times in four muted hours, at most %d are of use", judged, most)
	}
	if log := readAll(t, db); len(log) != 0 {
		t.Fatalf("muted, and told: %v", kinds(log))
	}
	c.at = time.Date(2026, 3, 2, 12, 0, 1, 0, time.UTC)
	if _, err := e.Tick(context.Background(), db); err != nil {
		t.Fatal(err)
	}
	if got, want := kinds(readAll(t, db)), []string{"opened cooler_offline "}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// A sensor whose clock was ahead once is heard of all the same from then on.
func TestAReadingFromTheFutureSilencesNothing(t *testing.T) {
	db := statetest.SQLite(t, alert.Tables)
	c := &clock{scenarioDay.Add(8 * time.Hour)}
	e := newEngine(c, alert.DefaultRules())
	seq := uint64(0)
	power := func(at time.Time, mains bool) {
		t.Helper()
		seq++
		judge(t, db, e, &wire.Envelope{Identity: identity, Boot: 1, Seq: seq, CapturedAt: c.at, Clock: telemetry.NTP,
			Body: &wire.Telemetry{Power: []telemetry.Power{{At: at, Mains: mains}}}})
	}
	power(c.at.AddDate(10, 0, 0), true)
	for range 5 {
		c.at = c.at.Add(time.Minute)
		power(c.at, false)
	}
	if got, want := kinds(readAll(t, db)), []string{"opened power_lost "}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
