// Command cooler-demo plays one shop day at speed: it renders three coolers, starts cooler-cloud and one agent
// per cooler as separate programs, follows the live alerts as any subscriber would, and says at the end whether
// every alert that the day calls for came, and no other.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	var d demo
	flag.IntVar(&d.seconds, "seconds", 0, "end after so many seconds of the day; 0: run until Ctrl-C")
	flag.StringVar(&d.bin, "bin", "bin", "folder of cooler-agent and cooler-cloud")
	flag.StringVar(&d.dir, "dir", ".demo", "folder for pictures, data and logs")
	flag.IntVar(&d.coolers, "coolers", len(days), "how many coolers the shop has")
	flag.BoolVar(&d.renderOnly, "render-only", false, "render the day into the folder, and end")
	flag.StringVar(&d.http, "http", "127.0.0.1:8080", "address of the page")
	flag.StringVar(&d.mqtt, "mqtt", "127.0.0.1:1883", "address of the broker")
	flag.Usage = func() {
		fmt.Fprint(flag.CommandLine.Output(), "One shop day of three coolers at speed, with live alerts. Run by `make demo`.\n\nFlags:\n")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 0 || d.seconds < 0 || d.coolers < 1 || d.coolers > len(days) {
		flag.Usage()
		os.Exit(2)
	}
	var err error
	if d.dir, err = filepath.Abs(d.dir); err == nil {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		err = d.run(ctx)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		var h hinted
		if errors.As(err, &h) {
			fmt.Fprintln(os.Stderr, "hint:", h.hint)
		}
		os.Exit(1)
	}
}

// hinted is an error with advice for the user.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// patience is how long a program may take to be ready or to exit.
const patience = 30 * time.Second
