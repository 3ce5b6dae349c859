package live_test

import (
	"log/slog"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// row reads on until the row of a device comes.
func (c *client) row(device string) {
	c.t.Helper()
	delete(c.coolers, device)
	for end := time.Now().Add(20 * time.Second); ; {
		c.next()
		if _, ok := c.coolers[device]; ok {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("no row of %s came", device)
		}
	}
}

// quiet reads on until two heartbeats without rows have come.
func (c *client) quiet() {
	c.t.Helper()
	for n := 0; n < 2; {
		if m := c.next(); m.Type == "changes" && len(m.Coolers) == 0 {
			n++
		} else {
			n = 0
		}
	}
}

// TestRowsByASlowClock: a cooler that a machine whose clock is ten seconds slow has written is streamed too.
func TestRowsByASlowClock(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = time.Second
	b := newBench(t, cfg)
	b.look("d1", "A", shelf.OK)
	b.look("d2", "A", shelf.OK)
	c := b.dial(nil)
	c.say(live.Subscribe{Coolers: true})
	c.quiet()
	b.look("d1", "A", shelf.OK)
	c.row("d1")
	c.quiet()
	b.exec("UPDATE coolers SET changed_at = ? WHERE device = 'd2'", state.Micros(time.Now().Add(-10*time.Second)))
	c.row("d2")
}

// TestRowsOutliveAFailedLook: what changed while the database failed at another part of a look comes with the next.
func TestRowsOutliveAFailedLook(t *testing.T) {
	b := newBench(t, quick())
	b.stop()
	cfg, failed := quick(), make(chan struct{}, 100)
	cfg.Heartbeat = time.Second
	cfg.Log = slog.New(saysFailed{slog.DiscardHandler, failed})
	b.start(cfg)
	b.look("d1", "A", shelf.OK)
	c := b.dial(nil)
	c.say(live.Subscribe{Coolers: true, Rollouts: true})
	b.look("d1", "A", shelf.OK)
	c.quiet()
	b.exec("ALTER TABLE rollouts RENAME TO away")
	for { // until looks fail
		select {
		case <-failed:
		default:
			b.hub.Committed()
			c.next()
			continue
		}
		break
	}
	b.look("d1", "A", shelf.OK)
	for len(failed) > 0 {
		<-failed
	}
	<-failed
	b.exec("ALTER TABLE away RENAME TO rollouts")
	c.row("d1")
}

// TestAlertsWaitForNothingElse: while rows and staged updates cannot be read, alerts are streamed.
func TestAlertsWaitForNothingElse(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = 10 * time.Second
	b := newBench(t, cfg)
	b.look("d1", "A", shelf.OK)
	c := b.dial(nil)
	c.say(live.Subscribe{Coolers: true, Rollouts: true})
	for c.next().Type != "snapshot" {
	}
	b.exec("ALTER TABLE rollouts RENAME TO away")
	b.look("d1", "A", shelf.Empty)
	c.until(1)
	b.look("d1", "A", shelf.OK)
	c.until(2)
	b.exec("ALTER TABLE away RENAME TO rollouts")
	c.row("d1")
}
