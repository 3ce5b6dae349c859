package deliver_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// health waits until a webhook fares as is wanted.
func (h *house) health(w deliver.Webhook, want func(deliver.Health) bool) (got deliver.Health) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		all, err := deliver.Fares(h.t.Context(), h.db, []deliver.Webhook{w})
		if got = all[w.ID]; err != nil || time.Now().After(end) {
			h.t.Fatalf("it fares so: %+v %+v, %v", got, got.Failing, err)
		}
		if want(got) {
			return got
		}
	}
}

// TestPatienceOutlivesARestart: a target that failed for fourteen hours before a restart is given up ten hours after
// it; the two days in between, in which nobody tried, do not count. How it fares can be seen meanwhile.
func TestPatienceOutlivesARestart(t *testing.T) {
	statetest.Each(t, patienceOutlives, alert.Tables, deliver.Tables)
}

func patienceOutlives(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	url, _ := endpoint(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) })
	w := h.hook(deliver.Webhook{URL: url})
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	began := c.now()
	until := began.Add(14 * time.Hour)
	h.sellOut("d1", shelf.Empty)
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: func(ctx context.Context, d time.Duration) bool {
		if !c.now().Before(until) {
			<-ctx.Done()
		}
		return c.sleep(ctx, d)
	}})
	first := h.health(w, func(f deliver.Health) bool { return f.Failing != nil && !f.Failing.TriedAt.Before(until) })
	if first.DeadLetters != 0 || !first.Waiting || first.Failing.Since.Sub(began) > time.Minute || !strings.Contains(first.Failing.Error, "status 502") || !first.Failing.NextTry.After(first.Failing.TriedAt) {
		t.Errorf("after 14 hours: %+v %+v", first, first.Failing)
	}
	h.stop()
	c.pass(48 * time.Hour)
	again := c.now()
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep})
	last := h.health(w, func(f deliver.Health) bool { return f.DeadLetters == 1 })
	if !last.Failing.Since.Equal(first.Failing.Since) {
		t.Errorf("it fails since %s, want %s", last.Failing.Since, first.Failing.Since)
	}
	dead := h.dead(w.ID, 1)[0].DiedAt.Sub(again)
	if dead < 9*time.Hour+50*time.Minute || dead > 10*time.Hour+10*time.Minute {
		t.Errorf("given up %s after the restart, want 10 h", dead)
	}
}

// TestRecoveryIsSeen: a target that works again is not said to fail, also where the failure was of the service before.
func TestRecoveryIsSeen(t *testing.T) {
	h := newHouse(t)
	works := make(chan struct{})
	url, _ := endpoint(t, func(_ int, w http.ResponseWriter) {
		select {
		case <-works:
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	w := h.hook(deliver.Webhook{URL: url})
	h.sellOut("d1", shelf.Empty)
	h.start(deliver.Config{AllowPrivate: true})
	h.health(w, func(f deliver.Health) bool { return f.Failing != nil })
	h.stop()
	close(works)
	h.start(deliver.Config{AllowPrivate: true})
	if got := h.health(w, func(f deliver.Health) bool { return f.Failing == nil && !f.Waiting }); got.DeadLetters != 0 {
		t.Errorf("got %+v", got)
	}
}
