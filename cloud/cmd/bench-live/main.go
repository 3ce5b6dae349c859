// Command bench-live measures the way of an alert, and the fan-out of the live stream, each beside a
// peer in the same run:
//
//   - from a board's publish to a subscriber that holds the alert, while the service ingests a load
//     through Mosquitto; beside it Mosquitto's own publish → subscribe latency of the same messages.
//   - many WebSocket subscribers, each with its own tenth of the alerts; beside it a bare gorilla
//     broadcast of the very same bytes at the very same moments.
//
// What is measured runs in processes of its own, on loopback. A line for each bar says whether it is met; the last
// line on stdout is JSON. The status is 1 where anything was lost or doubled, and 2 where a bar of speed or size is
// missed: these are for a machine that has nothing else to do, whose load is printed.
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
	Profile     string        // a file for the service's CPU profile; "": none
}

// report is the last line.
type report struct {
	Latency *latencyReport `json:"latency,omitempty"`
	Fanout  *fanoutReport  `json:"fanout,omitempty"`
	Load    float64        `json:"load"` // of the machine, over the minute before: other programs' where it is idle else
	Bars    []bar          `json:"bars"`
	OK      bool           `json:"ok"`  // nothing was lost or doubled
	Met     bool           `json:"met"` // every bar
}

// bar is one that a result is held to.
type bar struct {
	Name string  `json:"name"`
	Is   float64 `json:"is"`
	Bar  float64 `json:"bar"` // at most
	Met  bool    `json:"met"`
}

func (b bar) String() string {
	verdict := "met"
	if !b.Met {
		verdict = "MISSED"
	}
	return fmt.Sprintf("%-6s  %s: %.2f, the bar is %.2f", verdict, b.Name, b.Is, b.Bar)
}

// errMissed says that nothing was lost, and a bar was missed.
var errMissed = errors.New("a bar was missed")

// judge holds what was measured to the bars.
func (r *report) judge() {
	hold := func(name string, is, most float64) {
		r.Bars = append(r.Bars, bar{name, is, most, is <= most})
	}
	if l := r.Latency; l != nil {
		hold("publish to alert, p99 in ms, against 5 × the broker's own + the coalescing interval", l.Alert.P99, 5*l.Broker.P99+float64(l.CoalesceMS))
		hold("publish to alert, lost or doubled", float64(l.Lost+l.Doubled), 0)
		r.Bars = append(r.Bars, bar{"messages a second that were not sent, of those asked for", max(0, float64(l.Asked)-l.Sent), float64(l.Asked) / 100, l.Sent >= 0.99*float64(l.Asked)})
	}
	if f := r.Fanout; f != nil {
		hold("fan-out, lost or doubled", float64(f.Lost+f.Doubled), 0)
		hold("fan-out, processor time ÷ a bare broadcast's", f.CPURatio, 1.5)
		hold("fan-out, memory ÷ a bare broadcast's", f.RSSRatio, 1.5)
	}
	r.Met = !slices.ContainsFunc(r.Bars, func(b bar) bool { return !b.Met })
}

// print tells each bar on a line of its own.
func (r *report) print() {
	r.judge()
	fmt.Printf("the machine's load was %.1f\n", r.Load)
	for _, b := range r.Bars {
		fmt.Println(b)
	}
}

// loadAverage is how many programs wanted a processor, over the last minute; 0 where the system does not say.
func loadAverage() (load float64) {
	data, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(data), &load)
	}
	if err != nil {
		return 0
	}
	return load
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
	flag.StringVar(&o.Profile, "profile", "", "write a CPU profile of the service under load to this file, for go tool pprof")
	flag.StringVar(&part, "part", "", "latency or fanout alone")
	flag.StringVar(&child, "child", "", "what a process that bench-live started is to be")
	flag.StringVar(&file, "file", "", "its file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	err := run(ctx, o, part, child, file)
	if errors.Is(err, errMissed) {
		fmt.Fprintln(os.Stderr, "error: a bar was missed\nhint: see what else the machine does (load)")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: it needs /usr/sbin/mosquitto, and 2 file descriptors a subscriber (ulimit -n)\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, part, child, file string) (err error) {
	switch child {
	case "service":
		return profiled(o.Profile, func() error { return serveLoad(ctx, file) })
	case "hub":
		return serveHub(ctx, o, file)
	case "bare":
		return serveBare(ctx, o, file)
	}
	r := report{OK: true, Load: loadAverage()}
	if part != "fanout" {
		if r.Latency, err = measureLatency(ctx, o); err != nil {
			return err
		}
		r.OK = r.OK && r.Latency.Lost == 0 && r.Latency.Doubled == 0
	}
	if part != "latency" {
		if r.Fanout, err = measureFanout(ctx, o); err != nil {
			r.print() // what is known by now
			return err
		}
		r.OK = r.OK && r.Fanout.Lost == 0 && r.Fanout.Doubled == 0
	}
	r.print()
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	fmt.Println(string(line))
	if !r.OK {
		return errors.New("alerts were lost or doubled")
	}
	if !r.Met {
		return errMissed
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
