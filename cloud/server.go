// Package cloud is the service as a value: Open checks and opens everything that cooler-cloud needs, so that
// faults are reported before anything runs, and Run serves until its context ends. It assembles the cloud's
// part of the way from a frame to an alert: ingest, alert, then live, deliver and api.
//
// It only wires the parts: which broker, which stores, which judge, what the page may ask. It guarantees the
// order of start and stop: stores and readers start before the boards are heard. At the end the boards are
// turned away first, what was taken from them is stored and acknowledged, and then the stores close.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/route"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Server is the service with everything open. It can be run once.
type Server struct {
	cfg      config.Config
	log      *slog.Logger
	registry *prometheus.Registry

	held   *os.File // the lock on the embedded state; nil: the state is on another server
	state  *state.DB
	series seriesStore
	engine *alert.Engine
	rules  *alert.RuleStore

	authority *access.Authority
	gate      *access.Gate // nil: nobody has to prove who they are
	setup     string       // path of the link for the first admin; "": there is an admin

	http      net.Listener
	handler   http.Handler
	mqtt      net.Listener   // nil with an external broker
	mqtts     net.Listener   // the same with TLS; nil: none
	embedded  *broker.Broker // nil with an external broker
	ingester  *ingest.Ingester
	live      *live.Hub
	deliver   *deliver.Service
	sales     *sales.Ledger
	merger    *merge.Follower
	book      *book.Desk
	router    *route.Router
	planner   *replenish.Planner
	drops     []*intake.Drop
	tills     *intake.POS // nil: this broker cannot carry them
	boards    api.Boards  // the broker, for messages to boards
	keeper    *care.Keeper
	conductor *rollout.Conductor
	stopping  atomic.Bool
	elsewhere uplink // the external broker; nil with the embedded one
}

// uplink is the connection to an external broker.
type uplink interface {
	Online() bool
	Why() string // the reason why it is not online
}

// Addr returns where the page and the API answer.
func (s *Server) Addr() string { return s.http.Addr().String() }

// MQTTAddr returns where the embedded broker listens, or "" with an external broker.
func (s *Server) MQTTAddr() string {
	if s.mqtt == nil {
		return ""
	}
	return s.mqtt.Addr().String()
}

// MQTTSAddr returns where the embedded broker listens with TLS, or "" if it does not.
func (s *Server) MQTTSAddr() string {
	if s.mqtts == nil {
		return ""
	}
	return s.mqtts.Addr().String()
}

// SetupPath returns the one-time link, without the host, with which somebody becomes the first admin; "" if
// there is an admin or none is needed.
func (s *Server) SetupPath() string { return s.setup }

// tickEvery is how often the judge looks at what depends on time alone.
const tickEvery = time.Second

// answerTime is how long requests in progress may take at the end.
const answerTime = 10 * time.Second

// rulesEvery is how often the service checks whether somebody else has changed the rules.
const rulesEvery = 2 * time.Second

// Run serves until ctx ends, then drains and closes everything. It returns nil then.
func (s *Server) Run(ctx context.Context) error {
	defer s.Close()
	defer context.AfterFunc(ctx, func() { s.stopping.Store(true) })()
	// Readers go on until the last batch is stored and reported.
	readers, stopReaders := context.WithCancel(context.WithoutCancel(ctx))
	defer stopReaders()
	g, running := errgroup.WithContext(ctx)
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	g.Go(func() error {
		if err := web.Serve(s.http); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve http: %w", err)
		}
		return nil
	})
	g.Go(func() error { return s.live.Run(readers) })
	g.Go(func() error { return s.deliver.Run(readers) })
	g.Go(func() error { return s.engine.Run(running, s.state, tickEvery, notifiers{s.live, s.deliver}.Committed) })
	g.Go(func() error { return s.rules.Run(running, rulesEvery) })
	g.Go(func() error { return s.merger.Run(running) })
	g.Go(func() error { return s.planner.Run(running) })
	g.Go(func() error { return s.keeper.Run(running) })
	g.Go(func() error { return s.conductor.Run(running) })
	g.Go(func() error { return s.housekeeping(running) })
	g.Go(func() error { return s.sell(running) })
	g.Go(func() error {
		// The last to start and the first to stop; then the readers may stop.
		err := s.ingest(running)
		stopReaders()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), answerTime)
		defer cancel()
		if stop := web.Shutdown(grace); stop != nil {
			web.Close() // streams do not end by themselves
		}
		s.router.Wait()
		return err
	})
	return g.Wait()
}

// ingest takes the boards' messages until ctx ends.
func (s *Server) ingest(ctx context.Context) error {
	if s.embedded == nil {
		return s.ingester.Run(ctx)
	}
	defer s.embedded.Close()
	g, running := errgroup.WithContext(ctx)
	g.Go(func() error { return s.ingester.Run(running) })
	g.Go(func() error {
		select {
		case <-s.embedded.Subscribed():
			if s.mqtts != nil {
				if err := s.embedded.Listen("mqtts", s.mqtts); err != nil {
					return err
				}
			}
			return s.embedded.Listen("mqtt", s.mqtt)
		case <-running.Done():
			return nil
		}
	})
	return g.Wait()
}

// housekeeping deletes what is older than it has to be.
func (s *Server) housekeeping(ctx context.Context) error {
	every := time.NewTicker(10 * time.Minute)
	defer every.Stop()
	for {
		now := time.Now()
		err := s.series.Maintain(ctx, now, series.Retention{Points: now.Add(-s.cfg.Keep.Points), Hours: now.Add(-s.cfg.Keep.Hours), Days: now.Add(-s.cfg.Keep.Days)})
		if err != nil && ctx.Err() == nil {
			s.log.Error("housekeeping", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// Close releases what Open has taken. Run does so by itself.
func (s *Server) Close() error {
	var errs []error
	if s.http != nil {
		errs = append(errs, ignoreClosed(s.http.Close()))
	}
	if s.mqtt != nil {
		errs = append(errs, ignoreClosed(s.mqtt.Close()))
	}
	if s.mqtts != nil {
		errs = append(errs, ignoreClosed(s.mqtts.Close()))
	}
	if s.embedded != nil {
		errs = append(errs, s.embedded.Close())
	}
	if s.series != nil {
		errs = append(errs, s.series.Close())
		s.series = nil
	}
	if s.state != nil {
		errs = append(errs, s.state.Close())
		s.state = nil
	}
	if s.held != nil {
		errs = append(errs, s.held.Close()) // last, because whoever comes next opens the stores
		s.held = nil
	}
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
