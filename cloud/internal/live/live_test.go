package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// bench is a hub over a real database, with an engine that makes alerts.
type bench struct {
	t      testing.TB
	db     *state.DB
	engine *alert.Engine
	hub    *live.Hub
	url    string
	stop   func()
	seq    map[string]uint64
}

func quick() live.Config {
	return live.Config{Coalesce: time.Millisecond, Poll: 20 * time.Millisecond, Heartbeat: 200 * time.Millisecond}
}

func newBench(t testing.TB, cfg live.Config) *bench {
	b := &bench{t: t, db: statetest.SQLite(t, alert.Tables, live.Tables, rollout.Tables, sales.Tables, merge.Tables), seq: map[string]uint64{}}
	rules := alert.Rules{alert.Stockout: {Bad: 1, Of: 1, Good: 1, Severity: alert.Critical},
		alert.Misplaced: {Bad: 1, Of: 1, Good: 1, Severity: alert.Info}}
	b.engine = alert.NewEngine(alert.Config{Rules: rules, Log: slog.New(slog.DiscardHandler)})
	b.start(cfg)
	t.Cleanup(func() { b.stop() })
	return b
}

// start serves; after stop it is the restart of the server on the same database.
func (b *bench) start(cfg live.Config) {
	if cfg.DB = b.db; cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	cfg.Tenant = func(r *http.Request) (string, error) {
		if r.Header.Get("Authorization") == "Bearer wrong" {
			return "", errors.New("the token is not known")
		}
		return "t", nil
	}
	b.hub = live.NewHub(cfg, live.NewMetrics(prometheus.NewRegistry()))
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.hub.Run(ctx); err != nil {
			b.t.Error(err)
		}
	})
	<-b.hub.Ready()
	server := httptest.NewServer(b.hub)
	b.url = "ws" + strings.TrimPrefix(server.URL, "http")
	b.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
		server.Close()
	})
}

// look has a device see one slot in a state.
func (b *bench) look(device, slot string, s shelf.State) {
	b.t.Helper()
	b.seq[device]++
	present := 0
	if s == shelf.OK {
		present = 1
	}
	now := time.Now().UTC()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s-" + device, Device: device}, Boot: 1, Seq: b.seq[device], CapturedAt: now, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1,
			Slots: []shelf.SlotReading{{SlotID: slot, GTIN: "4006381333931", State: s, Due: 1, Present: present}}}}}
	err := b.db.Write(context.Background(), func(tx *state.Tx) error {
		c := &state.Cooler{Tenant: "t", Device: device, Store: env.Store, TopicStore: env.Store, CreatedAt: now, ChangedAt: now, LastSeen: now, Online: true}
		return errors.Join(state.PutCooler(context.Background(), tx, c), b.engine.Step(context.Background(), tx, env))
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.hub.Committed()
}

// client is a subscriber that keeps all it was given.
type client struct {
	t       testing.TB
	ws      *websocket.Conn
	cursor  string
	events  []string // sequence kind device slot
	coolers map[string]int
}

// message is any message of the server.
type message struct {
	Type      string `json:"type"`
	Version   int    `json:"version"`
	Heartbeat int    `json:"heartbeat_s"`
	Cursor    string `json:"cursor"`
	More      bool   `json:"more"`
	Reason    string `json:"reason"`
	Error     string `json:"error"`
	Hint      string `json:"hint"`
	Alerts    []alert.Alert
	Events    []alert.Event
	Coolers   []struct {
		Device     string `json:"device"`
		OpenAlerts int    `json:"open_alerts"`
	} `json:"coolers"`
	Rollouts []rollout.Rollout `json:"rollouts"`
	Figures  int64             `json:"figures"`
}

func (b *bench) dial(header http.Header) *client {
	b.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(b.url, header)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { ws.Close() })
	c := &client{t: b.t, ws: ws, coolers: map[string]int{}}
	if hello := c.next(); hello.Type != "hello" || hello.Version != 1 {
		b.t.Fatalf("first message: %+v", hello)
	}
	return c
}

func (c *client) say(s live.Subscribe) {
	c.t.Helper()
	s.Type = "subscribe"
	if err := c.ws.WriteJSON(s); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) next() message {
	c.t.Helper()
	c.ws.SetReadDeadline(time.Now().Add(20 * time.Second))
	var m message
	if err := c.ws.ReadJSON(&m); err != nil {
		c.t.Fatal(err)
	}
	for _, e := range m.Events {
		var a alert.Alert
		if err := json.Unmarshal(e.Data, &a); err != nil {
			c.t.Fatal(err)
		}
		c.events = append(c.events, fmt.Sprintf("%s %s %s %s", e.Sequence, strings.TrimPrefix(e.Type, alert.EventPrefix), a.Device, a.Slot))
	}
	for _, r := range m.Coolers {
		c.coolers[r.Device] = r.OpenAlerts
	}
	if m.Cursor != "" {
		c.cursor = m.Cursor
	}
	return m
}

// until reads on until n events have come.
func (c *client) until(n int) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); len(c.events) < n; {
		if c.next(); time.Now().After(end) {
			c.t.Fatalf("%d of %d events came: %q", len(c.events), n, c.events)
		}
	}
}

func TestSnapshotThenChanges(t *testing.T) {
	b := newBench(t, quick())
	b.look("d1", "A", shelf.Empty)
	b.look("d2", "A", shelf.OK)
	c := b.dial(nil)
	c.say(live.Subscribe{Coolers: true})
	snap := c.next()
	if snap.Type != "snapshot" || len(snap.Alerts) != 1 || snap.Alerts[0].Device != "d1" || len(snap.Coolers) != 2 {
		t.Fatalf("snapshot: %+v", snap)
	}
	b.look("d2", "A", shelf.Empty)
	c.until(1)
	b.look("d1", "A", shelf.OK)
	c.until(2)
	if want := []string{"2 opened d2 A", "3 resolved d1 A"}; !slices.Equal(c.events, want) {
		t.Errorf("got %q, want %q", c.events, want)
	}
	for c.coolers["d1"] != 0 || c.coolers["d2"] != 1 {
		c.next() // the rows follow
	}
}

func TestResumeFromCursorAcrossRestarts(t *testing.T) {
	b := newBench(t, quick())
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "0"})
	n := 0
	open := func(k int) {
		for range k {
			b.look(fmt.Sprint("d", n), "A", shelf.Empty)
			n++
		}
	}
	open(4)
	c.until(4)
	for range 3 {
		cursor, events := c.cursor, c.events
		b.stop()
		open(6) // while nobody listens
		b.start(quick())
		c = b.dial(nil)
		c.events = events
		c.say(live.Subscribe{Cursor: cursor})
		open(2) // while it catches up
		c.until(n)
	}
	for i, got := range c.events {
		if want := fmt.Sprintf("%d opened d%d A", i+1, i); got != want {
			t.Errorf("event %d: got %q, want %q", i, got, want)
		}
	}
}

func TestSubscriptionSelects(t *testing.T) {
	b := newBench(t, quick())
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "0", Alerts: live.Filter{Devices: []string{"d2"}, Types: []string{"misplaced"}}, Coolers: true})
	b.look("d1", "A", shelf.Misplaced)
	b.look("d2", "B", shelf.Empty)
	b.look("d2", "C", shelf.Misplaced)
	c.until(1)
	if want := []string{"3 opened d2 C"}; !slices.Equal(c.events, want) {
		t.Errorf("got %q, want %q", c.events, want)
	}
	if _, ok := c.coolers["d1"]; ok {
		t.Error("a cooler of another device came")
	}
	// Another wish on the same connection, from the beginning.
	c.events = nil
	c.say(live.Subscribe{Cursor: "0", Alerts: live.Filter{Severities: []string{"critical"}}})
	c.until(1)
	if want := []string{"2 opened d2 B"}; !slices.Equal(c.events, want) {
		t.Errorf("after the second subscription: got %q, want %q", c.events, want)
	}
}

// TestSelectsByRegion: the region of an alert's store selects, in changes and in a snapshot.
func TestSelectsByRegion(t *testing.T) {
	b := newBench(t, quick())
	put := func(store, region string) {
		t.Helper()
		err := b.db.Write(t.Context(), func(tx *state.Tx) error {
			return state.PutStore(t.Context(), tx, state.Store{Tenant: "t", Store: store, Region: region}, time.Now())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	put("s-d1", "north")
	put("s-d2", "south")
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "0", Alerts: live.Filter{Regions: []string{"south"}}, Coolers: true})
	for _, device := range []string{"d1", "d2", "d3"} {
		b.look(device, "A", shelf.Misplaced)
	}
	c.until(1)
	if want := []string{"2 opened d2 A"}; !slices.Equal(c.events, want) {
		t.Errorf("got %q, want %q", c.events, want)
	}
	if len(c.coolers) > 1 {
		t.Errorf("coolers of other regions came: %v", c.coolers)
	}
	s := b.dial(nil)
	s.say(live.Subscribe{Alerts: live.Filter{Regions: []string{"north"}}})
	if m := s.next(); m.Type != "snapshot" || len(m.Alerts) != 1 || m.Alerts[0].Device != "d1" {
		t.Errorf("the snapshot: %+v", m)
	}
}

func TestSlowClientGoesOnFromTheLog(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = time.Minute
	b := newBench(t, cfg)
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "0"})
	const n = 300
	for i := range n {
		b.look(fmt.Sprintf("d%d", i), strings.Repeat("x", 40), shelf.Empty) // nobody reads meanwhile
	}
	c.until(n)
	for i, e := range c.events {
		if !strings.HasPrefix(e, fmt.Sprintf("%d opened d%d ", i+1, i)) {
			t.Fatalf("event %d is %q", i, e)
		}
	}
}

func TestHeartbeatCarriesTheCursor(t *testing.T) {
	b := newBench(t, quick())
	c := b.dial(nil)
	c.say(live.Subscribe{Alerts: live.Filter{Types: []string{"misplaced"}}})
	c.next()
	b.look("d1", "A", shelf.Empty) // not for this client
	for c.cursor != "1" {
		if m := c.next(); len(m.Events) != 0 {
			t.Fatalf("got %+v", m)
		}
	}
}

func TestCursorFromTheFuture(t *testing.T) {
	b := newBench(t, quick())
	for i := range 5 {
		b.look(fmt.Sprint("d", i), "A", shelf.Empty)
	}
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "999"})
	if m := c.next(); m.Type != "resync" || !strings.Contains(m.Reason, "ahead of the log") {
		t.Fatalf("got %+v", m)
	}
	c.say(live.Subscribe{})
	if m := c.next(); m.Type != "snapshot" || len(m.Alerts) != 5 {
		t.Fatalf("after it: %+v", m)
	}
}

func TestFaultyMessagesCloseTheConnection(t *testing.T) {
	b := newBench(t, quick())
	for _, tc := range []struct{ name, text, want string }{
		{"no JSON", "hello", "not understood"},
		{"unknown field", `{"type":"subscribe","region":"north"}`, `unknown field "region"`},
		{"unknown type", `{"type":"publish"}`, `"publish"`},
		{"cursor of letters", `{"type":"subscribe","cursor":"abc"}`, `cursor "abc"`},
		{"cursor below zero", `{"type":"subscribe","cursor":"-1"}`, `cursor "-1"`},
		{"unknown alert type", `{"type":"subscribe","alerts":{"types":["stokout"]}}`, `unknown type "stokout"`},
		{"two messages in one", `{"type":"subscribe"}{}`, "something after it"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := b.dial(nil)
			c.ws.WriteMessage(websocket.TextMessage, []byte(tc.text))
			if m := c.next(); m.Type != "error" || !strings.Contains(m.Error, tc.want) || m.Hint == "" {
				t.Fatalf("got %+v", m)
			}
			if _, _, err := c.ws.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("then: %v", err)
			}
		})
	}
	t.Run("too long", func(t *testing.T) {
		c := b.dial(nil)
		c.ws.WriteMessage(websocket.TextMessage, make([]byte, 1<<20))
		c.ws.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, _, err := c.ws.ReadMessage(); err == nil {
			t.Error("the connection goes on")
		}
	})
}

func TestWhoMayConnect(t *testing.T) {
	b := newBench(t, quick())
	b.stop()
	cfg := quick()
	cfg.Origins = []string{"https://shop.example"}
	b.start(cfg)
	host := strings.TrimPrefix(b.url, "ws://")
	for _, tc := range []struct {
		name   string
		header http.Header
		want   int
	}{
		{"a program", nil, 101},
		{"our own page", http.Header{"Origin": {"http://" + host}}, 101},
		{"a page of the list", http.Header{"Origin": {"https://shop.example"}}, 101},
		{"another page", http.Header{"Origin": {"https://evil.example"}}, 403},
		{"a page that looks like one of the list", http.Header{"Origin": {"https://shop.example.evil.example"}}, 403},
		{"a wrong token", http.Header{"Authorization": {"Bearer wrong"}}, 401},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ws, resp, err := websocket.DefaultDialer.Dial(b.url, tc.header)
			if err == nil {
				defer ws.Close()
			}
			if resp == nil || resp.StatusCode != tc.want {
				t.Errorf("got %v, %v, want status %d", resp, err, tc.want)
			}
		})
	}
}

func TestTickets(t *testing.T) {
	b := newBench(t, quick())
	ctx := context.Background()
	issue := func(at time.Time) string {
		t.Helper()
		ticket, expires, err := live.IssueTicket(ctx, b.db, "t", "", at)
		if err != nil || expires.Sub(at) > 30*time.Second {
			t.Fatal(ticket, expires, err)
		}
		return ticket
	}
	good := issue(time.Now())
	wrong := http.Header{"Authorization": {"Bearer wrong"}} // the ticket alone decides
	for _, c := range []struct {
		name, ticket string
		want         int
	}{
		{"a good one", good, 101},
		{"the same again", good, 401},
		{"too old", issue(time.Now().Add(-31 * time.Second)), 401},
		{"forged", strings.Repeat("A", 32), 401},
	} {
		ws, resp, err := websocket.DefaultDialer.Dial(b.url+"?ticket="+c.ticket, wrong)
		if err == nil {
			ws.Close()
		}
		if resp == nil || resp.StatusCode != c.want {
			t.Errorf("%s: %v, %v, want status %d", c.name, resp, err, c.want)
		}
	}
}

func TestOneTooMany(t *testing.T) {
	cfg := quick()
	cfg.Clients = 1
	b := newBench(t, cfg)
	b.dial(nil)
	if _, resp, err := websocket.DefaultDialer.Dial(b.url, nil); err == nil || resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Errorf("got %v, %v", resp, err)
	}
}

func TestServerSaysThatItRestarts(t *testing.T) {
	b := newBench(t, quick())
	c := b.dial(nil)
	c.say(live.Subscribe{})
	c.next()
	done := make(chan struct{})
	go func() { defer close(done); b.stop() }()
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
				t.Errorf("closed with %v", err)
			}
			break
		}
	}
	<-done
}
