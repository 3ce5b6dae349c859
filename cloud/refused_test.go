package cloud_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestSeriesRefusesForGood: what a real InfluxDB never takes, a field whose type somebody else has set and a time that
// its bucket does not keep, is put aside with the server's reason and its bytes, its board is told to move on, and all
// that came with it is stored.
func TestSeriesRefusesForGood(t *testing.T) {
	tsdb := influxd.Start(t)
	ask := func(path string, form url.Values, body string) {
		t.Helper()
		resp, err := http.Post(tsdb.HTTP()+path+"?"+form.Encode(), "text/plain", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode/100 != 2 || strings.Contains(string(answer), "error") {
			t.Fatalf("%s: %s %s, %v", path, resp.Status, answer, err)
		}
	}
	ask("/query", url.Values{"q": {"CREATE DATABASE short WITH DURATION 2d NAME days"}}, "")
	ask("/write", url.Values{"db": {"short"}, "rp": {"days"}}, `power,tenant=t,store=s1,device=evil mv="mains"`)
	seriesURL := "influx://" + strings.TrimPrefix(tsdb.HTTP(), "http://") + "/?bucket=short/days"
	s, c, stop := serve(t, func(c *config.Config) { c.Series = seriesURL })

	b, h := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1"), newHostile(t, "mqtt://"+s.MQTTAddr())
	now := time.Now().UTC().Truncate(time.Microsecond)
	say := func(seq uint64, at time.Time, body *wire.Telemetry) {
		t.Helper()
		payload, err := wire.Encode(&wire.Envelope{Identity: h.id, Boot: 1, Seq: seq, CapturedAt: at, Clock: telemetry.NTP, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		h.say(t, wire.KindTelemetry, payload)
	}
	climate := func(at time.Time) *wire.Telemetry {
		return &wire.Telemetry{Climate: []telemetry.Climate{{At: at, Temp: 4000}}}
	}
	const messages = 40
	for seq := range uint64(messages) {
		b.say(t, shelf.OK, shelf.Low)
		switch at := now.Add(time.Duration(seq) * time.Millisecond); seq {
		case 10:
			say(seq+1, at, &wire.Telemetry{Power: []telemetry.Power{{At: at, MilliVolt: 230_000, Mains: true}}})
		case 20:
			at = at.Add(-5 * 24 * time.Hour)
			say(seq+1, at, climate(at))
		default:
			say(seq+1, at, climate(at))
		}
	}
	b.drain(t)
	until(t, "all is stored or put aside", func() bool {
		return metric(t, s.Addr(), `coldshelf_ingest_messages_total{kind="telemetry"}`)+metric(t, s.Addr(), `coldshelf_ingest_quarantined_total{reason="series"}`) >= messages
	})
	stop()

	points, err := influx.Open(context.Background(), seriesURL)
	if err != nil {
		t.Fatal(err)
	}
	defer points.Close()
	for device, want := range map[string]int{"d1": messages, "evil": messages - 2} {
		list, err := points.Messages(context.Background(), series.Range{Tenant: "t", Device: device, From: now.Add(-time.Hour), To: now.Add(time.Hour)}, 1000)
		if err != nil || len(list) != want {
			t.Errorf("%s: %d messages in InfluxDB, %v, want %d", device, len(list), err, want)
		}
	}
	db, err := state.Open(context.Background(), c.StateURL())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, err := state.ListQuarantine(context.Background(), db, "t", 10)
	if err != nil || len(list) != 2 {
		t.Fatalf("quarantine: %+v, %v, want two", list, err)
	}
	for i, why := range []string{"retention policy", "field type conflict"} { // the newest first
		q, err := state.GetQuarantined(context.Background(), db, list[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		env, err := wire.Decode(q.Bytes)
		if want := []uint64{21, 11}[i]; err != nil || env.Seq != want || q.Reason != "series" || !strings.Contains(q.Detail, why) {
			t.Errorf("put aside: %s %q, %v, want message %d with %q", q.Reason, q.Detail, err, want, why)
		}
	}
	seen, err := state.BootSeen(context.Background(), db, "t", "evil", 1)
	if got := fmt.Sprint(seen.Ranges.List()); err != nil || got != "[{1 10} {12 20} {22 40}]" {
		t.Errorf("seen %s, %v", got, err)
	}
}
