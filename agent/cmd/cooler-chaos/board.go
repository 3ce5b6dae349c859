package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// boardOptions configure the process of one board.
type boardOptions struct {
	Dir, Broker   string
	Number, Looks int
	Pace          time.Duration
	Seed          uint64
}

const tenant = "chaos"

func deviceName(number int) string { return fmt.Sprintf("board-%d", number) }

// run makes the looks that are still to be made, and ends when all of them are stored in the cloud. If it is
// killed at any moment and started again, it continues where it was.
func (b boardOptions) run(ctx context.Context) error {
	id := wire.Identity{Tenant: tenant, Store: "shop", Device: deviceName(b.Number)}
	box, err := outbox.Open(ctx, b.Dir, outbox.Options{EncodeGap: func(outbox.Key, outbox.Gap) ([]byte, error) {
		return nil, errors.New("nothing is ever evicted here")
	}})
	if err != nil {
		return err
	}
	defer box.Close()
	j, err := openJournal(ctx, filepath.Join(b.Dir, "journal"), box)
	if err != nil {
		return err
	}
	defer j.file.Close()
	up := uplink.New(box, uplink.Config{Broker: b.Broker, Identity: id, Keepalive: 2 * time.Second, Window: 64,
		AckTimeout: 500 * time.Millisecond, MaxBackoff: time.Second,
		Status: func(online bool) ([]byte, error) {
			now := time.Now().UTC().Truncate(time.Microsecond)
			return wire.Encode(&wire.Envelope{Identity: id, Boot: box.Boot(), CapturedAt: now, Body: &wire.Status{Online: online, At: now, Boot: box.Boot()}})
		}})
	running, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- up.Run(running) }()
	err = b.looks(ctx, id, box, j)
	stop()
	return errors.Join(err, <-done)
}

func (b boardOptions) looks(ctx context.Context, id wire.Identity, box *outbox.Outbox, j *journal) error {
	script := newScript(b.Seed, b.Number, b.Looks)
	tick := time.NewTicker(b.Pace)
	defer tick.Stop()
	for n := j.next; n < b.Looks || box.Health().Messages > 0; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if n >= b.Looks {
			continue // until all are stored
		}
		at := time.Now().UTC().Truncate(time.Microsecond)
		key, err := box.Append(ctx, outbox.Observation, string(wire.KindObservation), func(k outbox.Key) ([]byte, error) {
			if err := j.write("try %d %d %d %s", n, k.Boot, k.Seq, script[n]); err != nil {
				return nil, err
			}
			return wire.Encode(&wire.Envelope{Identity: id, Boot: k.Boot, Seq: k.Seq, CapturedAt: at, Clock: telemetry.NTP,
				Body: &wire.Observation{Observation: script.look(n, at)}})
		})
		if err != nil {
			return err
		}
		if err := j.write("done %d %d", key.Boot, key.Seq); err != nil {
			return err
		}
		n++
	}
	return nil
}

// journal records for the oracle which look was given which key. A line is written in one call, so that a kill
// leaves all of it or nothing.
type journal struct {
	file *os.File
	next int // the next look to make
}

// entry is one look that is or was in the outbox.
type entry struct {
	key    outbox.Key
	look   int
	states string // one letter per slot
	done   bool
}

// openJournal finds out how far the board had come. A look that was being stored when the board was killed is
// either in the outbox or was never there, because nothing has been sent since.
func openJournal(ctx context.Context, path string, box *outbox.Outbox) (*journal, error) {
	entries, err := readJournal(path)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	j := &journal{file: file}
	if len(entries) == 0 {
		return j, nil
	}
	last := entries[len(entries)-1]
	if j.next = last.look + 1; last.done {
		return j, nil
	}
	pending, err := box.Pending(ctx, 1<<20, nil)
	if err != nil {
		return nil, err
	}
	for _, m := range pending {
		if m.Key == last.key {
			return j, j.write("done %d %d", last.key.Boot, last.key.Seq)
		}
	}
	j.next = last.look
	return j, nil
}

func (j *journal) write(format string, args ...any) error {
	_, err := fmt.Fprintf(j.file, format+"\n", args...)
	return err
}

// readJournal returns the entries in order. The file need not exist yet.
func readJournal(path string) (entries []entry, err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var e entry
		var key outbox.Key
		switch text := lines.Text(); {
		case strings.HasPrefix(text, "try "):
			if _, err := fmt.Sscanf(text, "try %d %d %d %s", &e.look, &e.key.Boot, &e.key.Seq, &e.states); err != nil {
				return nil, fmt.Errorf("journal %q: %w", text, err)
			}
			entries = append(entries, e)
		default:
			if _, err := fmt.Sscanf(text, "done %d %d", &key.Boot, &key.Seq); err != nil {
				return nil, fmt.Errorf("journal %q: %w", text, err)
			}
			if n := len(entries); n == 0 || entries[n-1].key != key {
				return nil, fmt.Errorf("journal: %v is done and was not tried", key)
			}
			entries[len(entries)-1].done = true
		}
	}
	return entries, lines.Err()
}

// look returns the n-th look as an observation.
func (s script) look(n int, at time.Time) shelf.Observation {
	o := shelf.Observation{CapturedAt: at, Width: 640, Height: 480, PlanogramID: "chaos", PlanogramVersion: 1, Model: "chaos/1", Facings: []shelf.Facing{},
		Quality: shelf.Quality{Sharp: 100, Bright: 0.5, Contrast: 0.2}}
	for i, letter := range s[n] {
		body := fmt.Sprintf("20%010d", i+1)
		r := shelf.SlotReading{SlotID: slotName(i), Shelf: 1, GTIN: shelf.GTIN(body + string(shelf.CheckDigit(body))), Due: 1, State: shelf.Empty}
		switch letter {
		case 'o':
			r.State, r.Present = shelf.OK, 1
		case 'u':
			r.State, r.Reason = shelf.Unknown, shelf.Hidden
		}
		o.Slots = append(o.Slots, r)
	}
	return o
}
