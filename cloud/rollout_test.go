package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// staged is a staged update as the API shows it.
type staged struct {
	ID             int64
	Status, Reason string
	Stage          int
	Counts         map[string]int
	Boards         []struct{ Device, Status, Detail string }
}

func (s *staged) of(status string) (devices []string) {
	for _, b := range s.Boards {
		if b.Status == status {
			devices = append(devices, b.Device)
		}
	}
	return devices
}

func (o *office) start(order string) (s staged) {
	o.t.Helper()
	if err := json.Unmarshal(o.must("POST", "/v1/rollouts", order, http.StatusCreated), &s); err != nil {
		o.t.Fatal(err)
	}
	return s
}

func (o *office) rollout(id int64) (s staged) {
	o.t.Helper()
	if err := json.Unmarshal(o.must("GET", fmt.Sprintf("/v1/rollouts/%d", id), "", http.StatusOK), &s); err != nil {
		o.t.Fatal(err)
	}
	return s
}

func (o *office) untilRollout(id int64, what string, holds func(staged) bool) (s staged) {
	o.t.Helper()
	until(o.t, what, func() bool { s = o.rollout(id); return holds(s) })
	return s
}

// crew are boards that tell their health whenever they are asked to.
type crew []*caredFor

func (c crew) byName(name string) *caredFor {
	return c[slices.IndexFunc(c, func(b *caredFor) bool { return b.id.Device == name })]
}

// pulse has every board tell its health, as boards do every few minutes.
func (c crew) pulse() {
	for _, b := range c {
		if b.client.IsConnectionOpen() {
			b.tell(&wire.Telemetry{})
		}
	}
}

// TestStagedUpdate: over a restart of the service, on the embedded stores with its own broker and on
// PostgreSQL with two services beside Mosquitto.
func TestStagedUpdate(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { stagedUpdate(t, 1, func(*config.Config) {}) })
	t.Run("two services on PostgreSQL", func(t *testing.T) {
		mosq, pg := mosquitto.Start(t), statetest.Postgres(t).NewDatabase(t)
		stagedUpdate(t, 2, func(c *config.Config) { c.MQTT.Broker, c.State = mosq.URL(), pg })
	})
}

func stagedUpdate(t *testing.T, services int, keep func(*config.Config)) {
	dirs := []string{t.TempDir(), t.TempDir()}
	var stops []func()
	var o *office
	broker, listen, mqttListen := "", "127.0.0.1:0", "127.0.0.1:0"
	open := func() {
		stops = nil
		for i := range services {
			s, c, stop := serve(t, func(c *config.Config) {
				c.DataDir = dirs[i]
				if i == 0 {
					c.Listen, c.MQTT.Listen = listen, mqttListen
				}
				keep(c)
				if c.MQTT.Broker != "" {
					c.MQTT.ClientID = fmt.Sprint("ingest-", i) // what boards say during the restart waits at the broker
				}
			})
			stops = append(stops, stop)
			if i > 0 {
				continue
			}
			listen = s.Addr() // the same after a restart, for the boards
			if broker = c.MQTT.Broker; broker == "" {
				mqttListen = s.MQTTAddr()
				broker = "mqtt://" + s.MQTTAddr()
			}
		}
	}
	open()
	o = newOffice(t, listen)
	var boards crew
	for i := range 8 {
		b := &caredFor{t: t, id: wire.Identity{Tenant: "t", Store: fmt.Sprintf("s%d", i/4), Device: fmt.Sprintf("d%d", i)}}
		b.start(broker)
		boards = append(boards, b)
	}
	until(t, "all boards are known", func() bool {
		return strings.Count(string(o.must("GET", "/v1/fleet", "", http.StatusOK)), `"arch":"arm64"`) == len(boards)
	})
	o.keep(bundle.Model, "2", "")
	o.keep(bundle.Model, "3", "")

	// From one over half of them to all; the service is started anew in between.
	one := o.start(`{"name":"spring","kind":"model","version":"2","stages":["1","50%"],"soak_s":1,"patience_s":3600}`)
	first := o.untilRollout(one.ID, "the first has it", func(s staged) bool { boards.pulse(); return s.Counts["healthy"]+s.Counts["watched"] >= 1 })
	if n := first.Counts["asked"] + first.Counts["watched"] + first.Counts["healthy"]; first.Stage == 0 && n > 1 {
		t.Errorf("%d boards in the stage of one: %v", n, first.Counts)
	}
	for _, stop := range stops {
		stop()
	}
	open()
	seen := map[int]int{} // the most boards that had it or were asked in each stage
	done := o.untilRollout(one.ID, "all have it", func(s staged) bool {
		boards.pulse()
		if s.Status == "running" {
			seen[s.Stage] = max(seen[s.Stage], s.Counts["asked"]+s.Counts["watched"]+s.Counts["healthy"])
		}
		return s.Status == "done"
	})
	if done.Counts["healthy"] != len(boards) || seen[0] > 1 || seen[1] > 4 {
		t.Errorf("done: %v; most in each stage: %v", done.Counts, seen)
	}
	for _, b := range boards {
		if m := b.last().Model; m == nil || m.Version != "2" {
			t.Errorf("%s has %+v", b.id.Device, m)
		}
		if got := len(b.heard); got != 1 {
			t.Errorf("%s was told %d times, want once: that all have it now is nothing new", b.id.Device, got)
		}
	}
	if wishes := string(o.must("GET", "/v1/desired", "", http.StatusOK)); strings.Count(wishes, `"scope"`) != 1 || !strings.Contains(wishes, `"tenant"`) {
		t.Errorf("wishes after it: %s", wishes)
	}

	// One that boards go back from: it halts, and whoever has not taken it does not take it any more.
	refuse := func(d *wire.Desired) (string, string) {
		if d.Model != nil && d.Model.Version == "3" {
			return wire.OutcomeRolledBack, "the reference frame shows 0 of 9 facings"
		}
		return wire.OutcomeApplied, ""
	}
	for _, b := range boards {
		b.judgeBy(refuse)
	}
	two := o.start(`{"kind":"model","version":"3","stages":["2"],"soak_s":1,"max_failures":1}`)
	halted := o.untilRollout(two.ID, "it halts", func(s staged) bool { boards.pulse(); return s.Status == "halted" })
	if n := halted.Counts["failed"]; n != 2 || halted.Counts["waiting"] != 6 || !strings.Contains(halted.Reason, "0 of 9 facings") {
		t.Errorf("halted: %v, %s", halted.Counts, halted.Reason)
	}
	for _, device := range halted.of("failed") {
		until(t, device+" is wished what it had", func() bool { m := boards.byName(device).last().Model; return m != nil && m.Version == "2" })
	}
	for _, device := range halted.of("waiting") {
		if m := boards.byName(device).last().Model; m.Version != "2" {
			t.Errorf("%s was told %s after the halt", device, m.Version)
		}
	}
	o.must("POST", fmt.Sprintf("/v1/rollouts/%d/cancel", two.ID), "", http.StatusOK)

	// One under which a board is unwell, and one that a person pauses; a lower version reaches nobody.
	o.must("POST", "/v1/rollouts", `{"kind":"model","version":"2"}`, http.StatusConflict)
	for _, b := range boards {
		b.judgeBy(func(d *wire.Desired) (string, string) {
			if d.Model.Version == "4" {
				b.mu.Lock()
				b.health = []string{"camera: no picture"}
				b.mu.Unlock()
			}
			return wire.OutcomeApplied, ""
		})
	}
	o.keep(bundle.Model, "4", "")
	three := o.start(`{"kind":"model","version":"4","stores":["s1"],"stages":["1"],"soak_s":1}`)
	o.must("POST", fmt.Sprintf("/v1/rollouts/%d/pause", three.ID), "", http.StatusOK)
	o.must("POST", fmt.Sprintf("/v1/rollouts/%d/pause", three.ID), "", http.StatusConflict)
	o.must("POST", fmt.Sprintf("/v1/rollouts/%d/resume", three.ID), "", http.StatusOK)
	unwell := o.untilRollout(three.ID, "it halts for health", func(s staged) bool { boards.pulse(); return s.Status == "halted" })
	if unwell.Counts["failed"] != 1 || unwell.Counts["waiting"] != 3 || !strings.Contains(unwell.Reason, "camera: no picture") {
		t.Errorf("halted: %v, %s", unwell.Counts, unwell.Reason)
	}
	if s := string(o.must("GET", "/v1/rollouts", "", http.StatusOK)); strings.Count(s, `"id"`) != 3 {
		t.Errorf("list: %s", s)
	}
}
