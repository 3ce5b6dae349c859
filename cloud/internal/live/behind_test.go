package live_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// others appends to the log what is of no concern to the bench's tenant.
func (b *bench) others(n int) {
	b.t.Helper()
	b.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
		INSERT INTO alert_log (event_id, kind, at, alert_id, tenant, store, device, slot, gtin, type, severity, alert)
		SELECT 'ev_' || i, 'opened', 0, 'al', 'other', 's', 'd', '', '', 'stockout', 'info', '{}' FROM n`, n)
}

// TestFarBehindMissesNothing: alerts that opened and closed while a client was away for long are told from the log, not
// dropped for a snapshot.
func TestFarBehindMissesNothing(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = 10 * time.Second // a busy machine does not answer a ping in 600 ms
	b := newBench(t, cfg)
	b.look("d1", "A", shelf.Empty)
	b.look("d1", "A", shelf.OK) // over: no snapshot shows it
	b.others(150_000)
	there := b.dial(nil)
	there.say(live.Subscribe{})
	b.look("d2", "A", shelf.Empty)
	for there.cursor != "150003" { // the stream has come to the log's end
		there.next()
	}
	c := b.dial(nil)
	c.say(live.Subscribe{Cursor: "0"})
	for len(c.events) < 3 {
		if m := c.next(); m.Type != "changes" {
			t.Fatalf("got %+v", m)
		}
	}
	if want := []string{"1 opened d1 A", "2 resolved d1 A", "150003 opened d2 A"}; !slices.Equal(c.events, want) {
		t.Errorf("got %q, want %q", c.events, want)
	}
}

// TestFollowsItsSelectionOverManyPages: page by page, whether much or little of a long log is selected.
func TestFollowsItsSelectionOverManyPages(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = 10 * time.Second // a busy machine does not answer a ping in 600 ms
	b := newBench(t, cfg)
	const n = 700 // pages of 250
	for i := range n {
		b.look(fmt.Sprint("d", i), "A", shelf.Misplaced)
	}
	b.look("last", "A", shelf.Empty)
	for _, f := range []live.Filter{{}, {Types: []string{string(alert.Stockout)}}} {
		c := b.dial(nil)
		c.say(live.Subscribe{Cursor: "0", Alerts: f})
		want := 1
		if f.Types == nil {
			want = n + 1
		}
		c.until(want)
		if got := c.events[want-1]; got != "701 opened last A" {
			t.Errorf("the last of %d is %q", len(c.events), got)
		}
	}
}

// TestSubscriptionsAreRationed: a client that asks for snapshots in a loop gets two a second.
func TestSubscriptionsAreRationed(t *testing.T) {
	b := newBench(t, quick())
	c := b.dial(nil)
	began := time.Now()
	for range 4 {
		c.say(live.Subscribe{})
		for c.next().Type != "snapshot" {
		}
	}
	if took := time.Since(began); took < 1400*time.Millisecond {
		t.Errorf("four snapshots took %s", took)
	}
}

// TestManyThatComeBackAtOnce: what waits for them in memory is bounded by those whose turn it is.
func TestManyThatComeBackAtOnce(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = 2 * time.Second
	b := newBench(t, cfg)
	const many, body = 250, 4000
	b.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
		INSERT INTO alert_log (event_id, kind, at, alert_id, tenant, store, device, slot, gtin, type, severity, alert)
		SELECT 'ev_' || i, 'opened', 0, 'al', 't', 's', 'd', '', '', 'stockout', 'info', '"' || hex(zeroblob(?)) || '"' FROM n`, body/2)
	before, most := heap(), uint64(0)
	for i := range many {
		b.neverReads(live.Subscribe{Cursor: "0"})
		if i%10 == 9 { // on a busy machine the first are cut off before the last has come
			most = max(most, heap())
		}
	}
	for end := time.Now().Add(4 * time.Second); time.Now().Before(end) && b.hub.Clients() > many/2; {
		most = max(most, heap())
	}
	if most == 0 || int64(most)-int64(before) > 400<<20 { // 1,000 entries of 4 KB for each were 1.4 GB; 120 to 210 MB were seen, as the collector finds time
		t.Errorf("the heap has grown by %d MB", (int64(most)-int64(before))>>20)
	}
	t.Logf("the heap grew by %d MB at most", (int64(most)-int64(before))>>20)
}
