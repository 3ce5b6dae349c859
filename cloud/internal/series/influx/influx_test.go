package influx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/mergetest"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/cloud/internal/series/seriestest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

func open(t *testing.T, url string) *influx.Store {
	t.Helper()
	s, err := influx.Open(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestOnServer runs what can share a server, which takes seconds to start.
func TestOnServer(t *testing.T) {
	server := influxd.Start(t)
	t.Run("conformance", func(t *testing.T) {
		seriestest.Run(t, func(t *testing.T) seriestest.Store { return open(t, server.NewDatabase(t)) }, seriestest.ForgetsByItself)
	})
	t.Run("merged hours", func(t *testing.T) {
		mergetest.Run(t, func(t *testing.T) merge.HourStore { return open(t, server.NewDatabase(t)) })
	})
	t.Run("a refused point", func(t *testing.T) { refusedPoint(t, server) })
	t.Run("slots as versions before said them", func(t *testing.T) { saidBefore(t, server) })
	t.Run("two messages of one moment do not fall on each other", func(t *testing.T) { sameMicrosecond(t, server) })
}

func reading(seq uint64, sensor string, at time.Time) series.Message {
	return series.Message{Tenant: "t", Store: "s", Device: "d", Boot: 1, Seq: seq, At: at,
		Climate: []telemetry.Climate{{At: at, Sensor: sensor, Temp: 4000}}}
}

// refusedPoint: a message that the server will never take is named.
func refusedPoint(t *testing.T, server *influxd.Server) {
	url := server.NewDatabase(t)
	_, bucket, _ := strings.Cut(url, "bucket=")
	database, _, _ := strings.Cut(bucket, "/")
	at := time.Now().UTC().Truncate(time.Second)
	// Somebody else wrote temp_mc as text in the same place: the server refuses ours there.
	resp, err := http.Post(server.HTTP()+"/write?db="+database, "text/plain", strings.NewReader(`climate,tenant=t,store=s,device=d,sensor=odd temp_mc="warm"`))
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
	s := open(t, url)
	err = s.Write(context.Background(), []series.Message{reading(1, "", at)})
	var refused *series.Refused
	if !errors.As(err, &refused) || refused.Message.Seq != 1 {
		t.Fatalf("got %v, want message 1 refused", err)
	}
	if !strings.Contains(refused.Reason, "type") {
		t.Errorf("the reason %q does not tell why", refused.Reason)
	}
	bad := reading(2, "two\nlines", at)
	if err := s.Write(context.Background(), []series.Message{bad}); !errors.As(err, &refused) || refused.Message.Seq != 2 {
		t.Errorf("got %v, want message 2 refused", err)
	}
}

// saidBefore: a slot that says that it is OK, as versions before 30 November 2026 did, is one that does not.
func saidBefore(t *testing.T, server *influxd.Server) {
	url := server.NewDatabase(t)
	_, bucket, _ := strings.Cut(url, "bucket=")
	database, _, _ := strings.Cut(bucket, "/")
	at := time.Now().UTC().Truncate(time.Hour)
	old := fmt.Sprintf("shelf,device=d,gtin=4006381333931,slot=A1,store=s,tenant=t state=1i,present=2i %[1]d001\n"+
		"shelf,device=d,gtin=4006381333931,slot=A2,store=s,tenant=t state=2i,present=1i,missing=1i %[1]d001\n"+
		"look,device=d,store=s,tenant=t slots=2i,order=\"A1\tA2\",place=0i,boot=1i,seq=1i,mat=%[1]di %[1]d001", at.UnixMicro())
	resp, err := http.Post(server.HTTP()+"/write?db="+database, "text/plain", strings.NewReader(old))
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%v, %v", resp, err)
	}
	resp.Body.Close()
	ctx, s := context.Background(), open(t, url)
	slots := []series.SlotPoint{{Slot: "A1", GTIN: "4006381333931", State: shelf.OK, Due: 2, Present: 2},
		{Slot: "A2", GTIN: "4006381333931", State: shelf.Low, Due: 2, Present: 1}}
	if err := s.Write(ctx, []series.Message{{Tenant: "t", Store: "s", Device: "d", Boot: 1, Seq: 2, At: at.Add(time.Minute), Slots: slots}}); err != nil {
		t.Fatal(err)
	}
	list, err := s.Messages(ctx, series.Range{Tenant: "t", Device: "d", From: at, To: at.Add(time.Hour)}, 10)
	if err != nil || len(list) != 2 || !slices.Equal(list[0].Slots, slots) || !slices.Equal(list[1].Slots, slots) {
		t.Errorf("got %+v, %v", list, err)
	}
	want := series.Totals{OK: 2, Low: 2, Present: 6, Due: 8}
	hours, err := s.Hours(ctx, series.Range{Tenant: "t", Device: "d", From: at, To: at.Add(time.Hour)})
	if err != nil || len(hours) != 1 || hours[0].Totals != want {
		t.Errorf("hours: got %+v, %v, want %+v", hours, err, want)
	}
	want.GTIN = "4006381333931"
	fleet, err := s.Fleet(ctx, "t", at, at.Add(time.Hour))
	if err != nil || len(fleet) != 1 || fleet[0] != want {
		t.Errorf("fleet: got %+v, %v, want %+v", fleet, err, want)
	}
}

// TestServerKilled: while the server is away Write says so; killed -9 after Write it has the points.
func TestServerKilled(t *testing.T) {
	ctx, server := context.Background(), influxd.Start(t)
	s := open(t, server.NewDatabase(t))
	at := time.Now().UTC().Truncate(time.Second)
	if err := s.Write(ctx, []series.Message{reading(1, "top, left=1", at)}); err != nil {
		t.Fatal(err)
	}
	server.Kill(t, syscall.SIGKILL)
	var refused *series.Refused
	if err := s.Write(ctx, []series.Message{reading(2, "", at)}); err == nil || errors.As(err, &refused) {
		t.Errorf("with the server away: %v, want an error to try again on", err)
	}
	if err := s.Ping(ctx); err == nil {
		t.Error("a server that is away answers")
	}
	server.Start(t)
	got, err := s.Messages(ctx, series.Range{Tenant: "t", Device: "d", From: at.Add(-time.Hour), To: at.Add(time.Hour)}, 10)
	if err != nil || len(got) != 1 || got[0].Climate[0].Sensor != "top, left=1" {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}
}

func sameMicrosecond(t *testing.T, server *influxd.Server) {
	s := open(t, server.NewDatabase(t))
	at := time.Now().UTC().Truncate(time.Second)
	want := []series.Message{
		{Tenant: "t", Store: "s", Device: "d", Boot: 1, Seq: 1, At: at, Slots: []series.SlotPoint{{Slot: "z 1", GTIN: "96385074", State: shelf.OK, Present: 1, Due: 1}, {Slot: "a", GTIN: "96385074", State: shelf.Empty, Due: 2}}},
		{Tenant: "t", Store: "s", Device: "d", Boot: 1, Seq: 2, At: at, Slots: []series.SlotPoint{{Slot: "z 1", GTIN: "96385074", State: shelf.Empty, Due: 1}}},
	}
	if err := s.Write(context.Background(), want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: "d", From: at, To: at.Add(time.Second)}, 10)
	if err != nil || len(got) != 2 || len(got[0].Slots) != 2 || got[0].Slots[0].Slot != "z 1" || got[1].Slots[0].State != shelf.Empty {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"no host", "influx:///?bucket=b", "want influx://"},
		{"no bucket", "influx://h:8086/?org=o", "bucket is missing"},
		{"unknown parameter", "influx://h:8086/?bucket=b&token=secret", `unknown parameter "token"`},
		{"unknown scheme", "http://h:8086/?bucket=b", "unknown scheme"},
		{"no token file", "influx://h:8086/?bucket=b&token_file=/nowhere", "token_file"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := influx.Open(context.Background(), c.url)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want an error with %q and no secret", err, c.want)
			}
		})
	}
}
