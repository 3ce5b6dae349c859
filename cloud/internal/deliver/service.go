package deliver

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Config configures a Service. Zero values stand for the defaults in brackets.
type Config struct {
	DB           *state.DB
	Dir          string                                     // the service's own data folder; "": none, and after a kill the successor waits until the lease has run out
	MQTT         func(ctx context.Context) (Session, error) // connects to the broker; nil: alerts are not published there
	SMTP         SMTP                                       // sends e-mails; without a server they become dead letters
	Book         func(tenant string) *alert.Rulebook        // returns a tenant's rules, which say whom to tell; nil: nobody is told
	AllowPrivate bool                                       // webhooks may call addresses of private networks
	Timeout      time.Duration                              // for one call of a webhook [15 s]
	Poll         time.Duration                              // how often the log, and the list of webhooks, is read without being told [2 s]
	Retry        time.Duration                              // first pause after a failure [5 s]; it doubles up to five minutes
	GiveUp       time.Duration                              // how long an event is tried for a webhook that fails [24 h]
	Term         time.Duration                              // of the lease with which one of several services on a PostgreSQL delivers [4 s]
	Resolver     *net.Resolver                              // for the names of webhooks; nil: the system's
	Now          func() time.Time
	Sleep        func(ctx context.Context, d time.Duration) bool // waits on Now's clock, and returns false once ctx ends; nil: real time
	Log          *slog.Logger
}

func (c Config) withDefaults() Config {
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	span(&c.Timeout, 15*time.Second)
	span(&c.Poll, 2*time.Second)
	span(&c.Retry, 5*time.Second)
	span(&c.GiveUp, 24*time.Hour)
	span(&c.Term, 4*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sleep == nil {
		c.Sleep = sleep
	}
	return c
}

// Service delivers the log to every target.
type Service struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	wakes map[chan struct{}]struct{}
	again chan struct{} // the list of webhooks may have changed
	lease *lease        // nil on SQLite, which has one service
}

// New returns a service that delivers nothing until Run is called.
func New(cfg Config) *Service {
	cfg = cfg.withDefaults()
	s := &Service{cfg: cfg, client: newClient(cfg.AllowPrivate, cfg.Timeout, cfg.Resolver), wakes: map[chan struct{}]struct{}{}, again: make(chan struct{}, 1)}
	if cfg.DB.Postgres() {
		s.lease = newLease(cfg.DB, cfg.Term, cfg.Log)
	}
	return s
}

// Committed tells every target that there may be something new. It does not block.
func (s *Service) Committed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for wake := range s.wakes {
		ring(wake)
	}
}

// Changed must be called when the list of webhooks has changed.
func (s *Service) Changed() { ring(s.again) }

func ring(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, and waits for the calls in progress. Of several services on one PostgreSQL, one
// at a time delivers to the broker and to webhooks; people are told by all of them, who share the notices.
func (s *Service) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	if s.cfg.Book != nil {
		all.Go(func() { s.tellPeople(ctx) })
	}
	if s.lease == nil {
		s.leadAll(ctx)
		return nil
	}
	if s.cfg.Dir != "" {
		c, err := newHold(filepath.Join(s.cfg.Dir, "deliver.lock"), s.lease.holder)
		switch {
		case err != nil: // we lose a wait, nothing else
			s.cfg.Log.Warn("who delivered before is not known, its lease is waited out", "err", err)
		case c != nil:
			defer c.close()
			s.lease.dead = c.dead
		}
	}
	s.lease.run(ctx, s.leadAll)
	return nil
}

// leadAll delivers to the broker and every webhook until ctx ends, and waits for the calls in progress.
func (s *Service) leadAll(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	if s.cfg.MQTT != nil {
		m := &MQTT{Connect: s.cfg.MQTT, DB: s.cfg.DB, Log: s.cfg.Log}
		all.Go(func() {
			defer m.leave(ctx)
			_ = s.lead(ctx, follower{name: mqttReader, target: m, longest: brokerPause}) // a broker is never gone for good
		})
	}
	running := map[string]*leading{}
	poll := time.NewTicker(s.cfg.Poll)
	defer poll.Stop()
	for {
		hooks, err := List(ctx, s.cfg.DB, "")
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("webhooks cannot be read", "err", err)
		}
		if err == nil {
			wanted := map[string]bool{}
			for _, w := range hooks {
				if w.Disabled != "" {
					continue
				}
				wanted[w.ID] = true
				l := running[w.ID]
				if l != nil && l.kicks != w.kicks {
					l.kicks = w.kicks
					ring(l.kick)
				}
				if l == nil || l.ended.Load() {
					one, cancel := context.WithCancel(ctx)
					l := &leading{cancel: cancel, kick: make(chan struct{}, 1), kicks: w.kicks}
					running[w.ID] = l
					all.Go(func() {
						defer cancel()
						s.hook(one, w, l)
					})
				}
			}
			maps.DeleteFunc(running, func(id string, l *leading) bool {
				if !wanted[id] {
					l.cancel()
				}
				return !wanted[id]
			})
		}
		select {
		case <-ctx.Done():
			for _, l := range running {
				l.cancel()
			}
			return
		case <-s.again:
		case <-poll.C:
		}
	}
}

// leading is one webhook that is being delivered to.
type leading struct {
	cancel context.CancelFunc
	kick   chan struct{} // ends a pause
	kicks  int64         // of Webhook
	ended  atomic.Bool   // by itself: if it is still wanted, or wanted again, it must be started anew
}

// hook delivers to one webhook, and disables it when its target is gone.
func (s *Service) hook(ctx context.Context, w Webhook, l *leading) {
	t, err := s.target(w)
	if err != nil {
		s.cfg.Log.Error("webhook cannot be used", "webhook", w.ID, "err", err)
		return
	}
	err = s.lead(ctx, follower{name: w.reader(), begun: true, target: t, giveUp: s.cfg.GiveUp, longest: maxPause, kick: l.kick})
	defer l.ended.Store(true)
	if !errors.Is(err, ErrGone) {
		return
	}
	s.cfg.Log.Warn("webhook's target is gone, it is told no more", "webhook", w.ID)
	if err := disable(ctx, s.cfg.DB, w.ID, "the target answered 410 Gone"); err != nil {
		s.cfg.Log.Error("webhook cannot be disabled", "webhook", w.ID, "err", err)
		return
	}
	l.ended.Store(true)
	s.Changed() // somebody may have re-enabled it already
}

func (s *Service) target(w Webhook) (Target, error) {
	h, err := newHook(w, s.client, s.cfg.Now)
	if err != nil || w.Format != FormatEmail {
		return h, err
	}
	to, err := channel.Addressees(w.URL)
	return &post{hook: *h, smtp: &s.cfg.SMTP, to: to, timeout: s.cfg.Timeout}, err
}

// mqttReader is the name of the cursor up to which the broker was told.
const mqttReader = "mqtt"

// brokerPause is the longest pause before a broker is tried again, because everybody who receives alerts
// through it waits.
const brokerPause = 10 * time.Second

func (s *Service) lead(ctx context.Context, f follower) error {
	wake, leave := s.waking()
	defer leave()
	f.db, f.lease, f.wake, f.poll, f.retry = s.cfg.DB, s.lease, wake, s.cfg.Poll, min(s.cfg.Retry, f.longest/4)
	f.now, f.sleep, f.log = s.cfg.Now, s.cfg.Sleep, s.cfg.Log
	return f.run(ctx)
}

// waking returns a channel that is signalled when there may be something new, until leave is called.
func (s *Service) waking() (wake chan struct{}, leave func()) {
	wake = make(chan struct{}, 1)
	s.mu.Lock()
	s.wakes[wake] = struct{}{}
	s.mu.Unlock()
	return wake, func() {
		s.mu.Lock()
		delete(s.wakes, wake)
		s.mu.Unlock()
	}
}
