package alert

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// TestEpisodesHaveNamesOfTheirOwn: boots and times are great numbers, and each of them tells.
func TestEpisodesHaveNamesOfTheirOwn(t *testing.T) {
	id := wire.Identity{Tenant: "t", Store: "s", Device: "d"}
	at := time.Date(2026, 11, 25, 19, 0, 0, 0, time.UTC)
	names := map[string]Episode{}
	for _, boot := range []uint32{1, 0xD800, 0xD801, 3629966, 3629968} {
		for _, seq := range []uint64{1, 2, 1 << 35, 1<<35 + 1} {
			for _, when := range []time.Time{at, at.Add(time.Microsecond)} {
				for _, slot := range []string{"A1", "A2"} {
					e := Episode{Type: Stockout, Slot: slot, Origin: Mark{Key{boot, seq}, when}}
					name := alertID(id, e)
					if other, ok := names[name]; ok {
						t.Errorf("%+v and %+v are both %s", e.Origin, other.Origin, name)
					}
					names[name] = e
				}
			}
		}
	}
}
