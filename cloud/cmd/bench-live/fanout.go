package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// fanoutReport is the second part's result.
type fanoutReport struct {
	Subscribers int     `json:"subscribers"`
	Alerts      int     `json:"alerts"`
	Expected    int64   `json:"expected"` // events, over all subscribers
	Lost        int64   `json:"lost"`
	Doubled     int64   `json:"doubled"`
	Frames      int64   `json:"frames"`
	HubCPU      float64 `json:"hub_cpu_s"`
	BareCPU     float64 `json:"bare_cpu_s"`
	CPURatio    float64 `json:"cpu_ratio"` // the bar is 1.5
	HubRSS      int64   `json:"hub_rss_bytes"`
	BareRSS     int64   `json:"bare_rss_bytes"`
	RSSRatio    float64 `json:"rss_ratio"`
}

// groups of subscribers, each of which follows one store: a tenth of the alerts.
const groups = 10

// rest is how long connections settle before the alerts begin.
const rest = 2 * time.Second

// recorded is a frame as a subscriber of a group got it, for the bare broadcast to send again.
type recorded struct {
	Group int             `json:"group"`
	At    time.Duration   `json:"at"` // since the first frame of all
	Text  json.RawMessage `json:"text"`
}

// serveHub is the child with the live stream, on a database that another process writes alerts to, as
// where several machines share one. It is told of nothing and polls at its coalescing interval.
func serveHub(ctx context.Context, _ options, file string) error {
	db, err := state.Open(ctx, "sqlite:"+file)
	if err != nil {
		return err
	}
	defer db.Close()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	hub := live.NewHub(live.Config{DB: db, Poll: coalesce, Coalesce: time.Millisecond, Heartbeat: 5 * time.Minute, Log: log,
		Tenant: func(*http.Request) (string, error) { return "t", nil }}, live.NewMetrics(prometheus.NewRegistry()))
	mux := http.NewServeMux()
	mux.Handle("GET /v1/live", hub)
	mux.HandleFunc("POST /begin", func(http.ResponseWriter, *http.Request) {})
	return serve(ctx, mux, hub.Run)
}

// writer makes the alerts, here and not in the process that is measured.
type writer struct {
	db     *state.DB
	engine *alert.Engine
	dir    string
}

func newWriter(ctx context.Context) (*writer, error) {
	dir, err := os.MkdirTemp("", "bench-live-")
	if err != nil {
		return nil, err
	}
	w := &writer{dir: dir}
	if w.db, err = state.Open(ctx, "sqlite:"+w.file()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	w.engine = alert.NewEngine(alert.Config{Rules: alert.Rules{alert.Stockout: {Bad: 1, Of: 1, Good: 1, Severity: alert.Critical}}, Log: slog.New(slog.DiscardHandler)})
	if err := state.Migrate(ctx, w.db, state.Tables, alert.Tables); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *writer) file() string { return filepath.Join(w.dir, "state.db") }

func (w *writer) close() error { return errors.Join(w.db.Close(), os.RemoveAll(w.dir)) }

// run opens so many alerts a second.
func (w *writer) run(ctx context.Context, o options) error {
	total := int(o.Fan.Seconds() * float64(o.Alerts))
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for n, began := 0, time.Now(); n < total; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		for due := min(total, int(time.Since(began).Seconds()*float64(o.Alerts))); n < due; n++ {
			if err := sellOut(ctx, w.db, w.engine, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// sellOut opens alert number n, in the store of its group.
func sellOut(ctx context.Context, db *state.DB, engine *alert.Engine, n int) error {
	now := time.Now().UTC()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: fmt.Sprint("s", n%groups), Device: fmt.Sprint("d", n)}, Boot: 1, Seq: 1, CapturedAt: now, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1, Model: "bench",
			Slots: []shelf.SlotReading{{SlotID: "a1", GTIN: "4006381333931", State: shelf.Empty, Due: 2}}}}}
	return db.Write(ctx, func(tx *state.Tx) error { return engine.Step(ctx, tx, env) })
}

// serve answers on a free port, which it prints, while work runs.
func serve(ctx context.Context, h http.Handler, work func(context.Context) error) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h}
	go s.Serve(l)
	defer s.Close()
	fmt.Println(l.Addr())
	return work(ctx)
}

func measureFanout(ctx context.Context, o options) (*fanoutReport, error) {
	total := int(o.Fan.Seconds() * float64(o.Alerts))
	r := &fanoutReport{Subscribers: o.Subscribers, Alerts: total}
	w, err := newWriter(ctx)
	if err != nil {
		return nil, err
	}
	defer w.close()
	hub, err := start(ctx, "hub", w.file(), o)
	if err != nil {
		return nil, err
	}
	frames, used, err := subscribe(ctx, o, hub, r, total/groups, func() error { return w.run(ctx, o) })
	hub.stop()
	if err != nil {
		return nil, err
	}
	r.HubCPU, r.HubRSS = used.cpu.Seconds(), used.rss

	f, err := os.CreateTemp("", "bench-live-*.json")
	if err != nil {
		return nil, err
	}
	defer os.Remove(f.Name())
	err = errors.Join(json.NewEncoder(f).Encode(frames), f.Close())
	if err != nil {
		return nil, err
	}
	bare, err := start(ctx, "bare", f.Name(), o)
	if err != nil {
		return nil, err
	}
	again := &fanoutReport{}
	_, used, err = subscribe(ctx, o, bare, again, total/groups, func() error { return nil })
	bare.stop()
	if err != nil {
		return nil, err
	}
	if again.Lost > 0 {
		return nil, fmt.Errorf("the bare broadcast lost %d: this machine is too busy to be measured on, its load is %.0f", again.Lost, loadAverage())
	}
	r.BareCPU, r.BareRSS = used.cpu.Seconds(), used.rss
	r.CPURatio, r.RSSRatio = r.HubCPU/max(0.01, r.BareCPU), float64(r.HubRSS)/float64(max(1, r.BareRSS))
	return r, nil
}

// subscribe connects everybody, lets the alerts begin, and counts what each is given. It gives what
// one of each group got, and what the server used from the begin on.
func subscribe(ctx context.Context, o options, p *process, r *fanoutReport, each int, meanwhile func() error) ([]recorded, usage, error) {
	var frames []recorded
	var mu sync.Mutex
	var first time.Time
	var lost, doubled, count atomic.Int64
	var ready, done sync.WaitGroup
	conns := make([]*websocket.Conn, o.Subscribers)
	gate := make(chan struct{}, 64)
	var failed atomic.Pointer[error]
	for i := range conns {
		gate <- struct{}{}
		ready.Go(func() {
			defer func() { <-gate }()
			ws, _, err := websocket.DefaultDialer.DialContext(ctx, fmt.Sprintf("ws://%s/v1/live?group=%d", p.addr, i%groups), nil)
			if err != nil {
				failed.Store(&err)
				return
			}
			err = ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"subscribe","cursor":"0","alerts":{"stores":["s%d"]}}`, i%groups))
			if err != nil {
				failed.Store(&err)
				return
			}
			conns[i] = ws
		})
	}
	ready.Wait()
	if err := failed.Load(); err != nil {
		return nil, usage{}, *err
	}
	for i, ws := range conns {
		done.Go(func() {
			defer ws.Close()
			seen := make(map[string]bool, each)
			for len(seen) < each {
				ws.SetReadDeadline(time.Now().Add(rest + patience))
				_, data, err := ws.ReadMessage()
				if err != nil {
					break
				}
				count.Add(1)
				var m struct {
					Events []struct {
						ID string `json:"id"`
					} `json:"events"`
				}
				if json.Unmarshal(data, &m) != nil || len(m.Events) == 0 {
					continue
				}
				if i < groups {
					mu.Lock()
					if first.IsZero() {
						first = time.Now()
					}
					frames = append(frames, recorded{i, time.Since(first), data})
					mu.Unlock()
				}
				for _, e := range m.Events {
					if seen[e.ID] {
						doubled.Add(1)
					}
					seen[e.ID] = true
				}
			}
			lost.Add(int64(each - len(seen)))
		})
	}
	select {
	case <-time.After(rest):
	case <-ctx.Done():
		return nil, usage{}, ctx.Err()
	}
	before, err := p.usage()
	if err != nil {
		return nil, usage{}, err
	}
	resp, err := http.Post("http://"+p.addr+"/begin", "", nil)
	if err != nil {
		return nil, usage{}, err
	}
	resp.Body.Close()
	if err := meanwhile(); err != nil {
		return nil, usage{}, err
	}
	done.Wait()
	after, err := p.usage()
	r.Lost, r.Doubled, r.Frames, r.Expected = lost.Load(), doubled.Load(), count.Load(), int64(o.Subscribers)*int64(each)
	return frames, usage{after.cpu - before.cpu, after.rss}, err
}
