package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/process"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/shop"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/watch"
)

type demo struct {
	seconds, coolers     int
	renderOnly           bool
	bin, dir, http, mqtt string
}

// A run with a time limit must fit the whole day into its seconds, with a margin for a slow machine.
const (
	calmPace   = 4 * time.Second
	startShare = 0.15 // share of the seconds until the agents' first picture has been processed
	endShare   = 0.15 // share of the seconds after the last picture, until its alert arrives
)

// A machine that is too busy does not get through the day in time. The day then goes on, but no longer than
// this: what was never looked at must not be reported as missed.
const (
	overtime = 15 * time.Minute
	settle   = 10 * time.Second // from the last picture's delivery to its alert, at most
)

// days are the seeds of the coolers that the demo shows.
var days = []uint64{3, 5, 7}

// plan returns a shop with the given number of coolers. It is invented, and always the same.
func plan(coolers int) shop.Plan {
	return shop.Plan{Range: 58, Days: days[:coolers], Width: 1280, Height: 960, Step: 30, Quality: 85}
}

func (d *demo) run(ctx context.Context) error {
	if d.renderOnly {
		_, err := d.layOut(ctx)
		return err
	}
	if err := d.check(); err != nil {
		return err
	}
	coolers, err := d.layOut(ctx)
	if err != nil {
		return err
	}
	for _, c := range coolers {
		if err := c.Enrol(ctx, d.program("cooler-agent")); err != nil {
			return err
		}
	}
	return d.show(ctx, coolers)
}

func (d *demo) program(name string) string { return filepath.Join(d.bin, name) }

// show starts the cloud and an agent for each cooler, and follows them to the end of the day.
func (d *demo) show(ctx context.Context, coolers []shop.Cooler) error {
	p, err := d.stage()
	if err != nil {
		return err
	}
	defer p.end()
	if err := d.startCloud(ctx, p); err != nil {
		return err
	}
	if err := d.introduce(ctx, coolers); err != nil {
		return err
	}
	pace, loop := d.pace(coolers)
	for _, c := range coolers {
		if err := d.startAgent(p, c, pace, loop); err != nil {
			return err
		}
	}
	fmt.Printf("\n  Open  http://%s\n\n  Three coolers, one shop day, a picture every %v. Logs: %s\n\n", d.http, pace, p.log.Name())
	return d.follow(ctx, coolers, p.children)
}

// check finds what would stop the demo, before anything is started.
func (d *demo) check() error {
	for _, program := range []string{"cooler-agent", "cooler-cloud"} {
		if _, err := os.Stat(filepath.Join(d.bin, program)); err != nil {
			return hinted{fmt.Errorf("%s is not built: %w", program, err), "make build"}
		}
	}
	for what, address := range map[string]string{"page (--http)": d.http, "broker (--mqtt)": d.mqtt} {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return hinted{fmt.Errorf("the address of the %s is taken: %w", what, err),
				fmt.Sprintf("end the program that listens on %s (ss -ltnp | grep %s), or choose another: bin/cooler-demo --http 127.0.0.1:8090 --mqtt 127.0.0.1:1890",
					address, address[strings.LastIndex(address, ":"):])}
		}
		l.Close()
	}
	return nil
}

// layOut renders the day, unless an earlier run has done so.
func (d *demo) layOut(ctx context.Context) ([]shop.Cooler, error) {
	var bar *progressbar.ProgressBar
	coolers, err := shop.Open(ctx, filepath.Join(d.dir, "shop"), plan(d.coolers), func(done, all int) {
		if bar == nil {
			bar = progressbar.NewOptions(all, progressbar.OptionSetDescription("rendering the shop day (once)"),
				progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
				progressbar.OptionOnCompletion(func() { fmt.Fprintln(os.Stderr) }))
		}
		_ = bar.Set(done) // a bar that cannot draw must not end the demo
	})
	if err != nil {
		return nil, fmt.Errorf("render the shop day: %w", err)
	}
	return coolers, nil
}

func (d *demo) pace(coolers []shop.Cooler) (pace time.Duration, loop bool) {
	if d.seconds == 0 {
		return calmPace, true
	}
	frames := 0
	for _, c := range coolers {
		frames = max(frames, c.Frames)
	}
	day := time.Duration((1 - startShare - endShare) * float64(d.seconds) * float64(time.Second))
	return (day / time.Duration(frames)).Round(10 * time.Millisecond), false
}

// ready waits until the cloud reports that it is ready.
func (d *demo) ready(ctx context.Context, cloud *process.Child) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if d.get(ctx, "/readyz") == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-cloud.Done():
			return cloud.Ended()
		case <-ctx.Done():
			return errors.Join(errors.New("cooler-cloud is not ready"), cloud.Ended())
		}
	}
}

func (d *demo) get(ctx context.Context, path string) error {
	return d.request(ctx, http.MethodGet, path, "")
}

func (d *demo) request(ctx context.Context, method, path, body string) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://"+d.http+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return nil
}

// follow prints a line for each alert until the day is over, and then judges what came. With a time limit, the
// day is over when each agent has exited, which it does once everything that it saw is stored.
func (d *demo) follow(ctx context.Context, coolers []shop.Cooler, children []*process.Child) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	score := newScore(coolers)
	events, ended := make(chan watch.Event, 64), make(chan error, 1)
	go func() { ended <- watch.Live(ctx, "ws://"+d.http+"/v1/live", func(e watch.Event) { events <- e }) }()

	var over, settled <-chan time.Time
	if d.seconds > 0 {
		over = time.After(time.Duration(d.seconds) * time.Second)
	}
	gone, looking := departures(ctx, children), len(coolers)
	for late := false; ; {
		select {
		case e := <-events:
			if line := score.take(e); line != "" {
				fmt.Println(line)
			}
		case c := <-gone:
			if d.seconds == 0 || !c.Succeeded() {
				return c.Ended()
			}
			if looking--; looking == 0 {
				settled = time.After(settle)
			}
		case err := <-ended:
			return err
		case <-settled:
			fmt.Println()
			return score.verdict()
		case <-over:
			if late || looking == 0 {
				fmt.Println()
				return score.verdict()
			}
			late, over = true, time.After(overtime)
			fmt.Printf("\n  This machine is busy: %d of %d boards have not looked at all of their day. It goes on; Ctrl-C stops it.\n\n", looking, len(coolers))
		case <-ctx.Done():
			fmt.Println("\nstopping")
			return nil
		}
	}
}

// departures reports each child that exits by itself.
func departures(ctx context.Context, children []*process.Child) <-chan *process.Child {
	gone := make(chan *process.Child, len(children))
	for _, c := range children {
		go func() {
			select {
			case <-c.Done():
				gone <- c
			case <-ctx.Done():
			}
		}()
	}
	return gone
}
