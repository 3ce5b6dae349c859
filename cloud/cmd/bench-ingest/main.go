// Command bench-ingest measures the way of a shelf message from the broker into a store, beside its
// peer in the same run: Telegraf, mqtt_consumer → influxdb_v2, into a real influxd 1.8.
//
// Both sides find the same facts waiting in the same Mosquitto, in the persistent session of their own
// client, and take them out. Ours is measured three ways: the service as it ships, with all rules, on
// the embedded store; the ingester alone, which stores what the peer stores and judges nothing; and
// the ingester into the same influxd. A message of ours counts when its board is told that it is
// stored, which is after both databases have synced; one of the peer when influxd has taken it. Besides
// stands what broker and influxd give at most. All take turns, round after round.
//
// Then it asks the embedded store what a page asks, over five million points, kills ingester, broker and
// database ten times each while boards speak, and lets simulated fleets of growing size speak. What is
// measured runs in processes of its own, on loopback. What is wanted and what came of it stands on stderr,
// a line each; the last line on stdout is JSON.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/heap"
)

// options are the sizes of a run.
type options struct {
	Messages int
	Devices  int
	Rounds   int
	Ways     string
	Points   int
	Fleets   string
	Telegraf string
	Influxd  string
	Profile  string
}

// report is the last line.
type report struct {
	Messages int        `json:"messages,omitempty"`
	JSONSize int        `json:"json_bytes,omitempty"` // of a message, as the peer gets it
	WireSize int        `json:"wire_bytes,omitempty"` // of the same, as ours
	Ingest   *table     `json:"ingest,omitempty"`
	Stored   *stored    `json:"stored,omitempty"`
	Kills    *kills     `json:"kills,omitempty"`
	Fleets   []fleetRow `json:"fleets,omitempty"`
	Bars     []bar      `json:"bars,omitempty"`
	OK       bool       `json:"ok"` // nothing was lost
}

func main() {
	var o options
	var part, child, broker, client, series, dir string
	flag.IntVar(&o.Messages, "messages", 100_000, "shelf messages that wait at the broker")
	flag.IntVar(&o.Devices, "devices", 1000, "devices that they come from")
	flag.IntVar(&o.Rounds, "rounds", 3, "turns that the ways of the messages take")
	flag.StringVar(&o.Ways, "ways", allWays(), "of the messages, to be measured")
	flag.IntVar(&o.Points, "points", 5_000_000, "points that the embedded store is asked about")
	flag.StringVar(&o.Fleets, "fleets", "1000,10000,100000", "sizes of the simulated fleets")
	flag.StringVar(&o.Telegraf, "telegraf", os.Getenv("TELEGRAF"), "program of the peer")
	flag.StringVar(&o.Influxd, "influxd", os.Getenv("INFLUXD"), "program of its store")
	flag.StringVar(&part, "part", "ingest,stored,kills,fleets", "what to measure")
	flag.StringVar(&child, "child", "", "what a process that bench-ingest started is to be")
	flag.StringVar(&broker, "broker", "", "its broker")
	flag.StringVar(&client, "client", "", "its name at the broker")
	flag.StringVar(&series, "series", "", "its series store")
	flag.StringVar(&dir, "dir", "", "its folder, if it is to outlive it")
	flag.StringVar(&o.Profile, "profile", "", "begin of the files that our children write their CPU profiles to, and their largest heaps")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	profiled, err := profile(child, o.Profile)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	if child != "" && child != "bare" {
		heap.Widen() // as cooler-cloud serve does
	}
	switch child {
	case "service":
		err = runService(ctx, broker, client)
	case "ingester":
		err = runIngester(ctx, broker, client, series, dir)
	case "bare":
		err = runBare(ctx, broker, client, o.Messages)
	default:
		err = run(ctx, o, part)
	}
	if err := errors.Join(err, profiled()); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: make bench-ingest installs what it needs: Mosquitto, influxd, Telegraf\n", err)
		os.Exit(1)
	}
}

// profile writes a child's CPU profile until what it gives is called, and beside it the heap's when that
// was largest.
func profile(child, file string) (stop func() error, err error) {
	if child == "" || file == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	over, done := make(chan struct{}), make(chan error)
	go func() { done <- largestHeap(file+".heap", over) }()
	return func() error {
		pprof.StopCPUProfile()
		close(over)
		return errors.Join(<-done, f.Close())
	}, pprof.StartCPUProfile(f)
}

// largestHeap writes the heap's profile whenever it has grown by a tenth.
func largestHeap(file string, over <-chan struct{}) error {
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for largest := uint64(0); ; {
		select {
		case <-over:
			return nil
		case <-tick.C:
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if m.HeapAlloc < largest+largest/10 {
			continue
		}
		largest = m.HeapAlloc
		var b bytes.Buffer
		if err := errors.Join(pprof.WriteHeapProfile(&b), os.WriteFile(file, b.Bytes(), 0o600)); err != nil {
			return err
		}
	}
}

func run(ctx context.Context, o options, part string) error {
	r := report{OK: true}
	dir, err := os.MkdirTemp("", "bench-ingest-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if strings.Contains(part, "ingest") {
		r.Messages = o.Messages
		if err := measureIngest(ctx, o, dir, &r); err != nil {
			return err
		}
	}
	if strings.Contains(part, "stored") {
		if r.Stored, err = measureStored(ctx, o.Points, dir); err != nil {
			return err
		}
	}
	if strings.Contains(part, "kills") {
		if r.Kills, err = measureKills(ctx, o, dir); err != nil {
			return err
		}
		r.OK = r.OK && r.Kills.Lost == 0
	}
	if strings.Contains(part, "fleets") {
		if r.Fleets, err = measureFleets(ctx, o, dir); err != nil {
			return err
		}
		for _, f := range r.Fleets {
			r.OK = r.OK && f.Lost == 0
		}
	}
	r.Bars = r.bars()
	show(os.Stderr, r.Bars)
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if !r.OK {
		return errors.New("messages were lost")
	}
	return nil
}
