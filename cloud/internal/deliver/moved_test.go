package deliver_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestCoolerMovesWhileAnAlertLasts: whoever selects the store that a cooler stood in is told that the alert
// is over in the other, and no topic says for ever that it stands.
func TestCoolerMovesWhileAnAlertLasts(t *testing.T) {
	statetest.Each(t, coolerMoves, alert.Tables, deliver.Tables)
}

func coolerMoves(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	url, calls := endpoint(t, ok)
	h.hook(deliver.Webhook{URL: url, Stores: []string{"s1"}})
	b := &broker{kept: map[string]string{}, news: make(chan struct{}, 1)}
	h.start(deliver.Config{AllowPrivate: true, MQTT: b.connect})
	seq := uint64(0)
	see := func(store string, s shelf.State) {
		t.Helper()
		now := time.Now().UTC()
		seq++
		present := 0
		if s == shelf.OK {
			present = 1
		}
		env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: store, Device: "d1"}, Boot: 1, Seq: seq, CapturedAt: now, Clock: telemetry.NTP,
			Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1,
				Slots: []shelf.SlotReading{{SlotID: "A", GTIN: "4006381333931", State: s, Due: 1, Present: present}}}}}
		if err := h.db.Write(t.Context(), func(tx *state.Tx) error { return h.engine.Step(t.Context(), tx, env) }); err != nil {
			t.Fatal(err)
		}
	}
	see("s1", shelf.Empty)
	see("s2", shelf.OK)
	for _, kind := range []string{"opened", "resolved"} {
		if got := next(t, calls); !strings.Contains(got.body, alert.EventPrefix+kind) {
			t.Errorf("got %s, want %s", got.body, kind)
		}
	}
	topic := func(store string) string { return "coldshelf/v1/t/alerts/" + store + "/d1/stockout/A" }
	if got, want := b.until(t, 3), []string{topic("s1"), topic("s1"), topic("s2")}; !slices.Equal(got, want) {
		t.Errorf("published %q, want %q", got, want)
	}
	h.stop()
	for _, store := range []string{"s1", "s2"} {
		if got := b.kept[topic(store)]; !strings.Contains(got, alert.EventPrefix+"resolved") || !strings.Contains(got, `"store_was":["s1"]`) {
			t.Errorf("%s keeps %s", store, got)
		}
	}
}
