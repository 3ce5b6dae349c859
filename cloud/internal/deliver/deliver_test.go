package deliver_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
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

// house is a database with an engine that makes alerts, and a service that takes them out.
type house struct {
	t      *testing.T
	db     *state.DB
	engine *alert.Engine
	stop   func()
}

func newHouse(t *testing.T) *house {
	return newHouseOn(t, statetest.SQLite(t, alert.Tables, deliver.Tables))
}

func newHouseOn(t *testing.T, db *state.DB) *house {
	h := &house{t: t, db: db, stop: func() {}}
	rules := alert.Rules{alert.Stockout: {Bad: 1, Of: 1, Good: 1, Severity: alert.Critical}, alert.Misplaced: {Bad: 1, Of: 1, Good: 1, Severity: alert.Info}}
	h.engine = alert.NewEngine(alert.Config{Rules: rules, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { h.stop() })
	return h
}

// start delivers until stop.
func (h *house) start(c deliver.Config) *deliver.Service {
	c.DB, c.Log = h.db, cmp.Or(c.Log, slog.New(slog.DiscardHandler))
	c.Poll, c.Retry = cmp.Or(c.Poll, 5*time.Millisecond), 2*time.Millisecond
	s := deliver.New(c)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.Run(ctx); err != nil {
			h.t.Error(err)
		}
	})
	h.stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	return s
}

// sellOut opens an alert of a device.
func (h *house) sellOut(device string, s shelf.State) {
	h.t.Helper()
	now := time.Now().UTC()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: device}, Boot: 1, Seq: 1, CapturedAt: now, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1,
			Slots: []shelf.SlotReading{{SlotID: "A/1+", GTIN: "4006381333931", State: s, Due: 1}}}}}
	if err := h.db.Write(context.Background(), func(tx *state.Tx) error { return h.engine.Step(context.Background(), tx, env) }); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) hook(w deliver.Webhook) deliver.Webhook {
	h.t.Helper()
	w.Tenant = "t"
	if w.Format == "" {
		w.Format = deliver.FormatEvents
	}
	w, err := deliver.Create(context.Background(), h.db, w, time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	return w
}

// call is one request that an endpoint got.
type call struct {
	id, body string
	header   http.Header
	url      string
}

// endpoint is somebody's server that takes webhooks.
func endpoint(t *testing.T, answer func(n int, w http.ResponseWriter)) (url string, calls <-chan call) {
	t.Helper()
	out := make(chan call, 1000)
	n := 0
	var mu sync.Mutex
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		n++
		k := n
		mu.Unlock()
		out <- call{r.Header.Get("webhook-id"), string(body), r.Header, r.URL.String()}
		answer(k, w)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/hook", out
}

func ok(int, http.ResponseWriter) {}

func next(t *testing.T, calls <-chan call) call {
	t.Helper()
	select {
	case c := <-calls:
		return c
	case <-time.After(20 * time.Second):
		t.Fatal("no call came")
		return call{}
	}
}

func device(t *testing.T, c call) string {
	t.Helper()
	var e alert.Event
	var a alert.Alert
	if err := errors.Join(json.Unmarshal([]byte(c.body), &e), json.Unmarshal(e.Data, &a)); err != nil {
		t.Fatalf("%s: %v", c.body, err)
	}
	return a.Device
}

func TestWebhookIsSignedToTheSpecification(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, ok)
	w := h.hook(deliver.Webhook{URL: url, Severities: []string{"critical"}})
	h.start(deliver.Config{AllowPrivate: true})
	h.sellOut("d1", shelf.Misplaced) // not wanted
	h.sellOut("d2", shelf.Empty)
	c := next(t, calls)
	verifier, err := standardwebhooks.NewWebhook(w.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify([]byte(c.body), c.header); err != nil {
		t.Errorf("the specification's own library refuses it: %v", err)
	}
	if device(t, c) != "d2" || !strings.HasPrefix(c.id, "ev_") || c.header.Get("Content-Type") != "application/cloudevents+json" {
		t.Errorf("got %+v", c)
	}
}

func TestWebhookIsTriedAgainInOrder(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
		if n <= 3 {
			w.WriteHeader([]int{0, 500, 302, 404}[n])
		}
	})
	h.hook(deliver.Webhook{URL: url})
	h.start(deliver.Config{AllowPrivate: true})
	h.sellOut("d1", shelf.Empty)
	h.sellOut("d2", shelf.Empty)
	var got []string
	first := ""
	for range 5 {
		c := next(t, calls)
		if got = append(got, device(t, c)); first == "" {
			first = c.id
		}
		if got[len(got)-1] == "d1" && c.id != first {
			t.Errorf("the event's id changed from %s to %s", first, c.id)
		}
	}
	if want := []string{"d1", "d1", "d1", "d1", "d2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWebhookKeepsItsPlaceOverRestarts(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, ok)
	h.hook(deliver.Webhook{URL: url})
	seen := map[string]int{}
	n := 0
	for range 4 {
		h.start(deliver.Config{AllowPrivate: true})
		for range 3 {
			h.sellOut(fmt.Sprint("d", n), shelf.Empty)
			n++
		}
		for len(seen) < n {
			seen[next(t, calls).id]++
		}
		h.stop()
		h.sellOut(fmt.Sprint("d", n), shelf.Empty) // while it is down
		n++
	}
	for id, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", id, times)
		}
	}
}

func TestOneThatHangsHoldsUpNobody(t *testing.T) {
	h := newHouse(t)
	release := make(chan struct{})
	hangs, _ := endpoint(t, func(int, http.ResponseWriter) { <-release })
	t.Cleanup(func() { h.stop() })
	t.Cleanup(func() { close(release) })
	url, calls := endpoint(t, ok)
	h.hook(deliver.Webhook{URL: hangs})
	h.hook(deliver.Webhook{URL: url})
	h.start(deliver.Config{AllowPrivate: true, Timeout: 200 * time.Millisecond})
	for i := range 5 {
		h.sellOut(fmt.Sprint("d", i), shelf.Empty)
	}
	for range 5 {
		next(t, calls)
	}
}

func TestDeadLettersAndReplay(t *testing.T) {
	h := newHouse(t)
	var down sync.Map
	down.Store("now", true)
	url, calls := endpoint(t, func(_ int, w http.ResponseWriter) {
		if _, ok := down.Load("now"); ok {
			w.WriteHeader(500)
		}
	})
	w := h.hook(deliver.Webhook{URL: url})
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	s := h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep, GiveUp: time.Second})
	h.sellOut("d1", shelf.Empty)
	h.sellOut("d2", shelf.Empty)
	ctx := context.Background()
	var dead []deliver.DeadLetter
	for end := time.Now().Add(20 * time.Second); len(dead) < 2 && time.Now().Before(end); {
		var err error
		if dead, err = deliver.DeadLetters(ctx, h.db, "t", w.ID, 10); err != nil {
			t.Fatal(err)
		}
	}
	if len(dead) != 2 || !strings.Contains(dead[0].Reason, "status 500") || dead[0].Cursor != "1" {
		t.Fatalf("dead letters: %+v", dead)
	}
	for len(calls) > 0 {
		<-calls
	}
	down.Delete("now")
	if err := deliver.Replay(ctx, h.db, "t", w.ID, 0); err != nil {
		t.Fatal(err)
	}
	s.Changed()
	if got := []string{device(t, next(t, calls)), device(t, next(t, calls))}; !slices.Equal(got, []string{"d1", "d2"}) {
		t.Errorf("replayed: %q", got)
	}
	if dead, err := deliver.DeadLetters(ctx, h.db, "t", w.ID, 10); err != nil || len(dead) != 0 {
		t.Errorf("after the replay: %+v, %v", dead, err)
	}
}

func TestGoneIsDisabled(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(http.StatusGone) })
	w := h.hook(deliver.Webhook{URL: url})
	h.start(deliver.Config{AllowPrivate: true})
	h.sellOut("d1", shelf.Empty)
	next(t, calls)
	for end := time.Now().Add(20 * time.Second); w.Disabled == "" && time.Now().Before(end); {
		var err error
		if w, err = deliver.Get(context.Background(), h.db, "t", w.ID); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(w.Disabled, "410") {
		t.Errorf("disabled: %q", w.Disabled)
	}
}

func TestPrivateAddresses(t *testing.T) {
	for text, want := range map[string]bool{
		"8.8.8.8": true, "2606:4700::1111": true, "127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false,
		"169.254.169.254": false, "100.64.0.1": false, "0.0.0.0": false, "0.1.2.3": false, "255.255.255.255": false, "224.0.0.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1": false, "fc00::1": false, "ff02::1": false, "::ffff:10.0.0.1": false, "64:ff9b::a00:1": false, "2002:7f00:1::": false,
	} {
		if got := deliver.Public(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: public %v, want %v", text, got, want)
		}
	}
	t.Run("is not called", func(t *testing.T) {
		h := newHouse(t)
		url, calls := endpoint(t, ok)
		w := h.hook(deliver.Webhook{URL: strings.Replace(url, "127.0.0.1", "localhost", 1)})
		c := newClock(time.Now().UTC().Format(time.RFC3339))
		h.start(deliver.Config{Now: c.now, Sleep: c.sleep, GiveUp: time.Second})
		h.sellOut("d1", shelf.Empty)
		var dead []deliver.DeadLetter
		for end := time.Now().Add(20 * time.Second); len(dead) < 1 && time.Now().Before(end); {
			var err error
			if dead, err = deliver.DeadLetters(context.Background(), h.db, "t", w.ID, 10); err != nil {
				t.Fatal(err)
			}
		}
		if len(dead) != 1 || !strings.Contains(dead[0].Reason, "private network") {
			t.Errorf("dead letters: %+v", dead)
		}
		if len(calls) > 0 {
			t.Error("it was called")
		}
	})
}

func TestRobots(t *testing.T) {
	for _, c := range []struct{ format, want, url string }{
		{deliver.FormatWeCom, `"msgtype":"markdown"`, "/hook"},
		{deliver.FormatDingTalk, `"title":"缺货 Stockout"`, "/hook?sign="},
		{deliver.FormatFeishu, `"msg_type":"text"`, "/hook"},
	} {
		t.Run(c.format, func(t *testing.T) {
			h := newHouse(t)
			url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
				if n == 1 { // a robot refuses with status 200
					io.WriteString(w, `{"errcode":45009,"errmsg":"api freq out of limit","code":11232,"msg":"frequency limited"}`)
				} else {
					io.WriteString(w, `{"errcode":0,"errmsg":"ok","code":0,"msg":"success"}`)
				}
			})
			h.hook(deliver.Webhook{URL: url, Format: c.format, RobotSecret: "SEC"})
			h.start(deliver.Config{AllowPrivate: true})
			h.sellOut("d1", shelf.Empty)
			h.sellOut("d2", shelf.Empty)
			for i, cooler := range []string{"d1", "d1", "d2"} {
				got := next(t, calls)
				if !strings.Contains(got.body, c.want) || !strings.Contains(got.body, "Cooler: "+cooler) || !strings.HasPrefix(got.url, c.url) {
					t.Errorf("call %d: %s %s", i, got.url, got.body)
				}
			}
		})
	}
}

func TestWebhookRefusals(t *testing.T) {
	for name, w := range map[string]deliver.Webhook{
		"no host": {URL: "https:///x", Format: "events"}, "a file": {URL: "file:///etc/passwd", Format: "events"},
		"a password in the URL": {URL: "https://u:p@host/", Format: "events"}, "unknown format": {URL: "https://host/", Format: "slack"},
		"unknown type": {URL: "https://host/", Format: "events", Types: []string{"stokout"}}, "unknown severity": {URL: "https://host/", Format: "events", Severities: []string{"high"}},
	} {
		if err := w.Validate(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// board of retained messages that fails a few times.
type broker struct {
	mu    sync.Mutex
	fails int
	kept  map[string]string
	order []string

	connected bool
	cursor    string
	news      chan struct{} // rings with each message; nil: nobody waits
}

func (b *broker) connect(context.Context) (deliver.Session, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected = true
	return b, nil
}

func (b *broker) Retain(_ context.Context, topic string, payload []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.connected {
		return errors.New("not connected")
	}
	if strings.HasPrefix(topic, "coldshelf/alerts/cursor/") {
		b.cursor = string(payload)
		return nil
	}
	if b.fails > 0 {
		b.fails--
		return errors.New("not connected")
	}
	b.kept[topic] = string(payload)
	b.order = append(b.order, topic)
	select {
	case b.news <- struct{}{}:
	default:
	}
	return nil
}

func (b *broker) Retained(context.Context, string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return []byte(b.cursor), nil
}

func (b *broker) Alive() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.connected
}

func (b *broker) Close() {}

// restart brings the broker back as it was when it kept this cursor; "": it has lost everything.
func (b *broker) restart(cursor string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.connected, b.cursor, b.order = false, cursor, nil
}

// until waits for so many messages, and gives their topics.
func (b *broker) until(t *testing.T, n int) []string {
	t.Helper()
	late := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		got := slices.Clone(b.order)
		b.mu.Unlock()
		if len(got) >= n {
			return got
		}
		select {
		case <-b.news:
		case <-late:
			t.Fatalf("the broker was told %q, want %d", got, n)
		}
	}
}

// TestBrokerThatForgets: a broker that comes back with an earlier state, or with none, is told again
// what it has lost.
func TestBrokerThatForgets(t *testing.T) {
	h := newHouse(t)
	b := &broker{kept: map[string]string{}, news: make(chan struct{}, 1)}
	s := h.start(deliver.Config{MQTT: b.connect})
	for n := range 5 {
		h.sellOut(fmt.Sprintf("d%d", n), shelf.Empty)
	}
	s.Committed()
	topic := func(n int) string { return fmt.Sprintf("coldshelf/v1/t/alerts/s1/d%d/stockout/A%%2F1%%2B", n) }
	b.until(t, 5)
	head, err := alert.LogHead(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}
	b.restart(fmt.Sprintf(`{"cursor":"%d"}`, head-2))
	if got, want := b.until(t, 2), []string{topic(3), topic(4)}; !slices.Equal(got, want) {
		t.Errorf("after a restart it was told %q, want %q", got, want)
	}
	b.restart(fmt.Sprintf(`{"cursor":"%d"}`, head+1000)) // of a log that was restored from a backup, and nobody has said so
	s.Committed()
	if got, want := b.until(t, 6), []string{deliver.RestoredTopic("t"), topic(0), topic(1), topic(2), topic(3), topic(4)}; !sameButOrder(got, want) || got[0] != want[0] {
		t.Errorf("after a mark of the future it was told %q, want %q", got, want)
	}
	h.sellOut("d5", shelf.Empty)
	s.Committed()
	if got := b.until(t, 7); got[6] != topic(5) {
		t.Errorf("then it was told %q, want %q", got[6], topic(5))
	}
	b.restart("")
	if got := b.until(t, 6); got[0] != topic(0) || got[5] != topic(5) {
		t.Errorf("after it lost everything it was told %q", got)
	}
}

func TestMQTTHasTheLastStateOfEachSubject(t *testing.T) {
	h := newHouse(t)
	b := &broker{fails: 3, kept: map[string]string{}}
	h.sellOut("d1", shelf.Empty) // before the service ever ran
	s := h.start(deliver.Config{MQTT: b.connect})
	h.sellOut("d2", shelf.Misplaced)
	s.Committed()
	want := []string{"coldshelf/v1/t/alerts/s1/d1/stockout/A%2F1%2B", "coldshelf/v1/t/alerts/s1/d2/misplaced/A%2F1%2B"}
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		b.mu.Lock()
		got := slices.Clone(b.order)
		b.mu.Unlock()
		if len(got) == 2 {
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			break
		}
	}
	h.stop()
	if len(b.kept) != 2 || !strings.Contains(b.kept[want[0]], `"type":"org.coldshelf.alert.opened"`) {
		t.Errorf("kept: %v", b.kept)
	}
	h.start(deliver.Config{MQTT: b.connect})
	h.sellOut("d3", shelf.Empty)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		b.mu.Lock()
		n := len(b.order)
		b.mu.Unlock()
		if n == 3 {
			return
		}
	}
	t.Errorf("after a restart: %q", b.order)
}

// TestMutedQuietsPeople: while an alert is muted people are told nothing of it; programs are.
func TestMutedQuietsPeople(t *testing.T) {
	h := newHouse(t)
	people, peopleCalls := endpoint(t, func(_ int, w http.ResponseWriter) { io.WriteString(w, `{"errcode":0}`) })
	program, programCalls := endpoint(t, ok)
	h.hook(deliver.Webhook{URL: people, Format: deliver.FormatWeCom})
	h.hook(deliver.Webhook{URL: program})
	h.start(deliver.Config{AllowPrivate: true})
	h.sellOut("d1", shelf.Empty)
	next(t, peopleCalls)
	next(t, programCalls)
	alerts, _, err := alert.List(t.Context(), h.db, alert.Filter{Tenant: "t", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.engine.Say(t.Context(), h.db, "t", alerts[0].ID, alert.Word{Action: alert.ActionMute, Until: time.Now().Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	h.refill("d1")
	h.sellOut("d2", shelf.Empty)
	for _, want := range []string{"muted", "resolved", "opened"} {
		if got := next(t, programCalls); !strings.Contains(got.body, "org.coldshelf.alert."+want) {
			t.Errorf("the program is told %.200s, want %s", got.body, want)
		}
	}
	if got := next(t, peopleCalls); !strings.Contains(got.body, "d2") {
		t.Errorf("people are told %s, want d2 alone", got.body)
	}
}
