// Command bench-live measures the way of an alert, and the fan-out of the live stream, each beside a
// peer in the same run:
//
//   - from a board's publish to a subscriber that holds the alert, while the service ingests a load
//     through Mosquitto; beside it Mosquitto's own publish → subscribe latency of the same messages.
//   - many WebSocket subscribers, each with its own tenth of the alerts; beside it a bare gorilla
//     broadcast of the very same bytes at the very same moments.
//
// What is measured runs in processes of its own, on loopback. The last line on stdout is JSON.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// options are the sizes of a run.
type options struct {
	Rate        int           // messages a second that are ingested
	Devices     int           // that send them
	Load        time.Duration // how long
	Subscribers int           // of the fan-out
	Alerts      int           // a second, in the fan-out
	Fan         time.Duration // how long
}

// report is the last line.
type report struct {
	Latency *latencyReport `json:"latency,omitempty"`
	Fanout  *fanoutReport  `json:"fanout,omitempty"`
	OK      bool           `json:"ok"` // nothing was lost or doubled
}

func main() {
	var o options
	var part, child, file string
	flag.IntVar(&o.Rate, "rate", 2000, "messages a second that the service ingests")
	flag.IntVar(&o.Devices, "devices", 2000, "devices that send them")
	flag.DurationVar(&o.Load, "load", 20*time.Second, "how long the load lasts")
	flag.IntVar(&o.Subscribers, "subscribers", 5000, "WebSocket subscribers of the fan-out")
	flag.IntVar(&o.Alerts, "alerts", 100, "alerts a second in the fan-out")
	flag.DurationVar(&o.Fan, "fan", 15*time.Second, "how long the fan-out lasts")
	flag.StringVar(&part, "part", "", "latency or fanout alone")
	flag.StringVar(&child, "child", "", "what a process that bench-live started is to be")
	flag.StringVar(&file, "file", "", "its file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	if err := run(ctx, o, part, child, file); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: it needs /usr/sbin/mosquitto, and 2 file descriptors a subscriber (ulimit -n)\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, part, child, file string) (err error) {
	switch child {
	case "service":
		return serveLoad(ctx, file)
	case "hub":
		return serveHub(ctx, o, file)
	case "bare":
		return serveBare(ctx, o, file)
	}
	r := report{OK: true}
	if part != "fanout" {
		if r.Latency, err = measureLatency(ctx, o); err != nil {
			return err
		}
		r.OK = r.OK && r.Latency.Lost == 0 && r.Latency.Doubled == 0
	}
	if part != "latency" {
		if r.Fanout, err = measureFanout(ctx, o); err != nil {
			return err
		}
		r.OK = r.OK && r.Fanout.Lost == 0 && r.Fanout.Doubled == 0
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if !r.OK {
		return errors.New("alerts were lost or doubled")
	}
	return nil
}

// quantiles are latencies in milliseconds.
type quantiles struct {
	N   int     `json:"n"`
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	Max float64 `json:"max_ms"`
}

func quantilesOf(d []time.Duration) quantiles {
	if len(d) == 0 {
		return quantiles{}
	}
	slices.Sort(d)
	at := func(q float64) float64 { return float64(d[int(q*float64(len(d)-1))].Microseconds()) / 1000 }
	return quantiles{len(d), at(0.5), at(0.99), at(1)}
}
