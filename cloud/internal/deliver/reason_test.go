package deliver_test

import (
	"fmt"
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

// TestRefusalWithANUL: a robot that refuses in words with a NUL, which PostgreSQL stores in no text, does not hold up
// what comes behind: the alert becomes a dead letter whose reason can be read.
func TestRefusalWithANUL(t *testing.T) {
	statetest.Each(t, refusalWithANUL, alert.Tables, deliver.Tables)
}

func refusalWithANUL(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	url, _ := endpoint(t, func(_ int, w http.ResponseWriter) {
		fmt.Fprint(w, `{"errcode":310000,"errmsg":"keywords \u0000 not in content"}`)
	})
	w := h.hook(deliver.Webhook{Format: deliver.FormatDingTalk, URL: url})
	clock := newClock(time.Now().UTC().Format(time.RFC3339))
	h.sellOut("d1", shelf.Empty)
	h.start(deliver.Config{AllowPrivate: true, Now: clock.now, Sleep: clock.sleep, GiveUp: time.Hour})
	h.health(w, func(f deliver.Health) bool { return f.DeadLetters == 1 })
	if got, want := h.dead(w.ID, 1)[0].Reason, "keywords \uFFFD not in content"; !strings.Contains(got, want) {
		t.Errorf("reason: got %q, want one with %q", got, want)
	}
}
