package cloud

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/route"
	"github.com/coldshelf/coldshelf/cloud/internal/yamlfile"
)

// replayEvery is how often parked sales are tried again: boards and planograms make stores and products
// known without a word to the ledger.
const replayEvery = time.Minute

// shelfKept is how old what the shelves show may be when orders are routed: boards look every few minutes.
const shelfKept = 30 * time.Second

// expireEvery is how often orders that were held for too long are let go; routing does so by itself.
const expireEvery = 5 * time.Second

// openSales makes what feeds the ledger besides the API.
func (s *Server) openSales(sub ingest.Subscriber) error {
	s.book = &book.Desk{DB: s.state, Ledger: s.sales, Series: s.series, Keep: shelfKept, Now: time.Now}
	s.router = route.New(s.sales, s.book)
	for _, d := range s.cfg.Sales.Drop {
		drop, err := s.openDrop(d)
		if err != nil {
			return Hint(err, "correct sales.drop in the configuration; cooler-cloud sales import --dry-run tries a mapping")
		}
		s.drops = append(s.drops, drop)
	}
	if broker, ok := sub.(intake.Broker); ok {
		s.tills = &intake.POS{Broker: broker, Ledger: s.sales, Log: s.log.With("part", "tills")}
	}
	return nil
}

func (s *Server) openDrop(d config.Drop) (*intake.Drop, error) {
	if err := os.MkdirAll(d.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("sales drop folder: %w", err)
	}
	drop := &intake.Drop{Dir: d.Dir, Channel: d.Channel, Ledger: s.sales, Tenant: s.cfg.Tenant, Log: s.log.With("part", "drop")}
	if d.Mapping == "" {
		return drop, nil
	}
	m, err := ReadMapping(d.Mapping)
	if err == nil && m.Format != "csv" {
		err = fmt.Errorf("%s: the mapping is for %s, a drop folder takes csv", d.Mapping, m.Format)
	}
	drop.Mapping = m
	return drop, err
}

// ReadMapping reads a file that says where the fields of a sale are.
func ReadMapping(path string) (*intake.Mapping, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read mapping: %w", err)
	}
	m, err := intake.DecodeMapping(data)
	if err == nil && !m.NamesChannel() {
		err = errors.New("mapping: channel is missing")
	}
	if err == nil {
		err = yamlfile.Whole(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// sell takes sales from drop folders and tills, and parked ones again, until ctx ends.
func (s *Server) sell(ctx context.Context) error {
	g, running := errgroup.WithContext(ctx)
	for _, d := range s.drops {
		g.Go(func() error { return d.Run(running, s.cfg.Sales.Every) })
	}
	if s.tills != nil {
		g.Go(func() error { return s.tills.Run(running) })
	}
	feeder := &book.Feeder{Desk: s.book, Judge: s.engine, Committed: notifiers{s.live, s.deliver}.Committed, Every: s.cfg.Sales.Feed}
	g.Go(func() error {
		return s.everyTenant(running, s.cfg.Sales.Feed, "tell the books to the alerts", feeder.Feed)
	})
	g.Go(func() error { return s.everyTenant(running, replayEvery, "replay parked sales", s.replay) })
	g.Go(func() error {
		return s.everyTenant(running, expireEvery, "let go what was held for too long", s.sales.Expire)
	})
	return g.Wait()
}

// everyTenant does something for each tenant again and again until ctx ends.
func (s *Server) everyTenant(ctx context.Context, every time.Duration, what string, do func(ctx context.Context, tenant string) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		tenants, err := s.sales.Tenants(ctx)
		for _, tenant := range tenants {
			err = errors.Join(err, do(ctx, tenant))
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error(what, "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (s *Server) replay(ctx context.Context, tenant string) error {
	n, err := s.sales.Replay(ctx, tenant)
	if n > 0 {
		s.log.Info("parked sales taken", "tenant", tenant, "lines", n)
	}
	return err
}
