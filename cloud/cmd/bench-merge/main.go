// Command bench-merge measures how sales are merged with the shelf: how fast lines and slot observations
// become hours, how soon a late line restates its hour, and how right the lost sales are in a made-up
// market that knows the truth; on SQLite and on a PostgreSQL of its own in the same run, with the merged
// series in an InfluxDB of its own. Its last line is JSON.
//
// Exit status: 0 measured, 1 it failed, 2 wrong usage.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"syscall"

	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// figures are the last line.
type figures struct {
	CPUs  int                `json:"cpus"`
	Merge map[string]*merged `json:"merge,omitempty"` // by database
	Lost  *market.Report     `json:"lost_sales,omitempty"`
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("bench-merge", flag.ContinueOnError)
	flags.SetOutput(stderr)
	stores := flags.Int("stores", 1000, "stores of the merge")
	lines := flags.Int("lines", 1_000_000, "sales lines of the merge, about")
	late := flags.Int("late", 100, "late lines, each restating one hour")
	database := flags.String("database", "", "sqlite or postgres alone; without it both, one after the other")
	influxd := flags.String("influxd", os.Getenv("INFLUXD"), "program of an InfluxDB 1.8 that the merged series is written to; empty: none")
	world := flags.Int("world", 100, "stores of the market in which lost sales are measured; 0: leave that out")
	seed := flags.Uint64("seed", 1, "of both worlds")
	if err := flags.Parse(args); err != nil {
		return 2
	}
	if flags.NArg() > 0 || *stores < 0 || *lines < 1 || *late < 1 || *world < 0 || *database != "" && *database != "sqlite" && *database != "postgres" {
		fmt.Fprintln(stderr, "error: wrong usage\nhint: bench-merge -h lists the flags")
		return 2
	}
	out := figures{CPUs: runtime.NumCPU()}
	for _, name := range []string{"sqlite", "postgres"} {
		if *stores == 0 || *database != "" && *database != name {
			continue
		}
		fmt.Fprintf(stderr, "on %s\n", name)
		b := &bench{stores: *stores, lines: *lines, late: *late, influxd: *influxd, seed: *seed, log: slog.New(slog.NewTextHandler(stderr, nil)), out: stderr}
		m, err := b.on(ctx, name)
		if err != nil {
			fmt.Fprintf(stderr, "error: %s: %v\nhint: it needs PostgreSQL 15 (apt-get install postgresql-15), or -database sqlite; a smaller -stores and -lines takes less room and time\n", name, err)
			return 1
		}
		if out.Merge == nil {
			out.Merge = map[string]*merged{}
		}
		out.Merge[name] = m
	}
	if *world > 0 {
		w := market.Default()
		w.Stores, w.Seed = *world, *seed
		r := market.Measure(&w, 28, 14)
		fmt.Fprintf(stderr, "lost sales: %.0f estimated, %d true while watched (%+.1f %%); the 80 %% interval covers %.1f %% of %d\n",
			r.LostSeenEst, r.LostSeen, 100*r.SeenError, 100*r.Covered, r.Cases)
		out.Lost = &r
	}
	if err := json.NewEncoder(stdout).Encode(out); err != nil {
		return 1
	}
	return 0
}
