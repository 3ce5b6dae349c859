package deliver_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// clock is a clock that a test moves.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock(text string) *clock {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return &clock{at: at.UTC()}
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// robot is a chat robot that takes everything.
func robot(t *testing.T) (url string, calls <-chan call) {
	return endpoint(t, func(_ int, w http.ResponseWriter) { io.WriteString(w, `{"errcode":0}`) })
}

// people starts a service that tells people by a file of rules.
func (h *house) people(c *clock, mail, rules string, args ...any) *deliver.Service {
	h.t.Helper()
	b, err := alert.DecodeRulebook(fmt.Appendf(nil, rules, args...))
	if err != nil {
		h.t.Fatal(err)
	}
	if err := deliver.Begin(context.Background(), h.db); err != nil {
		h.t.Fatal(err)
	}
	return h.start(deliver.Config{AllowPrivate: true, Now: c.now, Book: func(string) *alert.Rulebook { return b },
		SMTP: deliver.SMTP{Server: mail, From: "coldshelf@brand.example", Username: "cooler", Password: "secret"}})
}

// until waits for a number of notices in a state, and gives them.
func (h *house) until(in string, n int) []deliver.Notice {
	h.t.Helper()
	var list []deliver.Notice
	for end := time.Now().Add(20 * time.Second); ; {
		var err error
		if list, err = deliver.Notices(context.Background(), h.db, "t", "", in, 100); err != nil {
			h.t.Fatal(err)
		}
		if len(list) == n {
			return list
		}
		if time.Now().After(end) {
			all, _ := deliver.Notices(context.Background(), h.db, "t", "", "", 100)
			h.t.Fatalf("%d notices are %s, want %d: %+v", len(list), in, n, all)
		}
	}
}

// attempts is how often a role's only notice was tried, and how that went is known.
func (h *house) attempts(role string) int {
	h.t.Helper()
	var n int
	row := h.db.QueryRow(context.Background(), "SELECT COALESCE(MAX(attempts), 0) FROM notices WHERE role = ? AND reason <> '' AND leased_until = 0", role)
	if err := row.Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *house) say(device string, a alert.Word) {
	h.t.Helper()
	list, _, err := alert.List(context.Background(), h.db, alert.Filter{Tenant: "t", Devices: []string{device}, Limit: 1})
	if err == nil {
		_, err = h.engine.Say(context.Background(), h.db, "t", list[0].ID, a)
	}
	if err != nil {
		h.t.Fatal(err)
	}
}

// refill ends the alert that sellOut began.
func (h *house) refill(device string) {
	h.t.Helper()
	now := time.Now().UTC()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: device}, Boot: 1, Seq: 2, CapturedAt: now, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1,
			Slots: []shelf.SlotReading{{SlotID: "A/1+", GTIN: "4006381333931", State: shelf.OK, Due: 1, Present: 1}}}}}
	if err := h.db.Write(context.Background(), func(tx *state.Tx) error { return h.engine.Step(context.Background(), tx, env) }); err != nil {
		h.t.Fatal(err)
	}
}

// TestPeopleByRole: the store's own manager is told at once, once, over a restart; the area's once a day
// in the book's time zone, of all in one letter.
func TestPeopleByRole(t *testing.T) { statetest.Each(t, peopleByRole, alert.Tables, deliver.Tables) }

func peopleByRole(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	own, ownCalls := robot(t)
	other, otherCalls := robot(t)
	addr, box := newMailbox(t, 0)
	c := newClock("2026-03-02T20:00:00+08:00")
	rules := `version: 1
tz: Asia/Shanghai
recipients:
- {role: manager, name: Li, stores: [s1], format: wecom, url: %q}
- {role: manager, format: wecom, url: %q}
- {role: area, format: email, url: "mailto:area@shop.example"}
notify:
- {roles: [manager], types: [stockout]}
- {roles: [area], send: daily, at: "08:00"}
`
	h.people(c, addr, rules, own, other)
	h.sellOut("d1", shelf.Empty)
	if got := next(t, ownCalls); !strings.Contains(got.body, "Cooler: d1") {
		t.Errorf("got %s", got.body)
	}
	h.sellOut("d2", shelf.Misplaced) // no matter of the manager's
	h.until("sent", 1)
	h.until("pending", 2)
	h.stop()
	h.sellOut("d3", shelf.Empty) // while it is down
	c.pass(11*time.Hour + 59*time.Minute)
	h.people(c, addr, rules, own, other)
	if got := next(t, ownCalls); !strings.Contains(got.body, "Cooler: d3") {
		t.Errorf("after the restart: %s", got.body)
	}
	h.until("sent", 2)
	c.pass(time.Minute)
	select {
	case got := <-box.letters:
		_, body, _ := strings.Cut(got.text, "\r\n\r\n")
		text, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(body, "\r\n", ""))
		for _, want := range []string{"Digest: 3", "缺货 Stockout · s1/d1 · A/1+", "错放 Misplaced · s1/d2", "s1/d3"} {
			if err != nil || !strings.Contains(string(text), want) {
				t.Errorf("%v, %s misses %q", err, text, want)
			}
		}
	case <-time.After(20 * time.Second):
		t.Fatal("no letter came")
	}
	for _, n := range h.until("sent", 5) {
		if n.Attempts != 1 || n.DoneAt == nil {
			t.Errorf("got %+v", n)
		}
	}
	h.stop()
	h.people(c, addr, rules, own, other)
	h.refill("d1") // a digest tells what opened
	if got := next(t, ownCalls); !strings.Contains(got.body, "Resolved") || !strings.Contains(got.body, "Cooler: d1") {
		t.Errorf("when it is over: %s", got.body)
	}
	h.until("sent", 6)
	h.stop()
	if len(ownCalls)+len(otherCalls)+len(box.letters) > 0 {
		t.Errorf("more was sent: %d, %d, %d", len(ownCalls), len(otherCalls), len(box.letters))
	}
}

// TestEscalation: what nobody acknowledges goes up, also while the service was down; what somebody has
// acknowledged does not; and whoever was told is told that it is over.
func TestEscalation(t *testing.T) { statetest.Each(t, escalation, alert.Tables, deliver.Tables) }

func escalation(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	manager, managerCalls := robot(t)
	area, areaCalls := robot(t)
	head, headCalls := robot(t)
	c := newClock("2026-03-02T12:00:00Z")
	rules := `version: 1
recipients:
- {role: manager, format: wecom, url: %q}
- {role: area, format: wecom, url: %q}
- {role: head, format: wecom, url: %q}
notify:
- {roles: [manager], escalate: [{after: 30m, roles: [area]}, {after: 2h, roles: [head]}]}
`
	h.people(c, "", rules, manager, area, head)
	h.sellOut("d1", shelf.Empty)
	h.sellOut("d2", shelf.Empty)
	next(t, managerCalls)
	next(t, managerCalls)
	h.say("d2", alert.Word{Action: alert.ActionAcknowledge, By: "Li"})
	h.until("pending", 4)
	h.stop()
	c.pass(31 * time.Minute)
	h.people(c, "", rules, manager, area, head)
	if got := next(t, areaCalls); !strings.Contains(got.body, "升级") || !strings.Contains(got.body, "Cooler: d1") {
		t.Errorf("after half an hour: %s", got.body)
	}
	if moot := h.until("moot", 1); moot[0].Reason != "acknowledged" || moot[0].Stage != 1 {
		t.Errorf("got %+v", moot)
	}
	h.until("sent", 3)
	h.refill("d1")
	if got := next(t, areaCalls); !strings.Contains(got.body, "Resolved") {
		t.Errorf("the area, when it is over: %s", got.body)
	}
	next(t, managerCalls)
	c.pass(2 * time.Hour)
	h.until("moot", 3)
	h.until("pending", 0)
	h.stop()
	if len(managerCalls)+len(areaCalls)+len(headCalls) > 0 {
		t.Errorf("more was sent: %d, %d, %d", len(managerCalls), len(areaCalls), len(headCalls))
	}
}

// TestNoticeOfUnknownFate: a program that was killed while it sent leaves a lease. Nobody sends before it
// is over; then the message says that it may be a repeat. One who waits holds up nobody else.
func TestNoticeOfUnknownFate(t *testing.T) {
	statetest.Each(t, noticeOfUnknownFate, alert.Tables, deliver.Tables)
}

func noticeOfUnknownFate(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	one, oneCalls := robot(t)
	two, twoCalls := endpoint(t, ok)
	c := newClock("2026-03-02T12:10:00Z")
	const secret = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	rules := `version: 1
recipients:
- {role: a, format: wecom, url: %q}
- {role: b, format: events, url: %q, secret: "` + secret + `"}
notify:
- {roles: [a, b], send: hourly}
`
	h.people(c, "", rules, one, two)
	h.sellOut("d1", shelf.Empty)
	for _, n := range h.until("pending", 2) {
		if n.Role == "a" {
			err := h.db.Write(t.Context(), func(tx *state.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE notices SET leased_until = ?, attempts = 1 WHERE id = ?", state.Micros(c.now().Add(80*time.Minute)), n.ID)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	c.pass(50 * time.Minute)
	got := next(t, twoCalls)
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.VerifyIgnoringTimestamp([]byte(got.body), got.header); err != nil || !strings.HasPrefix(got.id, "no_") || !strings.Contains(got.body, `"kind":"digest"`) {
		t.Errorf("%v: %s", err, got.body)
	}
	h.until("sent", 1)
	if len(oneCalls) > 0 {
		t.Error("it was sent while another may be sending it")
	}
	c.pass(31 * time.Minute)
	if got := next(t, oneCalls); !strings.Contains(got.body, "This may be a repeat") {
		t.Errorf("got %s", got.body)
	}
	h.until("sent", 2)
}

// TestRecipientWhoFails: one that answers 500 is tried again by growing pauses for a day, then given up;
// another is told meanwhile; and one that is taken out of the rules is told no more.
func TestRecipientWhoFails(t *testing.T) {
	h := newHouse(t)
	bad, badCalls := endpoint(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(500) })
	good, goodCalls := robot(t)
	c := newClock("2026-03-02T12:00:00Z")
	rules := `version: 1
recipients:
- {role: a, format: feishu, url: %q, robot_secret: x}
- {role: b, format: dingtalk, url: %q, robot_secret: x}
notify:
- {roles: [a, b]}
`
	h.people(c, "", rules, bad, good)
	h.sellOut("d1", shelf.Empty)
	next(t, goodCalls)
	for n, pause := range []time.Duration{time.Hour, 24 * time.Hour, 0} {
		next(t, badCalls)
		for h.attempts("a") <= n { // until it is written down
		}
		c.pass(pause)
	}
	if dead := h.until("dead", 1); dead[0].Attempts != 3 || !strings.Contains(dead[0].Reason, "status 500") {
		t.Errorf("got %+v", dead)
	}
	h.sellOut("d2", shelf.Empty)
	next(t, goodCalls)
	h.until("sent", 2)
	h.stop()
	c.pass(time.Hour)
	h.people(c, "", "version: 1\n")
	if moot := h.until("moot", 1); !strings.Contains(moot[0].Reason, "any more") {
		t.Errorf("got %+v", moot)
	}
}
