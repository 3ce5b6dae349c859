package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/cmd/internal/benchdb"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/promotion"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// merged is what the merge took.
type merged struct {
	Stores       int     `json:"stores"`
	Lines        int     `json:"lines"`
	Slots        int     `json:"slot_observations"`
	Hours        int     `json:"hours"`
	IngestSec    float64 `json:"ingest_s"` // lines into the ledger
	MergeSec     float64 `json:"merge_s"`
	LinesPerSec  float64 `json:"lines_per_s"` // merged
	MergeCPU     float64 `json:"merge_cpu_s"` // of this process: what a busy machine does not change
	LinesPerCPU  float64 `json:"lines_per_cpu_s"`
	SlotsPerSec  float64 `json:"slot_observations_per_s"`
	LinesThrough float64 `json:"lines_per_s_ingested_and_merged"`
	RestateP50   float64 `json:"restate_hour_ms_p50"`
	RestateP99   float64 `json:"restate_hour_ms_p99"`
	RestateCPU   float64 `json:"restate_hour_cpu_ms"` // mean
	Restated     int     `json:"hours_restated"`      // by as many late lines
	// A line of eight days ago by which every stockout of its product since has another cause: all hours of it together.
	DeepP50   float64   `json:"restate_8_days_ms_p50"`
	DeepMax   float64   `json:"restate_8_days_ms_max"`
	DeepCPU   float64   `json:"restate_8_days_cpu_ms"` // mean
	DeepHours float64   `json:"restate_8_days_hours"`  // mean
	Mirror    *mirrored `json:"influxdb,omitempty"`    // the merged series
}

const tenant = "bench"

type bench struct {
	stores, lines, late int
	url                 string // of a database to merge in; ""
	influxd             string // its program; "": no merged series is written
	seed                uint64
	log                 *slog.Logger
	out                 io.Writer

	db       *state.DB
	points   *embedded.Store
	ledger   *sales.Ledger
	follower *merge.Follower
	now      time.Time
	seq      uint64
}

// on measures on one kind of database, which is made for it.
func (b *bench) on(ctx context.Context, database string) (m *merged, err error) {
	if database == "sqlite" {
		return b.run(ctx)
	}
	dir, err := os.MkdirTemp("", "bm") // a socket's path has to be short
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := benchdb.StartPostgres(ctx, dir, "bench")
	if err != nil {
		return nil, err
	}
	defer server.Stop()
	b.url = server.URL("bench")
	return b.run(ctx)
}

func (b *bench) run(ctx context.Context) (m *merged, err error) {
	dir, err := os.MkdirTemp("", "bench-merge")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	m = &merged{}
	if b.url == "" {
		b.url = "sqlite:" + filepath.Join(dir, "state.db")
	}
	if b.db, err = state.Open(ctx, b.url); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.db.Close()) }()
	if b.points, err = embedded.Open(ctx, "sqlite:"+filepath.Join(dir, "series.db")); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.points.Close()) }()
	if err := state.Migrate(ctx, b.db, state.Tables, sales.Tables, merge.Tables, promotion.Tables); err != nil {
		return nil, err
	}
	w := b.world()
	b.now = w.Start.AddDate(0, 0, 1).Add(time.Hour)
	clock := func() time.Time { return b.now }
	b.ledger = sales.NewLedger(b.db, clock)
	b.follower = merge.NewFollower(merge.Config{DB: b.db, Series: b.points, Ledger: b.ledger, Now: clock, Log: b.log})
	if err := b.masters(ctx, w); err != nil {
		return nil, err
	}
	if err := b.fill(ctx, w, m); err != nil {
		return nil, err
	}
	if err := b.merge(ctx, m); err != nil {
		return nil, err
	}
	if err := b.restate(ctx, w, m); err != nil {
		return nil, err
	}
	if err := b.deep(ctx, w, m); err != nil {
		return nil, err
	}
	if b.influxd != "" {
		if m.Mirror, err = b.mirror(ctx); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// settle merges until nothing is left.
func (b *bench) settle(ctx context.Context) (all merge.Done, err error) {
	for {
		done, err := b.follower.Step(ctx)
		if err != nil || done.Hours == 0 {
			return all, err
		}
		all.Hours, all.Restated, all.Lines = all.Hours+done.Hours, all.Restated+done.Restated, all.Lines+done.Lines
	}
}

// world is a day of shops that sells about as many lines as are asked for.
func (b *bench) world() *market.World {
	w := market.Default()
	w.Stores, w.Seed, w.Products, w.Refills = b.stores, b.seed, 20, 40
	// Shelves run empty the sooner the more is wanted, so that a few rounds are needed.
	for range 4 {
		sold := 0
		probe := w
		asked := min(100, b.stores)
		for i := range asked { // spread over all, because stores differ much
			probe.Run(i*b.stores/asked, 1, func(h *market.Hour) { sold += len(h.Facts.Sold) })
		}
		w.Busy *= float64(b.lines) / float64(b.stores) / (float64(sold) / float64(asked))
	}
	return &w
}

func (b *bench) masters(ctx context.Context, w *market.World) error {
	var products []sales.Product
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: p%2 == 0}, Group: market.Group(p), Price: 150, Cost: 90, Currency: "EUR"})
	}
	var stores []sales.Store
	for s := range w.Stores {
		stores = append(stores, sales.Store{Store: market.StoreName(s), Region: w.Region(s), TZ: "UTC", Hours: market.Hours, Currency: "EUR"})
	}
	_, err := b.ledger.PutMasters(ctx, tenant, products, stores)
	return err
}

// fill stores a day's looks and lines, as the ingester and the tills would, and times the lines.
func (b *bench) fill(ctx context.Context, w *market.World, m *merged) error {
	m.Stores = w.Stores
	var drafts []sales.Draft
	one := int64(1)
	flush := func(least int) error {
		if len(drafts) < least || len(drafts) == 0 {
			return nil
		}
		began := time.Now()
		verdicts, err := b.ledger.Append(ctx, tenant, drafts)
		m.IngestSec += time.Since(began).Seconds()
		if err != nil {
			return err
		}
		for i, v := range verdicts {
			if v.Status != sales.Stored {
				return fmt.Errorf("line %+v: %s: %w", drafts[i], v.Status, v.Fault)
			}
		}
		m.Lines += len(drafts)
		drafts = drafts[:0]
		return nil
	}
	for s := range w.Stores {
		name := market.StoreName(s)
		err := b.looks(ctx, w, s, 1, func(h *market.Hour) {
			for _, l := range h.Facts.Coolers[0].Looks {
				if !l.At.Before(h.Facts.Start) {
					m.Slots += len(l.Slots)
				}
			}
			for i, line := range h.Facts.Sold {
				at := h.Facts.Start.Add(time.Duration(i) * time.Hour / time.Duration(len(h.Facts.Sold)))
				drafts = append(drafts, sales.Draft{Channel: "pos", Order: name + "-" + line.Order, Line: "1", Store: name, GTIN: string(line.GTIN), Quantity: &one,
					Price: &line.Minor, Currency: "EUR", SoldAt: at.Format(time.RFC3339)})
			}
		})
		if err != nil {
			return err
		}
		if err := flush(5000); err != nil {
			return err
		}
	}
	fmt.Fprintf(b.out, "stored: %d slot observations, %d lines and more of %d stores\n", m.Slots, m.Lines, m.Stores)
	return flush(0)
}

// looks stores what a store's cooler saw on some days while it was open, as the ingester would, and gives each hour.
func (b *bench) looks(ctx context.Context, w *market.World, store, days int, each func(h *market.Hour)) error {
	name := market.StoreName(store)
	id := wire.Identity{Tenant: tenant, Store: name, Device: name}
	var messages []series.Message
	var seen []*wire.Envelope
	w.Run(store, days, func(h *market.Hour) {
		if h.Facts.Open == nil {
			return
		}
		for _, l := range h.Facts.Coolers[0].Looks {
			if l.At.Before(h.Facts.Start) {
				continue
			}
			b.seq++
			messages = append(messages, series.Message{Tenant: tenant, Store: name, Device: name, Boot: 1, Seq: b.seq, At: l.At, Slots: l.Slots})
			seen = append(seen, &wire.Envelope{Identity: id, Boot: 1, Seq: b.seq, CapturedAt: l.At, Clock: telemetry.NTP, Body: &wire.Observation{}})
		}
		if each != nil {
			each(h)
		}
	})
	if err := b.points.Write(ctx, messages); err != nil {
		return err
	}
	return b.db.Write(ctx, func(tx *state.Tx) error {
		return merge.Toucher{Now: func() time.Time { return b.now }}.Step(ctx, tx, seen...)
	})
}

// merge times the follower from nothing to all.
func (b *bench) merge(ctx context.Context, m *merged) error {
	began, cpu := time.Now(), cpuTime()
	all, err := b.settle(ctx)
	if err != nil {
		return err
	}
	m.Hours = all.Hours
	m.MergeSec = time.Since(began).Seconds()
	m.MergeCPU = (cpuTime() - cpu).Seconds()
	m.LinesPerCPU = float64(m.Lines) / m.MergeCPU
	m.LinesPerSec, m.SlotsPerSec = float64(m.Lines)/m.MergeSec, float64(m.Slots)/m.MergeSec
	m.LinesThrough = float64(m.Lines) / (m.MergeSec + m.IngestSec)
	fmt.Fprintf(b.out, "merged: %d hours in %.1f s, %.0f lines/s\n", m.Hours, m.MergeSec, m.LinesPerSec)
	if all.Lines < m.Lines {
		return fmt.Errorf("%d lines were stored and %d merged", m.Lines, all.Lines)
	}
	return nil
}

// restate times one late line at a time, from its being stored to its hour's being stored anew.
func (b *bench) restate(ctx context.Context, w *market.World, m *merged) error {
	var took []float64
	var spent time.Duration
	one, price := int64(1), int64(150)
	for i := range b.late {
		at := w.Start.Add(time.Duration(8+i%12)*time.Hour + time.Minute)
		_, err := b.ledger.Append(ctx, tenant, []sales.Draft{{Channel: "pos", Order: fmt.Sprintf("late-%d", i), Line: "1", Store: market.StoreName(i * 7 % w.Stores),
			GTIN: string(market.GTIN(i % w.Products)), Quantity: &one, Price: &price, Currency: "EUR", SoldAt: at.Format(time.RFC3339)}})
		if err != nil {
			return err
		}
		began, cpu := time.Now(), cpuTime()
		done, err := b.follower.Step(ctx)
		spent += cpuTime() - cpu
		if err != nil {
			return err
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
		if done.Hours != 1 || done.Restated != 1 {
			return fmt.Errorf("a late line folded %d hours and restated %d, want one", done.Hours, done.Restated)
		}
		m.Restated++
	}
	m.RestateCPU = float64(spent.Microseconds()) / 1000 / float64(b.late)
	slices.Sort(took)
	m.RestateP50, m.RestateP99 = took[len(took)/2], took[len(took)*99/100]
	return nil
}
