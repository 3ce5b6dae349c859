// Command cooler-chaos proves the promise that no alert is missed and none doubled. It runs a shop
// week at speed with the real programs on loopback: boards with the agent's own outbox and uplink,
// Mosquitto, cooler-cloud on PostgreSQL, and subscribers: cooler-cloud tail on the live stream, one by
// MQTT with a persistent session, and a webhook's other side. While they run it kills them, again and
// again, with SIGKILL, each in turn by a seeded choice, and starts them again as systemd would.
//
// Afterwards it compares. The oracle knows nothing of the service's code: from what each board put in
// its outbox it tells which slots were seen empty for long enough, from which look to which. The
// alert log has to hold exactly these episodes, with the very looks as evidence: each opened once and
// resolved once, or, where it was over before the looks of it could be stored, recorded once and
// called to nobody. And what each subscriber acted on has to be the log, each event once.
//
// A look that overtakes others, because a killed broker has lost them and the board says them again,
// may show a stockout, or the end of one, that those others deny. The service then takes its word back:
// a call is restated as retracted, an ending as open, and a record of what was over, which called nobody,
// as retracted too. They are told as numbers of their own, withdrawn, reopened and struck; they are in the
// log, and what it holds in the end is held to the oracle all the same.
//
// What it is not: a crash of the kernel or a loss of power, which the outbox's own crash tests are
// for; and the boards have no camera, their looks are made up.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the sizes of a run.
type options struct {
	Cloud  string        // the program cooler-cloud
	Kills  int           // in all
	Looks  int           // of each board
	Boards int           // with Slots slots each
	Pace   time.Duration // between a board's looks
	Seed   uint64
	Keep   string // folder for what the programs write; "": one that goes with the run
}

// week is a look each five minutes for seven days.
const week = 7 * 24 * 12

func main() {
	var o options
	var board boardOptions
	var sub subscriberOptions
	flag.StringVar(&o.Cloud, "cloud", "bin/cooler-cloud", "the program cooler-cloud")
	flag.IntVar(&o.Kills, "kills", 200, "how many processes are killed")
	flag.IntVar(&o.Looks, "looks", week, "looks of each board: a week of one each five minutes")
	flag.IntVar(&o.Boards, "boards", 6, "boards")
	flag.DurationVar(&o.Pace, "pace", 60*time.Millisecond, "time between a board's looks")
	flag.Uint64Var(&o.Seed, "seed", 1, "of the looks and of the kills")
	flag.StringVar(&o.Keep, "keep", "", "folder to leave databases and logs in")
	flag.StringVar(&board.Dir, "board", "", "be a board, with its outbox in this folder")
	flag.StringVar(&board.Broker, "broker", "", "the broker of the board or the subscriber")
	flag.IntVar(&board.Number, "number", 0, "the board's number")
	flag.StringVar(&sub.Kind, "subscriber", "", "be a subscriber: mqtt or webhook")
	flag.StringVar(&sub.File, "file", "", "where the subscriber writes down what it has taken")
	flag.StringVar(&sub.Cloud, "service", "", "address of the subscriber's service")
	flag.StringVar(&sub.Listen, "listen", "", "the webhook's address")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	part := func(run func(context.Context) error) {
		if err := run(ctx); err != nil {
			fmt.Fprintf(os.Stderr, "error: %v\n", err)
			os.Exit(1)
		}
	}
	switch {
	case board.Dir != "":
		board.Looks, board.Pace, board.Seed = o.Looks, o.Pace, o.Seed
		part(board.run)
		return
	case sub.Kind != "":
		sub.Broker, sub.Seed = board.Broker, o.Seed
		part(sub.run)
		return
	}
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: it needs /usr/sbin/mosquitto, PostgreSQL 15 and bin/cooler-cloud: make setup-test cloud\n", err)
		os.Exit(1)
	}
}

// run is one run from the first program to the verdict.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	dir := o.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "chaos"); err != nil { // a short path, for PostgreSQL's socket
			return err
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	h, err := newHouse(ctx, o, dir)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.killAll(ctx); err != nil {
		return err
	}
	if err := h.settle(ctx); err != nil {
		return err
	}
	v, err := h.judge()
	if err != nil {
		return err
	}
	v.print(out)
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	fmt.Fprintln(out, string(line))
	if !v.OK {
		return errors.New("the log is not the oracle's, or a subscriber's set is not the log")
	}
	return nil
}
