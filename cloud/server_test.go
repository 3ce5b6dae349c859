package cloud_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

const patience = 60 * time.Second

// serve runs the service on free ports; stop ends it and waits.
func serve(t *testing.T, change func(*config.Config)) (s *cloud.Server, c config.Config, stop func()) {
	t.Helper()
	c = config.Defaults()
	c.Listen, c.MQTT.Listen, c.DataDir, c.Tenant = "127.0.0.1:0", "127.0.0.1:0", t.TempDir(), "t"
	if change != nil {
		change(&c)
	}
	s, err := cloud.Open(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the service ended: %v", err)
			}
		case <-time.After(patience):
			t.Error("the service does not end")
		}
	})
	t.Cleanup(stop)
	return s, c, stop
}

// board is a device that sends what it has until it is acknowledged, as the agent does.
type board struct {
	id     wire.Identity
	client mqtt.Client

	mu    sync.Mutex
	open  map[uint64][]byte // by seq, of boot 1
	acked chan struct{}     // told after each acknowledgement
	seq   uint64
	gtin  shelf.GTIN // due in each of its slots
}

func newBoard(t *testing.T, url, device string) *board {
	t.Helper()
	return newBoardWith(t, url, device, func(*mqtt.ClientOptions) {})
}

func newBoardWith(t *testing.T, url, device string, options func(*mqtt.ClientOptions)) *board {
	t.Helper()
	return newBoardOf(t, url, wire.Identity{Tenant: "t", Store: "s1", Device: device}, options)
}

func newBoardOf(t *testing.T, url string, id wire.Identity, options func(*mqtt.ClientOptions)) *board {
	t.Helper()
	b := &board{id: id, gtin: "4006381333931", open: map[uint64][]byte{}, acked: make(chan struct{}, 1)}
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID(id.Device).SetCleanSession(false).SetOrderMatters(false).
		SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond).SetMaxReconnectInterval(100 * time.Millisecond).
		SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { b.hear(t, m.Payload()) })
	heard := make(chan struct{})
	told := sync.OnceFunc(func() { close(heard) })
	o.SetOnConnectHandler(func(c mqtt.Client) { go b.subscribe(c, told) })
	options(o)
	b.client = mqtt.NewClient(o)
	if token := b.client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("connect: %v", token.Error())
	}
	t.Cleanup(func() { b.client.Disconnect(0) })
	select {
	case <-heard:
	case <-time.After(patience):
		t.Fatalf("%s: the broker does not answer its subscription", id.Device)
	}
	return b
}

// subscribe asks until the broker has agreed, as the agent does: a node of a cluster that has just lost another may
// leave a subscription without an answer.
func (b *board) subscribe(c mqtt.Client, told func()) {
	for c.IsConnectionOpen() {
		token := c.Subscribe(b.id.DownFilter(), 1, nil)
		if token.WaitTimeout(5*time.Second) && token.Error() == nil && token.(*mqtt.SubscribeToken).Result()[b.id.DownFilter()] != 0x80 {
			told()
			return
		}
	}
}

func (b *board) hear(t *testing.T, payload []byte) {
	env, err := wire.Decode(payload)
	if err != nil {
		t.Errorf("from the cloud: %v", err)
		return
	}
	ack, ok := env.Body.(*wire.Ack)
	if !ok {
		return
	}
	b.mu.Lock()
	for _, r := range ack.Ranges {
		for seq := r.From; seq <= r.To; seq++ {
			delete(b.open, seq)
		}
	}
	b.mu.Unlock()
	for _, r := range ack.Rejected {
		t.Errorf("rejected: %+v", r)
	}
	select {
	case b.acked <- struct{}{}:
	default:
	}
}

// say puts an observation into the board's outbox and sends it.
func (b *board) say(t *testing.T, states ...shelf.State) {
	t.Helper()
	b.sayAt(t, time.Now(), states...)
}

// sayAt is say of a look that was made at a time.
func (b *board) sayAt(t *testing.T, at time.Time, states ...shelf.State) {
	t.Helper()
	b.seq++
	at = at.UTC().Truncate(time.Microsecond)
	o := shelf.Observation{CapturedAt: at, Width: 640, Height: 480, PlanogramID: "p", PlanogramVersion: 1, Model: "m", Facings: []shelf.Facing{}}
	for i, s := range states {
		r := shelf.SlotReading{SlotID: string(rune('a' + i)), Shelf: 1, GTIN: b.gtin, State: s, Due: 1, Box: shelf.Box{X: 10 * i, W: 10, H: 20}}
		if s == shelf.OK {
			r.Present = 1
		}
		o.Slots = append(o.Slots, r)
	}
	payload, err := wire.Encode(&wire.Envelope{Identity: b.id, Boot: 1, Seq: b.seq, CapturedAt: at, Clock: telemetry.NTP, Body: &wire.Observation{Observation: o}})
	if err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	b.open[b.seq] = payload
	b.mu.Unlock()
	b.client.Publish(b.id.Topic(wire.KindObservation), 1, false, payload)
}

// left is how many messages are not acknowledged.
func (b *board) left() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.open)
}

// drain sends what is open again and again until all is acknowledged.
func (b *board) drain(t *testing.T) {
	t.Helper()
	deadline := time.After(patience)
	for {
		b.mu.Lock()
		open := len(b.open)
		b.mu.Unlock()
		if open == 0 {
			return
		}
		select {
		case <-b.acked:
		case <-time.After(time.Second):
			b.mu.Lock()
			for _, payload := range b.open {
				b.client.Publish(b.id.Topic(wire.KindObservation), 1, false, payload)
			}
			b.mu.Unlock()
		case <-deadline:
			t.Fatalf("%d messages are not acknowledged", open)
		}
	}
}

// points counts a device's messages in the series of a service that has ended.
func points(t *testing.T, c config.Config, device string) int {
	t.Helper()
	s, err := embedded.Open(context.Background(), c.SeriesURL())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	list, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: device, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// TestStockoutReachesTheStream: observations in at one end, one alert out of the other, through the
// embedded broker and through Mosquitto.
func TestStockoutReachesTheStream(t *testing.T) {
	for _, name := range []string{"embedded", "mosquitto"} {
		t.Run(name, func(t *testing.T) {
			url := ""
			s, _, _ := serve(t, func(c *config.Config) {
				if name == "mosquitto" {
					url = mosquitto.Start(t).URL()
					c.MQTT.Broker, c.MQTT.ClientID = url, "ingest-1"
				}
			})
			if url == "" {
				url = "mqtt://" + s.MQTTAddr()
			}
			conn, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", nil)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.WriteJSON(map[string]any{"type": "subscribe", "cursor": "0"}); err != nil {
				t.Fatal(err)
			}
			b := newBoard(t, url, "d1")
			b.say(t, shelf.OK, shelf.OK)
			for range 5 {
				b.say(t, shelf.OK, shelf.Empty)
			}
			b.drain(t)

			conn.SetReadDeadline(time.Now().Add(patience))
			opened := 0
			for opened == 0 {
				var m struct {
					Type   string
					Events []struct {
						Type string
						Data struct{ Type, Slot, Device string }
					}
				}
				if err := conn.ReadJSON(&m); err != nil {
					t.Fatalf("no alert came: %v", err)
				}
				for _, e := range m.Events {
					if e.Data.Type == "stockout" && e.Data.Slot == "b" && e.Data.Device == "d1" && strings.HasSuffix(e.Type, ".opened") {
						opened++
					}
				}
			}
			if opened != 1 {
				t.Errorf("opened %d times, want once", opened)
			}
		})
	}
}

// TestBrokerKilled: Mosquitto is killed -9 ten times while boards speak; nothing is lost or doubled.
func TestBrokerKilled(t *testing.T) {
	mosq := mosquitto.Start(t)
	_, c, stop := serve(t, func(c *config.Config) { c.MQTT.Broker, c.MQTT.ClientID = mosq.URL(), "ingest-1" })
	boards := []*board{newBoard(t, mosq.URL(), "d1"), newBoard(t, mosq.URL(), "d2")}
	const rounds, each = 11, 50
	for round := range rounds {
		for range each {
			for _, b := range boards {
				b.say(t, shelf.OK, shelf.OK)
			}
		}
		if round < rounds-1 {
			mosq.Kill(t, syscall.SIGKILL)
			mosq.Start(t)
		}
	}
	for _, b := range boards {
		b.drain(t)
	}
	stop()
	for _, b := range boards {
		if got := points(t, c, b.id.Device); got != rounds*each {
			t.Errorf("%s: %d messages in the series, want %d", b.id.Device, got, rounds*each)
		}
	}
	db, err := state.Open(context.Background(), c.StateURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	seen, err := state.BootSeen(context.Background(), db, "t", "d1", 1)
	if got := fmt.Sprint(seen.Ranges.List()); err != nil || got != fmt.Sprintf("[{1 %d}]", rounds*each) {
		t.Errorf("seen %s, %v", got, err)
	}
	t.Logf("%d kills, %d messages said, none lost", rounds-1, rounds*each*len(boards))
}

// TestServiceStopped: the service is stopped and started again in the middle of the boards' talk.
func TestServiceStopped(t *testing.T) {
	mosq := mosquitto.Start(t)
	dir := t.TempDir()
	same := func(c *config.Config) { c.MQTT.Broker, c.MQTT.ClientID, c.DataDir = mosq.URL(), "ingest-1", dir }
	_, c, stop := serve(t, same)
	b := newBoard(t, mosq.URL(), "d1")
	const rounds, each = 3, 60
	for round := range rounds {
		for range each {
			b.say(t, shelf.OK)
		}
		if round < rounds-1 {
			stop()
			_, _, stop = serve(t, same)
		}
	}
	b.drain(t)
	stop()
	if got := points(t, c, "d1"); got != rounds*each {
		t.Errorf("%d messages in the series, want %d", got, rounds*each)
	}
}

// TestOperators: health, readiness, metrics, the page.
func TestOperators(t *testing.T) {
	s, _, _ := serve(t, nil)
	for _, c := range []struct{ path, want string }{
		{"/healthz", `"status":"ok"`}, {"/readyz", `"status":"ok"`}, {"/metrics", "coldshelf_ingest_batch_seconds_count"}, {"/", "<!doctype html>"},
		{"/v1/coolers", `"coolers":[]`}, {"/v1/alerts", `"alerts":[]`},
	} {
		resp, err := http.Get("http://" + s.Addr() + c.path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(strings.ToLower(string(body)), c.want) {
			t.Errorf("%s: %d, %v, %.200s", c.path, resp.StatusCode, err, body)
		}
		if strings.HasSuffix(c.path, "z") && !json.Valid(body) {
			t.Errorf("%s is no JSON: %s", c.path, body)
		}
	}
}

// TestNotReady: a broker that is not there is said, while the service waits for it.
func TestNotReady(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.MQTT.Broker = "mqtt://127.0.0.1:1" })
	resp, err := http.Get("http://" + s.Addr() + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(string(body), "broker") {
		t.Errorf("%d, %s", resp.StatusCode, body)
	}
}

// TestOpenRefuses: what is wrong is said before anything runs, with a hint.
func TestOpenRefuses(t *testing.T) {
	s, _, _ := serve(t, nil)
	empty := t.TempDir()
	for _, c := range []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"the page's port is busy", func(c *config.Config) { c.Listen = s.Addr() }, "is taken by another program"},
		{"the broker's port is busy", func(c *config.Config) { c.MQTT.Listen = s.MQTTAddr() }, "is taken by another program"},
		{"no such folder of planograms", func(c *config.Config) { c.Planograms = filepath.Join(empty, "none") }, "read planograms"},
		{"an empty folder of planograms", func(c *config.Config) { c.Planograms = empty }, "holds none"},
		{"state cannot be written", func(c *config.Config) { c.State = "sqlite:/proc/nothing/state.db" }, "open state"},
		{"a series of nobody", func(c *config.Config) { c.Series = "graphite://x" }, "series"},
	} {
		t.Run(c.name, func(t *testing.T) {
			conf := config.Defaults()
			conf.Listen, conf.MQTT.Listen, conf.DataDir = "127.0.0.1:0", "127.0.0.1:0", t.TempDir()
			c.change(&conf)
			_, err := cloud.Open(context.Background(), conf, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}
