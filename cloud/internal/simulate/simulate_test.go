package simulate_test

import (
	"context"
	"log/slog"
	"net"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

var start = time.Date(2026, 3, 2, 6, 0, 0, 0, time.UTC)

// service runs cooler-cloud on Mosquitto; stop ends it.
func service(t *testing.T, broker string) (c config.Config, stop func()) {
	t.Helper()
	c = config.Defaults()
	c.Listen, c.DataDir, c.MQTT.Broker, c.MQTT.ClientID = "127.0.0.1:0", t.TempDir(), broker, "ingest-1"
	s, err := cloud.Open(context.Background(), c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	return c, func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the service ended: %v", err)
		}
	}
}

// day runs a fleet for a day in the shop and gives each device's series.
func day(t *testing.T, faults simulate.Faults, devices int) (report simulate.Report, kept [][]series.Message, quarantined int) {
	t.Helper()
	mosq := mosquitto.Start(t)
	c, stop := service(t, mosq.URL())
	f, err := simulate.New(simulate.Config{Broker: mosq.URL(), Devices: devices, Slots: 10, Connections: 3, Looks: 60, Faults: faults, Seed: 7, Start: start})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	report, err = f.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	points, err := embedded.Open(context.Background(), c.SeriesURL())
	if err != nil {
		t.Fatal(err)
	}
	defer points.Close()
	for i := range devices {
		list, err := points.Messages(context.Background(), series.Range{Tenant: "default", Device: "sim-00000" + string(rune('0'+i)), From: start, To: start.Add(24 * time.Hour)}, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		kept = append(kept, list)
	}
	db, err := state.Open(context.Background(), c.StateURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := state.ListQuarantine(context.Background(), db, "", 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return report, kept, len(rows)
}

// TestFaultsChangeNothing: what is stored of a fleet with a hard life is what is stored of one with
// an easy life, and what nobody could read is in quarantine.
func TestFaultsChangeNothing(t *testing.T) {
	const devices = 5
	easy, want, none := day(t, simulate.Faults{}, devices)
	faults := simulate.AllFaults()
	faults.ClockJump = 0 // it takes dates away
	hard, got, some := day(t, faults, devices)
	if easy.Lost != 0 || easy.Rejected != 0 || easy.Stored == 0 || none != 0 {
		t.Errorf("easy life: %+v, %d in quarantine", easy, none)
	}
	if hard.Lost != 0 || hard.Rejected != 0 || hard.Stored != easy.Stored || hard.Rubbish == 0 || some == 0 {
		t.Errorf("hard life: %+v, %d in quarantine, want %d stored", hard, some, easy.Stored)
	}
	for i := range devices {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("device %d: %d messages stored, %d without faults, or they differ", i, len(got[i]), len(want[i]))
		}
	}
}

func TestLostClocksAreStored(t *testing.T) {
	report, _, _ := day(t, simulate.Faults{ClockJump: 0.5}, 2)
	if report.Lost != 0 || report.Rejected != 0 {
		t.Errorf("%+v", report)
	}
}

// TestShopDay: a shop of the simulation sells out and is filled again.
func TestShopDay(t *testing.T) {
	_, kept, _ := day(t, simulate.Faults{}, 4)
	empty, filled := 0, 0
	for _, list := range kept {
		was := map[string]bool{}
		for _, m := range list {
			for _, p := range m.Slots {
				if p.State.String() == "empty" {
					was[p.Slot] = true
					empty++
				} else if p.Present > 0 && was[p.Slot] {
					was[p.Slot] = false
					filled++
				}
			}
		}
	}
	if empty == 0 || filled == 0 {
		t.Errorf("%d empty slots seen, %d filled again: too quiet a day", empty, filled)
	}
}

// TestAway: a fleet that no broker lets in says why, as long as it is so.
func TestAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close() // nothing listens there now
	f, err := simulate.New(simulate.Config{Broker: "mqtt://" + addr, Devices: 3})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { _, err := f.Run(ctx); ended <- err }()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for n, why, _ := f.Away(); n < 3; n, why, _ = f.Away() {
		select {
		case <-again.C:
		case <-t.Context().Done():
			t.Fatalf("%d of 3 connections are told to wait: %s", n, why)
		}
	}
	if _, why, hint := f.Away(); why != "nothing listens at "+addr+" (connection refused)" || !strings.Contains(hint, "1883 without TLS") {
		t.Errorf("why: %s; %s", why, hint)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
