// Command bench-sales measures how sales come in and how online orders are routed, on SQLite and on a
// PostgreSQL of its own, each beside a peer in the same run:
//
//   - ingest: lines by NDJSON over HTTP into the real service; beside it the same rows inserted bare into
//     a table of the same columns and key, without a check, a book or a changed hour.
//   - routing: orders at once, each on a connection of its own, on fewer units than orders; beside it the
//     usual way, a transaction with a conditional update for each order, on the same database. What was
//     sold is counted in the book, the orders and the answers, and has to be exactly what was there.
//
// The service runs in a process of its own, on loopback. The last line on stdout is JSON.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are the sizes of a run.
type options struct {
	Lines    int
	Stores   int
	Products int
	Orders   int
	Units    int
	Probes   int
}

// report is the last line.
type report struct {
	Lines  int              `json:"lines"`
	Orders int              `json:"orders"`
	Units  int              `json:"units"`
	By     map[string]*side `json:"by"`
	OK     bool             `json:"ok"` // every line counts once, and what was there was sold, no more and no less
}

// side is one database.
type side struct {
	Ingest  *ingestReport  `json:"ingest,omitempty"`
	Routing *routingReport `json:"routing,omitempty"`
}

func main() {
	var o options
	var part, child, database string
	flag.IntVar(&o.Lines, "lines", 1_000_000, "sales lines")
	flag.IntVar(&o.Stores, "stores", 1000, "stores that they come from")
	flag.IntVar(&o.Products, "products", 200, "products")
	flag.IntVar(&o.Orders, "orders", 10_000, "online orders at once")
	flag.IntVar(&o.Units, "units", 500, "units that they want")
	flag.IntVar(&o.Probes, "probes", 200, "late single lines")
	flag.StringVar(&part, "part", "", "ingest or routing alone")
	flag.StringVar(&database, "database", "", "sqlite or postgres alone")
	flag.StringVar(&child, "child", "", "what a process that bench-sales started is to serve on")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, part, database, child); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: it needs PostgreSQL 15 (apt-get install postgresql-15), and a file descriptor an order (ulimit -n)\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, part, database, child string) error {
	if child != "" {
		return serve(ctx, child)
	}
	r := report{Lines: o.Lines, Orders: o.Orders, Units: o.Units, By: map[string]*side{}, OK: true}
	for _, name := range []string{"sqlite", "postgres"} {
		if database != "" && database != name {
			continue
		}
		s, err := measure(ctx, o, part, name)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r.By[name] = s
		r.OK = r.OK && (s.Ingest == nil || s.Ingest.OK) && (s.Routing == nil || s.Routing.OK)
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if !r.OK {
		return fmt.Errorf("what was counted is not what was sent")
	}
	return nil
}

// measure runs the parts on one database, fresh for each.
func measure(ctx context.Context, o options, part, name string) (*side, error) {
	s := &side{}
	for _, p := range []struct {
		name string
		run  func(context.Context, options, *rig) error
	}{
		{"ingest", func(ctx context.Context, o options, r *rig) (err error) {
			s.Ingest, err = measureIngest(ctx, o, r)
			return err
		}},
		{"routing", func(ctx context.Context, o options, r *rig) (err error) {
			s.Routing, err = measureRouting(ctx, o, r)
			return err
		}},
	} {
		if part != "" && part != p.name {
			continue
		}
		r, err := newRig(ctx, name)
		if err != nil {
			return nil, err
		}
		err = p.run(ctx, o, r)
		r.close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return s, nil
}
