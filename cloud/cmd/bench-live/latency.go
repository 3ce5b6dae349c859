package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// latencyReport is the first part's result.
type latencyReport struct {
	Asked      int       `json:"asked_per_second"`
	Sent       float64   `json:"sent_per_second"`
	Alert      quantiles `json:"publish_to_alert"`
	Broker     quantiles `json:"publish_to_broker_subscriber"`
	CoalesceMS int       `json:"coalesce_ms"`
	Ratio      float64   `json:"p99_ratio"` // (alert − coalescing interval) ÷ broker; the bar is 5
	ServiceCPU float64   `json:"service_cpu_ms_per_message"`
	Lost       int       `json:"lost"`
	Doubled    int       `json:"doubled"`
}

// patience is how long nothing may come before what is missing counts as lost: on a busy machine all is late.
const patience = time.Minute

const coalesce = 150 * time.Millisecond // live's default

// serveLoad is the child: the whole service on a broker elsewhere, with a rule that opens at once.
func serveLoad(ctx context.Context, broker string) error {
	dir, err := os.MkdirTemp("", "bench-live-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	rules := filepath.Join(dir, "rules.yml")
	if err := os.WriteFile(rules, []byte("version: 1\nrules:\n- {types: [stockout], open: {bad: 1, of: 1}}\n"), 0o600); err != nil {
		return err
	}
	c := config.Defaults()
	c.Listen, c.DataDir, c.Tenant, c.MQTT.Broker, c.MQTT.ClientID, c.Alerts.Rules = "127.0.0.1:0", dir, "t", broker, "bench", rules
	s, err := cloud.Open(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	return s.Run(ctx)
}

// startMosquitto starts the broker that both ways go through.
func startMosquitto(ctx context.Context) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	f, err := os.CreateTemp("", "bench-live-*.conf")
	if err != nil {
		return "", nil, err
	}
	fmt.Fprintf(f, "listener %d 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\nmax_queued_messages 0\n", addr.Port)
	if err := f.Close(); err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, "/usr/sbin/mosquitto", "-c", f.Name())
	cmd.Stdout, cmd.Stderr = io.Discard, io.Discard
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("start mosquitto: %w", err)
	}
	stop = func() { cmd.Process.Kill(); cmd.Wait(); os.Remove(f.Name()) }
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		conn, err := net.DialTimeout("tcp", addr.String(), time.Second)
		if err == nil {
			conn.Close()
			return "mqtt://" + addr.String(), stop, nil
		}
	}
	stop()
	return "", nil, errors.New("mosquitto does not listen")
}

func connect(url, id string) (mqtt.Client, error) {
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetOrderMatters(false).SetMessageChannelDepth(10_000))
	token := c.Connect()
	if !token.WaitTimeout(20 * time.Second) {
		return nil, errors.New("the broker does not answer")
	}
	return c, token.Error()
}

// slots a device has, each of which sells out once.
const slots = 5

func measureLatency(ctx context.Context, o options) (*latencyReport, error) {
	url, stop, err := startMosquitto(ctx)
	if err != nil {
		return nil, err
	}
	defer stop()
	service, err := start(ctx, "service", url, o)
	if err != nil {
		return nil, err
	}
	defer service.stop()

	// The peer: whoever subscribes at the broker.
	var mu sync.Mutex
	var direct, viaAlert []time.Duration
	peer, err := connect(url, "peer")
	if err != nil {
		return nil, err
	}
	defer peer.Disconnect(100)
	token := peer.Subscribe(wire.AllUp, 1, func(_ mqtt.Client, m mqtt.Message) {
		now := time.Now()
		if env, err := wire.Decode(m.Payload()); err == nil {
			mu.Lock()
			direct = append(direct, now.Sub(env.CapturedAt))
			mu.Unlock()
		}
	})
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		return nil, fmt.Errorf("subscribe: %w", token.Error())
	}

	// The subscriber of the live stream.
	seen := map[string]int{}
	follow, end := context.WithCancel(ctx)
	defer end()
	var following sync.WaitGroup
	var followed error
	following.Go(func() {
		c := client.Client{Base: "http://" + service.addr}
		followed = c.Follow(follow, client.Filter{Types: []string{"stockout"}}, &client.Memory{Cursor: "0"}, client.Handler{Changed: func(ch client.Change) error {
			now := time.Now()
			mu.Lock()
			defer mu.Unlock()
			if seen[ch.Alert.Subject]++; seen[ch.Alert.Subject] == 1 {
				viaAlert = append(viaAlert, now.Sub(ch.Time))
			}
			return nil
		}})
	})

	expected, sent, took, err := load(ctx, url, o)
	if err != nil {
		return nil, err
	}
	deadline, before := time.Now().Add(patience), 0
	for {
		mu.Lock()
		n := len(seen)
		mu.Unlock()
		if n > before {
			deadline, before = time.Now().Add(patience), n
		}
		if n >= expected || time.Now().After(deadline) || ctx.Err() != nil {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}
	used, err := service.usage()
	if err != nil {
		return nil, err
	}
	end()
	following.Wait()
	mu.Lock()
	defer mu.Unlock()
	r := &latencyReport{Asked: o.Rate, Sent: float64(sent) / took.Seconds(), Alert: quantilesOf(viaAlert), Broker: quantilesOf(direct),
		ServiceCPU: used.cpu.Seconds() * 1000 / float64(max(1, sent)), CoalesceMS: int(coalesce / time.Millisecond), Lost: expected - len(seen)}
	for _, n := range seen {
		r.Doubled += n - 1
	}
	if r.Broker.P99 > 0 {
		r.Ratio = (r.Alert.P99 - float64(r.CoalesceMS)) / r.Broker.P99
	}
	return r, followed
}

// load publishes observations at the asked rate, through a few connections, and sells out a slot with
// one in forty. It gives how many slots were sold out.
func load(ctx context.Context, url string, o options) (expected, sent int, took time.Duration, err error) {
	const connections = 10
	clients := make([]mqtt.Client, connections)
	last := make([]mqtt.Token, connections) // of each connection; what came before it was sent before it
	for i := range clients {
		if clients[i], err = connect(url, fmt.Sprint("load-", i)); err != nil {
			return 0, 0, 0, err
		}
		defer clients[i].Disconnect(250)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	empty := make([]int, o.Devices) // slots that are sold out
	seq := make([]uint64, o.Devices)
	began := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return expected, sent, time.Since(began), ctx.Err()
		case <-tick.C:
		}
		passed := time.Since(began)
		for due := int(passed.Seconds() * float64(o.Rate)); sent < due; sent++ {
			d := sent % o.Devices
			if seq[d] > 0 && empty[d] < slots && rng.IntN(40) == 0 {
				empty[d]++
				expected++
			}
			seq[d]++
			payload, err := observation(d, seq[d], empty[d])
			if err != nil {
				return 0, 0, 0, err
			}
			id := identity(d)
			last[d%connections] = clients[d%connections].Publish(id.Topic(wire.KindObservation), 1, false, payload)
		}
		if passed >= o.Load {
			return expected, sent, passed, taken(last)
		}
	}
}

// taken waits until the broker has what was published last: to disconnect before is to lose it, on a machine
// that is too busy to send at the asked rate.
func taken(tokens []mqtt.Token) error {
	for _, t := range tokens {
		if t == nil {
			continue
		}
		if !t.WaitTimeout(30 * time.Second) {
			return errors.New("the broker does not take what is published")
		}
		if t.Error() != nil {
			return fmt.Errorf("publish: %w", t.Error())
		}
	}
	return nil
}

func identity(d int) wire.Identity {
	return wire.Identity{Tenant: "t", Store: fmt.Sprint("s", d/10), Device: fmt.Sprint("d", d)}
}

func observation(d int, seq uint64, empty int) ([]byte, error) {
	now := time.Now().UTC()
	obs := shelf.Observation{CapturedAt: now, Width: 1280, Height: 720, PlanogramID: "p", PlanogramVersion: 1, Model: "bench", Facings: []shelf.Facing{}}
	for s := range slots {
		r := shelf.SlotReading{SlotID: fmt.Sprint("a", s), Shelf: 1, GTIN: "4006381333931", State: shelf.OK, Due: 2, Present: 2, Box: shelf.Box{X: 50 * s, W: 50, H: 100}}
		if s < empty {
			r.State, r.Present = shelf.Empty, 0
		}
		obs.Slots = append(obs.Slots, r)
	}
	return wire.Encode(&wire.Envelope{Identity: identity(d), Boot: 1, Seq: seq, CapturedAt: now, Clock: telemetry.NTP, Body: &wire.Observation{Observation: obs}})
}
