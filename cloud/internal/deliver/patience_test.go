package deliver_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// dead waits for a webhook's dead letters.
func (h *house) dead(id string, n int) []deliver.DeadLetter {
	h.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		list, err := deliver.DeadLetters(h.t.Context(), h.db, "t", id, 10)
		if err != nil || time.Now().After(end) {
			h.t.Fatalf("dead letters: %+v, %v, want %d", list, err, n)
		}
		if len(list) == n {
			return list
		}
	}
}

// TestOutageOfOurOwn: what waited two days while we were down ourselves, or was observed long before it was
// known, is tried again after a first 503 like anything else.
func TestOutageOfOurOwn(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
		if n == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	w := h.hook(deliver.Webhook{URL: url})
	h.sellOut("d1", shelf.Empty)
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	c.pass(48 * time.Hour)
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep})
	if a, b := next(t, calls), next(t, calls); a.id != b.id {
		t.Errorf("got %s and %s", a.id, b.id)
	}
	untilCursor(h, w.ID, 1)
	h.dead(w.ID, 0)
}

// TestOutageOfOurOwnForPeople: so is a notice.
func TestOutageOfOurOwnForPeople(t *testing.T) {
	h := newHouse(t)
	bad, calls := endpoint(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(500) })
	c := newClock("2026-03-02T12:00:00Z")
	const rules = "version: 1\nrecipients:\n- {role: a, format: wecom, url: %q}\nnotify:\n- {roles: [a], send: hourly}\n"
	h.people(c, "", rules, bad)
	h.sellOut("d1", shelf.Empty)
	h.until("pending", 1)
	h.stop()
	c.pass(48 * time.Hour)
	h.people(c, "", rules, bad)
	next(t, calls)
	for h.attempts("a") == 0 { // until it is written down
	}
	h.until("pending", 1)
}

// TestRefusedEventHoldsUpNobody: an event that a target never takes is a dead letter after a few tries, and
// what comes after it is delivered.
func TestRefusedEventHoldsUpNobody(t *testing.T) {
	statetest.Each(t, refusedEvent, alert.Tables, deliver.Tables)
}

func refusedEvent(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
		switch {
		case n == 3:
			w.WriteHeader(http.StatusTooManyRequests) // of the moment: no refusal
		case n <= 7:
			w.WriteHeader(http.StatusRequestEntityTooLarge)
		}
	})
	w := h.hook(deliver.Webhook{URL: url})
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	from := c.now()
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep})
	h.sellOut("d1", shelf.Empty)
	h.sellOut("d2", shelf.Empty)
	var got []string
	for range 8 {
		got = append(got, device(t, next(t, calls)))
	}
	if want := []string{"d1", "d1", "d1", "d1", "d1", "d1", "d1", "d2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if dead := h.dead(w.ID, 1); dead[0].Cursor != "1" || !strings.Contains(dead[0].Reason, "status 413") {
		t.Errorf("got %+v", dead)
	}
	if held := c.now().Sub(from); held > time.Hour {
		t.Errorf("it held up the next for %s", held)
	}
}

// TestRobotThatRefuses: what a chat robot refuses inside a status 200 is a dead letter after a few tries, and holds up
// nobody; what it has no time for is tried until it is taken.
func TestRobotThatRefuses(t *testing.T) {
	for format, c := range map[string]struct{ busy, never string }{
		deliver.FormatWeCom:    {`{"errcode":45009,"errmsg":"api freq out of limit"}`, `{"errcode":93000,"errmsg":"invalid webhook url"}`},
		deliver.FormatDingTalk: {`{"errcode":130101,"errmsg":"send too fast"}`, `{"errcode":310000,"errmsg":"keywords not in content"}`},
		deliver.FormatFeishu:   {`{"code":11232,"msg":"frequency limited"}`, `{"code":19024,"msg":"Key Words Not Found"}`},
	} {
		t.Run(format, func(t *testing.T) {
			h := newHouse(t)
			url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
				answer := `{"errcode":0,"code":0}`
				switch {
				case n <= 8:
					answer = c.busy
				case n > 9 && n <= 15:
					answer = c.never
				}
				io.WriteString(w, answer)
			})
			w := h.hook(deliver.Webhook{URL: url, Format: format})
			k := newClock(time.Now().UTC().Format(time.RFC3339))
			h.start(deliver.Config{AllowPrivate: true, Now: k.now, Sleep: k.sleep})
			for n, device := range []string{"d1", "d2", "d3"} {
				h.sellOut(device, shelf.Empty)
				for range []int{9, 6, 1}[n] {
					if got := next(t, calls); !strings.Contains(got.body, device) {
						t.Fatalf("told %s, want %s", got.body, device)
					}
				}
			}
			if dead := h.dead(w.ID, 1); dead[0].Cursor != "2" || !strings.Contains(dead[0].Reason, "the robot refuses: ") {
				t.Errorf("got %+v", dead)
			}
		})
	}
}

// TestDeadLetterAndCursorAreOne: where the cursor is moved by somebody else while an event is given up, it
// is not given up: it has one dead letter in the end, not two.
func TestDeadLetterAndCursorAreOne(t *testing.T) {
	statetest.Each(t, deadLetterAndCursor, alert.Tables, deliver.Tables)
}

func deadLetterAndCursor(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	var w deliver.Webhook
	url, calls := endpoint(t, func(n int, answer http.ResponseWriter) {
		if n == 6 { // the last try
			if err := deliver.Replay(context.Background(), h.db, "t", w.ID, 0); err != nil {
				t.Error(err)
			}
		}
		answer.WriteHeader(http.StatusBadRequest)
	})
	h.sellOut("d1", shelf.Empty)
	w = h.hook(deliver.Webhook{URL: url}) // after it: a replay moves the cursor
	h.sellOut("d2", shelf.Empty)
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep})
	for n := range 18 { // d2 up to the replay, then d1, and d2 again
		if got, want := device(t, next(t, calls)), []string{"d2", "d1", "d2"}[n/6]; got != want {
			t.Errorf("call %d is for %s, want %s", n, got, want)
		}
	}
	untilCursor(h, w.ID, 2)
	h.dead(w.ID, 2)
}

// TestRetryAfter: a target that says how long to wait is waited for, up to an hour.
func TestRetryAfter(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
		if n <= 2 {
			w.Header().Set("Retry-After", []string{"120", "Fri, 31 Dec 2100 23:59:59 GMT"}[n-1])
			w.WriteHeader([]int{429, 503}[n-1])
		}
	})
	h.hook(deliver.Webhook{URL: url})
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	pauses := make(chan time.Duration, 10)
	h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: func(ctx context.Context, d time.Duration) bool { pauses <- d; return c.sleep(ctx, d) }})
	h.sellOut("d1", shelf.Empty)
	for range 3 {
		next(t, calls)
	}
	if a, b := <-pauses, <-pauses; a != 2*time.Minute || b != time.Hour {
		t.Errorf("it waited %s, then %s", a, b)
	}
}

// TestPauseEndsWithAGoodTest: once a test message is taken, or the owner asks for a replay, what waits is
// tried at once.
func TestPauseEndsWithAGoodTest(t *testing.T) {
	for name, act := range map[string]func(h *house, s *deliver.Service, id string) error{
		"test": func(h *house, s *deliver.Service, id string) error {
			_, err := s.TryWebhook(h.t.Context(), "t", id, "")
			return err
		},
		"replay": func(h *house, _ *deliver.Service, id string) error {
			return deliver.Replay(h.t.Context(), h.db, "t", id, 0)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
				if n == 1 {
					w.WriteHeader(500)
				}
			})
			w := h.hook(deliver.Webhook{URL: url})
			waits := make(chan struct{})
			once := sync.OnceFunc(func() { close(waits) })
			s := h.start(deliver.Config{AllowPrivate: true, Sleep: func(ctx context.Context, _ time.Duration) bool { once(); <-ctx.Done(); return false }})
			h.sellOut("d1", shelf.Empty)
			first := next(t, calls).id
			<-waits
			if err := act(h, s, w.ID); err != nil {
				t.Fatal(err)
			}
			for got := ""; got != first; {
				if got = next(t, calls).id; got != first && !strings.HasPrefix(got, "test_") {
					t.Errorf("got %s", got)
				}
			}
		})
	}
}
