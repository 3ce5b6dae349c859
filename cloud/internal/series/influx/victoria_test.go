package influx_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/victoria"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// TestVictoriaMetrics: what is written to VictoriaMetrics by InfluxDB's protocol is there, number by number, is no
// other after it was written again, and outlives a restart; while it is away Write says so. It has no Flux, and a read
// says so. What it took in the seconds before a kill -9 is gone, as it says of itself: no test holds it to more.
func TestVictoriaMetrics(t *testing.T) {
	ctx, server := context.Background(), victoria.Start(t)
	s := open(t, server.URL())
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	at := time.Now().UTC().Truncate(time.Hour)
	messages := []series.Message{
		{Tenant: "t", Store: "s 1", Device: "d", Boot: 3, Seq: 1, At: at, Slots: []series.SlotPoint{
			{Slot: "a", GTIN: "4006381333931", State: shelf.OK, Due: 2, Present: 2},
			{Slot: "b", GTIN: "96385074", State: shelf.Empty, Due: 3},
			{Slot: "c", GTIN: "96385074", State: shelf.Unknown, Due: 1, Reason: shelf.Fog}}},
		{Tenant: "t", Store: "s 1", Device: "d", Boot: 3, Seq: 2, At: at.Add(time.Second),
			Doors:    []telemetry.DoorEvent{{At: at.Add(time.Second), Open: true}},
			Climate:  []telemetry.Climate{{At: at.Add(time.Second), Sensor: "top", Temp: -18250, HumidityPermille: 431}},
			Footfall: []telemetry.Footfall{{From: at, To: at.Add(time.Second), Line: "door", In: 3, Out: 2, Passing: 40, Dwell: 8500 * time.Millisecond}},
			Power:    []telemetry.Power{{At: at.Add(time.Second), MilliVolt: 230_100, MilliAmp: -120, Mains: true}}},
		{Tenant: "t", Store: "s 1", Device: "d", Boot: 3, Seq: 3, At: at.Add(2 * time.Second),
			Events: []series.Event{{At: at.Add(2 * time.Second), Type: "removal", Slot: "a", GTIN: "96385074"}}},
	}
	hours := []merge.StoreHour{{Store: "s 1", Closed: true, Hour: merge.Hour{Start: at, In: 12}}}
	write := func() {
		t.Helper()
		if err := errors.Join(s.Write(ctx, messages), s.PutHours(ctx, "t", hours)); err != nil {
			t.Fatal(err)
		}
	}
	write()
	got := server.Samples(t)
	const d = "device:d"
	for _, want := range []struct {
		metric, labels string
		after          time.Duration
		value          float64
	}{
		{"shelf_present", d + " gtin:4006381333931 slot:a store:s 1 tenant:t", 0, 2},
		{"shelf_state", d + " gtin:96385074 slot:b store:s 1 tenant:t", 0, float64(shelf.Empty)},
		{"shelf_present", d + " gtin:96385074 slot:b store:s 1 tenant:t", 0, 0},
		{"shelf_missing", d + " gtin:96385074 slot:b store:s 1 tenant:t", 0, 3},
		{"shelf_reason", d + " gtin:96385074 slot:c store:s 1 tenant:t", 0, float64(shelf.Fog)},
		{"look_slots", d + " store:s 1 tenant:t", 0, 3},
		{"look_seq", d + " store:s 1 tenant:t", 0, 1},
		{"door_open", d + " store:s 1 tenant:t", time.Second, 1},
		{"climate_temp_mc", d + " sensor:top store:s 1 tenant:t", time.Second, -18250},
		{"climate_humidity_permille", d + " sensor:top store:s 1 tenant:t", time.Second, 431},
		{"footfall_in", d + " line:door store:s 1 tenant:t", time.Second, 3},
		{"footfall_passing", d + " line:door store:s 1 tenant:t", time.Second, 40},
		{"footfall_dwell_ms", d + " line:door store:s 1 tenant:t", time.Second, 8500},
		{"power_mv", d + " store:s 1 tenant:t", time.Second, 230_100},
		{"power_ma", d + " store:s 1 tenant:t", time.Second, -120},
		{"power_mains", d + " store:s 1 tenant:t", time.Second, 1},
		{"event_seq", d + " store:s 1 tenant:t type:removal", 2 * time.Second, 3},
		{"hour_store_people_in", "store:s 1 tenant:t", 0, 12},
	} {
		key := fmt.Sprintf("%s{%s} %d", want.metric, want.labels, at.Add(want.after).UnixMilli())
		if value, there := got[key]; !there || value != want.value {
			t.Errorf("%s: got %v, %v, want %v", key, value, there, want.value)
		}
	}
	if t.Failed() {
		t.Logf("there is:\n%v", slices.Sorted(maps.Keys(got)))
	}
	write()
	if again := server.Samples(t); !maps.Equal(again, got) {
		t.Errorf("written again: %d samples, before %d", len(again), len(got))
	}
	server.Kill(t, syscall.SIGTERM)
	if err := s.Write(ctx, messages); err == nil {
		t.Error("a server that is away takes points")
	}
	server.Start(t)
	if after := server.Samples(t); !maps.Equal(after, got) {
		t.Errorf("after a restart: %d samples, before %d", len(after), len(got))
	}
	if _, err := s.Messages(ctx, series.Range{Tenant: "t", Device: "d", From: at, To: at.Add(time.Hour)}, 10); err == nil {
		t.Error("a read without Flux says nothing")
	}
}
