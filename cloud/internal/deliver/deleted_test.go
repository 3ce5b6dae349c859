package deliver_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestDeletedWebhookIsToldNothing: one that is deleted while it is led, by another service as it were, is
// not told the log from its begin for want of a cursor.
func TestDeletedWebhookIsToldNothing(t *testing.T) {
	statetest.Each(t, deletedWebhook, alert.Tables, deliver.Tables)
}

func deletedWebhook(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	h.sellOut("d0", shelf.Empty) // before there was any webhook
	url, calls := endpoint(t, ok)
	other, others := endpoint(t, ok)
	w := h.hook(deliver.Webhook{URL: url})
	h.hook(deliver.Webhook{URL: other})
	s := h.start(deliver.Config{AllowPrivate: true, Poll: time.Hour}) // the list is read once
	h.sellOut("d1", shelf.Empty)
	s.Committed() // or the followers have yet to begin: then they find it without
	next(t, calls)
	next(t, others)
	untilCursor(h, w.ID, 2)
	if err := deliver.Delete(t.Context(), h.db, "t", w.ID); err != nil {
		t.Fatal(err)
	}
	for _, d := range []string{"d2", "d3", "d4", "d5"} {
		h.sellOut(d, shelf.Empty)
		s.Committed()
		next(t, others)
	}
	h.stop()
	if len(calls) > 0 {
		t.Errorf("the deleted webhook was told %s and %d more", device(t, <-calls), len(calls))
	}
	if _, err := alert.KnownReaderCursor(t.Context(), h.db, "webhook/"+w.ID); !errors.Is(err, alert.ErrNoReader) {
		t.Errorf("its cursor: %v, want none", err)
	}
	if err := deliver.Replay(t.Context(), h.db, "t", w.ID, 0); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a replay: %v", err)
	}
}

// untilCursor waits until a webhook's cursor is kept.
func untilCursor(h *house, id string, want int64) {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		got, err := alert.ReaderCursor(h.t.Context(), h.db, "webhook/"+id)
		if err != nil || time.Now().After(end) {
			h.t.Fatalf("the cursor is %d, want %d: %v", got, want, err)
		}
		if got == want {
			return
		}
	}
}

// TestGoneAndBack: a webhook that was disabled by 410, and whose owner has it told again at once, is led
// again.
func TestGoneAndBack(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusGone)
		}
	})
	w := h.hook(deliver.Webhook{URL: url})
	h.sellOut("d1", shelf.Empty)
	s := h.start(deliver.Config{AllowPrivate: true, Poll: time.Hour})
	next(t, calls)
	for end := time.Now().Add(20 * time.Second); w.Disabled == ""; {
		var err error
		if w, err = deliver.Get(t.Context(), h.db, "t", w.ID); err != nil || time.Now().After(end) {
			t.Fatalf("it is not disabled: %v", err)
		}
	}
	if err := deliver.Replay(t.Context(), h.db, "t", w.ID, 0); err != nil {
		t.Fatal(err)
	}
	s.Changed()
	if got := device(t, next(t, calls)); got != "d1" {
		t.Errorf("got %s", got)
	}
}
