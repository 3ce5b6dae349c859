package live_test

import (
	"fmt"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestSnapshotInParts: what is too much for one message comes in several, whole, and only the last has a cursor.
func TestSnapshotInParts(t *testing.T) {
	for _, c := range []struct{ standing, parts int }{{0, 1}, {3, 1}, {4, 2}, {7, 3}, {9, 3}} {
		cfg := quick()
		cfg.Part = 3
		b := newBench(t, cfg)
		for i := range c.standing {
			b.look(fmt.Sprint("d", i), "A", shelf.Empty)
		}
		w := b.dial(nil)
		w.say(live.Subscribe{Coolers: true})
		seen, coolers, parts := map[string]bool{}, 0, 0
		for last := false; !last; {
			m := w.next()
			if m.Type != "snapshot" {
				continue
			}
			parts++
			last = m.Cursor != ""
			if last == m.More || len(m.Alerts) > 3 {
				t.Errorf("part %d of %d alerts: more %v, cursor %q, %d alerts", parts, c.standing, m.More, m.Cursor, len(m.Alerts))
			}
			for _, a := range m.Alerts {
				seen[a.Device] = true
			}
			coolers += len(m.Coolers)
		}
		if len(seen) != c.standing || parts != c.parts || coolers != c.standing {
			t.Errorf("%d alerts came as %d in %d parts with %d coolers", c.standing, len(seen), parts, coolers)
		}
	}
}
