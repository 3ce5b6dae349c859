package live

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Config configures a Hub. Zero values stand for the defaults in brackets.
type Config struct {
	DB        *state.DB
	Coalesce  time.Duration // between two frames to a connection [150 ms]
	Poll      time.Duration // how often the log is read without a notification, for what other programs wrote [1 s]
	Heartbeat time.Duration // the longest silence towards a client [15 s]
	Clients   int           // most connections [20,000]
	Part      int           // most alerts in one message of a snapshot [10,000]
	Origins   []string      // pages that may connect besides our own, such as https://shop.example

	// Tenant returns whose alerts a request may see. Its error is sent to the client with status 401.
	Tenant func(*http.Request) (string, error)
	// Denied, unless nil, answers a request that showed no valid credential instead, so that a gate can count
	// it.
	Denied func(http.ResponseWriter)
	// Grant names the credential of a request. Standing is called whenever something is to be sent, and returns
	// ErrEnded if the credential no longer gives access to a tenant's stream. nil: no credential is needed.
	Grant    func(*http.Request) string
	Standing func(ctx context.Context, tenant, grant string) error
	Now      func() time.Time // [time.Now]
	Log      *slog.Logger
}

func (c Config) withDefaults() Config {
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	span(&c.Coalesce, 150*time.Millisecond)
	span(&c.Poll, time.Second)
	span(&c.Heartbeat, 15*time.Second)
	if c.Clients <= 0 {
		c.Clients = 20_000
	}
	if c.Part <= 0 {
		c.Part = 10_000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Hub reads the log and serves connections. It is an http.Handler.
type Hub struct {
	cfg      Config
	metrics  *Metrics
	wake     chan struct{} // there may be something new in the log
	wakeRest chan struct{} // there may be something new beside the log
	ready    chan struct{} // closed when Run serves
	closing  chan struct{} // closed when Run ends
	conns    sync.WaitGroup
	buffers  sync.Pool // write buffers are shared: most connections are silent most of the time

	// pages and snapshots limit how many connections hold much in memory: if a thousand reconnect together,
	// they take turns.
	pages, snapshots chan struct{}

	mu          sync.Mutex
	head        int64 // the stream has come so far
	serving     bool
	groups      map[string]*group
	wantCoolers int // number of groups that follow coolers
	// fresh marks tenants that are to be sent what goes beside the log, changed or not.
	fresh   map[string]bool
	clients int

	told map[coolerKey]bool // coolers about which alerts were sent since rows were last read

	coolers coolerFeed // used only by followRest
	besides besideFeed // the same
	regions regions
}

// NewHub returns a hub. It serves nobody until Run is called.
func NewHub(cfg Config, metrics *Metrics) *Hub {
	return &Hub{cfg: cfg.withDefaults(), metrics: metrics, wake: make(chan struct{}, 1), wakeRest: make(chan struct{}, 1), ready: make(chan struct{}), closing: make(chan struct{}),
		pages: make(chan struct{}, pagesAtOnce), snapshots: make(chan struct{}, snapshotsAtOnce), groups: map[string]*group{}}
}

// Ready is closed once Run accepts connections; earlier ones wait for a while.
func (h *Hub) Ready() <-chan struct{} { return h.ready }

// Committed tells the hub that there may be something new to read. It does not block.
func (h *Hub) Committed() {
	for _, wake := range []chan struct{}{h.wake, h.wakeRest} {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// Run reads the log until ctx ends, then closes every connection and waits for them.
func (h *Hub) Run(ctx context.Context) error {
	head, ok := h.findHead(ctx)
	if !ok {
		return nil
	}
	h.mu.Lock()
	h.head, h.serving = head, true
	h.mu.Unlock()
	close(h.ready)
	h.coolers.begin(h.cfg.Now())
	var rest sync.WaitGroup
	rest.Go(func() { h.followRest(ctx) })
	defer rest.Wait()
	defer h.conns.Wait()
	defer close(h.closing)

	poll := time.NewTicker(h.cfg.Poll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-h.wake:
		case <-poll.C:
		}
		if err := h.flush(ctx); err != nil && ctx.Err() == nil {
			h.cfg.Log.Error("live stream cannot read what is new", "err", err)
		}
		// Whatever is logged while we wait is sent together.
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(h.cfg.Coalesce):
		}
	}
}

// findHead asks for the log's newest entry until the database answers, because it may be restarting while the
// service starts. ok is false if ctx ends first.
func (h *Hub) findHead(ctx context.Context) (head int64, ok bool) {
	for {
		head, err := alert.LogHead(ctx, h.cfg.DB)
		if err == nil {
			return head, true
		}
		if ctx.Err() == nil {
			h.cfg.Log.Error("live stream cannot begin", "err", err)
		}
		select {
		case <-ctx.Done():
			return 0, false
		case <-time.After(h.cfg.Poll):
		}
	}
}

// How many entries are read at a time, for everybody and for a connection that catches up: about half a
// megabyte.
const (
	logPage   = 1000
	catchPage = 250
)

// flush publishes what is new in the log. Alerts never wait for anything that is sent beside it.
func (h *Hub) flush(ctx context.Context) error {
	h.mu.Lock()
	head := h.head
	h.mu.Unlock()
	for {
		entries, err := alert.ReadLog(ctx, h.cfg.DB, head, logPage)
		if err != nil || len(entries) == 0 {
			return err
		}
		events, err := encodeEvents(entries)
		if err != nil {
			return err
		}
		if err := h.refreshRegions(ctx); err != nil {
			return err
		}
		head = entries[len(entries)-1].Cursor
		h.metrics.Events.Add(float64(len(entries)))
		h.publish(head, events)
		if len(entries) < logPage {
			return nil
		}
	}
}

// followRest publishes what is sent beside the log until ctx ends: rows of coolers, and besides. A read may
// take long when thousands of coolers have changed; it takes at most half of one processor.
func (h *Hub) followRest(ctx context.Context) {
	poll := time.NewTicker(h.cfg.Poll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.wakeRest:
		case <-poll.C:
		}
		began := time.Now()
		if err := h.flushRest(ctx); err != nil && ctx.Err() == nil {
			h.cfg.Log.Error("live stream cannot read what is new", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(h.cfg.Coalesce, time.Since(began))):
		}
	}
}

func (h *Hub) flushRest(ctx context.Context) error {
	if err := h.refreshRegions(ctx); err != nil {
		return err
	}
	aside, err := h.changedBesides(ctx)
	if err != nil {
		return err
	}
	h.mu.Lock()
	wanted, told := h.wantCoolers > 0, h.told
	h.told = nil
	h.mu.Unlock()
	// Do this last of all that can fail, because a feed does not return again what it has returned.
	var rows []coolerRow
	if wanted {
		if rows, err = h.coolers.changed(ctx, h.cfg.DB, told, h.cfg.Now()); err != nil {
			h.besides = besideFeed{} // look again for what was to be sent
			h.tell(told)
			return err
		}
	} else {
		h.coolers.begin(h.cfg.Now())
	}
	if len(rows) > 0 || aside.any() {
		h.publishRest(rows, aside)
	}
	return nil
}

// tell records coolers whose number of open alerts has changed, for flushRest.
func (h *Hub) tell(coolers map[coolerKey]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for key := range coolers {
		h.tellOf(key)
	}
}

// tellOf records one of them. h.mu must be held.
func (h *Hub) tellOf(key coolerKey) {
	if h.wantCoolers == 0 {
		return
	}
	if h.told == nil {
		h.told = map[coolerKey]bool{}
	}
	h.told[key] = true
}

// Clients returns the number of connections.
func (h *Hub) Clients() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.clients
}

// snapshot reads everything that is open at one moment, for one selection, and returns the messages to send.
func (h *Hub) snapshot(ctx context.Context, s *selection) (parts [][]byte, cursor int64, err error) {
	part := Snapshot{Type: "snapshot", Alerts: []alert.Alert{}, Coolers: []fleet.Row{}}
	end := func() error {
		data, err := encode(part)
		parts, part.Alerts = append(parts, data), part.Alerts[:0]
		return err
	}
	standing := alert.Filter{Tenant: s.tenant, Statuses: []alert.Status{alert.StatusOpen, alert.StatusAcknowledged}}
	cursor, err = alert.Each(ctx, h.cfg.DB, standing, func(a *alert.Alert) error {
		if !s.alert(a) {
			return nil
		}
		if len(part.Alerts) == h.cfg.Part {
			part.More = true
			if err := end(); err != nil {
				return err
			}
		}
		part.Alerts = append(part.Alerts, *a)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if part.Coolers, err = allCoolers(ctx, h.cfg.DB, s, h.cfg.Now()); err != nil {
		return nil, 0, err
	}
	part.Cursor, part.More = formatCursor(cursor), false
	return parts, cursor, end()
}

// stretch returns the frame of the log after cursor, up to head and at most a page of it.
func (h *Hub) stretch(ctx context.Context, s *selection, cursor, head int64) (*frame, int64, error) {
	entries, err := alert.ReadTenantLog(ctx, h.cfg.DB, s.tenant, cursor, head, catchPage)
	if err != nil {
		return nil, 0, err
	}
	to := head
	if len(entries) == catchPage {
		to = entries[catchPage-1].Cursor
	}
	events, err := encodeEvents(entries)
	if err != nil {
		return nil, 0, err
	}
	return selected(s, cursor, to, events, nil, besides{}), to, nil
}

func encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode message: %w", err)
	}
	return data, nil
}
