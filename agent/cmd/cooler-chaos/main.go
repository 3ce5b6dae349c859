// Command cooler-chaos tests the promise that no alert is missed and none is doubled. It plays a week in a
// shop, at speed, with the real programs on loopback: boards with the agent's own outbox and uplink, Mosquitto,
// cooler-cloud on PostgreSQL, and three kinds of subscriber: cooler-cloud tail on the live stream, an MQTT
// client with a persistent session, and the receiver of a webhook. While they run it kills them again and again
// with SIGKILL, each chosen by a seed, and starts them again as systemd would.
//
// Afterwards it compares. The oracle shares no code with the service: from what each board put in its outbox it
// works out which slots were seen empty for long enough, from which look to which. The alert log must hold
// exactly these episodes, with exactly these looks as evidence. Each must be opened once and resolved once or,
// if it was over before its looks could be stored, recorded once without calling anybody. And what each
// subscriber acted on must be the log, with each event once.
//
// A board sends looks again that a killed broker has lost, so that later looks may overtake them. The looks
// that arrive first may then show a stockout, or the end of one, that the missing ones deny. The service then
// corrects itself: an opened alert is restated as retracted, an ended one as open again, and one that was only
// recorded as retracted too. These corrections are counted separately, as withdrawn, reopened and struck. They
// are in the log, and the final state of the log must still match the oracle.
//
// It does not test crashes of the kernel and power cuts; the outbox's crash tests do. The boards have no
// camera, and their looks are invented.
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
	Cloud  string        // path of the program cooler-cloud
	Kills  int           // in total
	Looks  int           // per board
	Boards int           // with slots slots each
	Pace   time.Duration // between a board's looks
	Seed   uint64
	Keep   string // folder for what the programs write; "": one that is removed after the run
}

// week is the number of looks in seven days, at one in five minutes.
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

// run makes one run, from the first program to the verdict.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	dir := o.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "chaos"); err != nil { // the path must be short for PostgreSQL's socket
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
