package live_test

import (
	"context"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// exec changes what a conductor would change.
func (b *bench) exec(sql string, args ...any) {
	b.t.Helper()
	ctx := context.Background()
	err := b.db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.hub.Committed()
}

func (b *bench) rollout(tenant, version string) {
	b.t.Helper()
	b.exec(`INSERT INTO rollouts (tenant, order_body, status, stage, stage_since, created_at, created_by, changed_at) VALUES (?, ?, 'running', 0, 0, 0, 'Li', 0)`,
		tenant, `{"kind":"model","version":"`+version+`","stages":["100%"],"soak_s":1,"patience_s":1,"max_failures":0}`)
}

// rollouts reads on until a list comes that is as wanted.
func (c *client) rollouts(want func([]rollout.Rollout) bool) []rollout.Rollout {
	c.t.Helper()
	var last []rollout.Rollout
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		if m := c.next(); m.Rollouts != nil {
			if last = m.Rollouts; want(last) {
				return last
			}
		}
	}
	c.t.Fatalf("staged updates stay %+v", last)
	return nil
}

// TestStagedUpdatesAreStreamed: whoever asks for them is sent all at once, and again when a board or the update
// itself changes; nobody else is, and nobody those of another tenant.
func TestStagedUpdatesAreStreamed(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = time.Minute // one client waits while another reads
	b := newBench(t, cfg)
	b.rollout("t", "1")
	b.rollout("other", "9")
	deaf := b.dial(nil)
	deaf.say(live.Subscribe{})
	c := b.dial(nil)
	c.say(live.Subscribe{Rollouts: true})
	one := func(list []rollout.Rollout) bool { return len(list) == 1 && list[0].Version == "1" }
	id := c.rollouts(one)[0].ID

	b.exec(`INSERT INTO rollout_boards (tenant, rollout, device, place, status, body) VALUES ('t', ?, 'd1', 0, 'waiting', '{}')`, id)
	c.rollouts(func(list []rollout.Rollout) bool { return list[0].Counts[rollout.Waiting] == 1 })
	b.exec(`UPDATE rollout_boards SET status = 'healthy' WHERE rollout = ?`, id)
	c.rollouts(func(list []rollout.Rollout) bool { return list[0].Counts[rollout.Healthy] == 1 })
	b.exec(`UPDATE rollouts SET status = 'halted', reason = 'why' WHERE id = ?`, id)
	c.rollouts(func(list []rollout.Rollout) bool { return list[0].Status == rollout.Halted && list[0].Reason == "why" })

	late := b.dial(nil)
	late.say(live.Subscribe{Rollouts: true})
	late.rollouts(func(list []rollout.Rollout) bool { return one(list) && list[0].Status == rollout.Halted })
	c.say(live.Subscribe{Cursor: c.cursor, Rollouts: true}) // subscribing again tells all again
	c.rollouts(one)

	b.look("d1", "A", shelf.Empty)
	for len(deaf.events) == 0 {
		if m := deaf.next(); m.Rollouts != nil {
			t.Errorf("who did not ask is sent %+v", m.Rollouts)
		}
	}
}

// mark has a merge of a tenant have changed an hour, as a merge.Follower says it.
func (b *bench) mark(tenant string) {
	b.t.Helper()
	b.exec(`INSERT INTO merge_cursors (tenant, feed, at) VALUES (?, 'mark', 1) ON CONFLICT (tenant, feed) DO UPDATE SET at = merge_cursors.at + 1`, tenant)
}

// figures reads on until a number comes, again where it is the one before.
func (c *client) figures(want int64) {
	c.t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		m := c.next()
		if m.Figures == want {
			return
		}
		if m.Figures != 0 && m.Figures != want-1 {
			c.t.Fatalf("told of figures %d, want %d", m.Figures, want)
		}
	}
	c.t.Fatalf("not told of figures %d", want)
}

// TestChangedFiguresAreTold: whoever asks is told at once where the figures of his tenant stand, and again when a
// merge changed an hour of it; nobody else is, and nobody of another tenant's.
func TestChangedFiguresAreTold(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = time.Minute // one client waits while another reads
	b := newBench(t, cfg)
	b.mark("t")
	deaf := b.dial(nil)
	deaf.say(live.Subscribe{Rollouts: true})
	c := b.dial(nil)
	c.say(live.Subscribe{Figures: true})
	c.figures(1)
	b.mark("other")
	b.mark("t")
	c.figures(2)
	late := b.dial(nil)
	late.say(live.Subscribe{Figures: true})
	late.figures(2)

	b.look("d1", "A", shelf.Empty)
	for len(deaf.events) == 0 {
		if m := deaf.next(); m.Figures != 0 {
			t.Errorf("who did not ask is told %d", m.Figures)
		}
	}
}
