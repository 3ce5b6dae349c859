// Command cooler-soak makes the real cooler-agent look at a folder of pictures again and again, and reports
// what that costs: peak memory and whether it grows, threads, goroutines, and what the agent uses between two
// looks. It ends with one line of JSON, and with status 1 if something grew.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Stdout, os.Args[1:]); err != nil {
		fmt.Fprintf(os.Stderr, "error: %v\nhint: `make agent` builds the program; -frames names a folder with .jpg or .png pictures\n", err)
		os.Exit(1)
	}
}

// report is the last line of the output.
type report struct {
	Looks        int64   `json:"looks"`
	Seconds      float64 `json:"seconds"`
	PeakMB       float64 `json:"peak_mb"`
	TenthMB      float64 `json:"after_a_tenth_mb"` // highest in the second tenth
	LastMB       float64 `json:"last_tenth_mb"`    // highest in the last tenth
	TenthThreads int     `json:"after_a_tenth_threads"`
	LastThreads  int     `json:"last_threads"`
	TenthGo      int64   `json:"after_a_tenth_goroutines"` // highest in the second tenth
	LastGo       int64   `json:"last_goroutines"`          // highest in the last tenth
	IdleMB       float64 `json:"idle_mb"`                  // more than a minute after a look
	IdleCPU      float64 `json:"idle_cpu_share"`           // share of one processor
}

// How much more than the second tenth the last one may use: this is noise and not growth.
const (
	moreMB, moreThreads, moreGoroutines = 8, 2, 2
)

// flat returns an error that says what grew.
func (r *report) flat() error {
	var grown []error
	if r.LastMB > r.TenthMB+moreMB {
		grown = append(grown, fmt.Errorf("memory grew from %.1f to %.1f MB", r.TenthMB, r.LastMB))
	}
	if r.LastThreads > r.TenthThreads+moreThreads {
		grown = append(grown, fmt.Errorf("threads grew from %d to %d", r.TenthThreads, r.LastThreads))
	}
	if r.TenthGo == 0 || r.LastGo > r.TenthGo+moreGoroutines {
		grown = append(grown, fmt.Errorf("goroutines grew from %d to %d", r.TenthGo, r.LastGo))
	}
	return errors.Join(grown...)
}

func run(out io.Writer, args []string) error {
	flags := flag.NewFlagSet("cooler-soak", flag.ContinueOnError)
	agent := flags.String("agent", "bin/cooler-agent", "the program")
	frames := flags.String("frames", "", "folder of pictures")
	looks := flags.Int64("looks", 2000, "how often to look")
	idle := flags.Duration("idle", time.Minute, "how long to watch it do nothing")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "coldshelf-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	pictures, err := filepath.Abs(*frames)
	if err != nil {
		return err
	}
	gallery := filepath.Join(dir, "products.gallery")
	if refs := filepath.Join(filepath.Dir(pictures), "references"); exists(refs) {
		if text, err := exec.Command(*agent, "enroll", "--gallery", gallery, "--from", refs).CombinedOutput(); err != nil {
			return fmt.Errorf("enroll: %w: %s", err, text)
		}
	} else {
		gallery = ""
	}
	s := &soak{agent: *agent, dir: dir, pictures: pictures, gallery: gallery}
	var r report
	if err := s.busy(*looks, &r); err != nil {
		return err
	}
	if err := s.idle(*idle, &r); err != nil {
		return err
	}
	return errors.Join(json.NewEncoder(out).Encode(r), r.flat())
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

// soak starts agents.
type soak struct{ agent, dir, pictures, gallery string }

// running is one agent, with the looks that it reported.
type running struct {
	cmd        *exec.Cmd
	looks      atomic.Int64
	goroutines atomic.Int64 // after the last look
	last       atomic.Value // string: the last line that it printed
}

func (s *soak) start(name, every string) (*running, error) {
	config := fmt.Sprintf(`tenant: soak
store: s1
device: %s
data_dir: %s
clock: trusted
camera: {source: "dir:%s", loop: true}
schedule: {every: %s}
vision: {gallery: %q}
picture: {send: always}
devices: {sim: true, interval: 10s}
outbox: {max_bytes: 4000000}
`, name, filepath.Join(s.dir, name), s.pictures, every, s.gallery)
	path := filepath.Join(s.dir, name+".yml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return nil, err
	}
	r := &running{cmd: exec.Command(s.agent, "run", "--log", "debug", "--config", path)}
	r.last.Store("")
	pipe, err := r.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := r.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			if strings.Contains(lines.Text(), "msg=looked") {
				r.heard(lines.Text())
			} else if strings.HasPrefix(lines.Text(), "error: ") || r.last.Load() == "" {
				r.last.Store(lines.Text())
			}
		}
	}()
	return r, nil
}

// heard processes the line of a look.
func (r *running) heard(line string) {
	if _, rest, ok := strings.Cut(line, " goroutines="); ok {
		if n, err := strconv.ParseInt(strings.Fields(rest + " ")[0], 10, 64); err == nil {
			r.goroutines.Store(n)
		}
	}
	r.looks.Add(1)
}

// stop lets the agent exit in an orderly way.
func (r *running) stop() error {
	return errors.Join(r.cmd.Process.Signal(syscall.SIGINT), r.cmd.Wait())
}

// sample reads the kernel's figures about the agent.
func (r *running) sample() (usage, error) {
	u, err := usageOf(r.cmd.Process.Pid)
	if err != nil {
		return u, fmt.Errorf("the agent is gone; it said last: %v", r.last.Load())
	}
	return u, nil
}

// busy runs an agent that looks as often as it can.
func (s *soak) busy(looks int64, to *report) error {
	r, err := s.start("busy", "100ms")
	if err != nil {
		return err
	}
	begun := time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		u, err := r.sample()
		if err != nil {
			return errors.Join(err, r.cmd.Wait())
		}
		n := r.looks.Load()
		switch {
		case n >= looks/10 && n < looks/5:
			to.TenthMB, to.TenthThreads = max(to.TenthMB, u.residentMB), max(to.TenthThreads, u.threads)
			to.TenthGo = max(to.TenthGo, r.goroutines.Load())
		case n >= looks*9/10:
			to.LastMB, to.LastThreads = max(to.LastMB, u.residentMB), max(to.LastThreads, u.threads)
			to.LastGo = max(to.LastGo, r.goroutines.Load())
		}
		if n >= looks {
			to.Looks, to.Seconds, to.PeakMB = n, time.Since(begun).Seconds(), u.peakMB
			return r.stop()
		}
	}
	return nil
}

// idle watches an agent that has looked once and has nothing to do.
func (s *soak) idle(span time.Duration, to *report) error {
	r, err := s.start("idle", "24h")
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); r.looks.Load() == 0; time.Sleep(50 * time.Millisecond) {
		if _, err := r.sample(); err != nil || time.Now().After(deadline) {
			return errors.Join(err, errors.New("the idle agent does not look"), r.stop())
		}
	}
	time.Sleep(5 * time.Second) // meanwhile it gives memory back
	before, err := r.sample()
	if err != nil {
		return err
	}
	time.Sleep(span)
	after, err := r.sample()
	if err != nil {
		return err
	}
	to.IdleMB, to.IdleCPU = after.residentMB, (after.cpu-before.cpu).Seconds()/span.Seconds()
	return r.stop()
}
