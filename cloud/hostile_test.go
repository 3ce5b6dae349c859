package cloud_test

import (
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// hostile is a board that has a connection and says what it likes.
type hostile struct {
	client mqtt.Client
	id     wire.Identity
}

func newHostile(t *testing.T, url string) *hostile {
	t.Helper()
	h := &hostile{id: wire.Identity{Tenant: "t", Store: "s1", Device: "evil"}}
	h.client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID("evil").SetOrderMatters(false))
	if token := h.client.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { h.client.Disconnect(0) })
	return h
}

func (h *hostile) say(t *testing.T, kind wire.Kind, payload []byte) {
	t.Helper()
	if token := h.client.Publish(h.id.Topic(kind), 1, false, payload); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatalf("the broker does not take %d bytes: %v", len(payload), token.Error())
	}
}

// forge encodes an envelope past all checks.
func (h *hostile) forge(t *testing.T, boot uint32, seq uint64, at int64, body *wirepb.Body, change func(*wirepb.Envelope)) []byte {
	t.Helper()
	env := &wirepb.Envelope{Version: wire.Version, Tenant: h.id.Tenant, Store: h.id.Store, Device: h.id.Device, Boot: boot, Seq: seq, CapturedAtUs: at, Clock: wirepb.Clock_CLOCK_NTP, Body: body}
	if change != nil {
		change(env)
	}
	data, err := proto.Marshal(env)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func reading(millidegrees int32) *wirepb.Body {
	return &wirepb.Body{Kind: &wirepb.Body_Telemetry{Telemetry: &wirepb.Telemetry{Climate: []*wirepb.Climate{{TempMc: millidegrees}}}}}
}

// bomb is a body of that many empty readings: two bytes each here, a struct each once decoded.
func bomb(n int) []byte {
	inner := bytes.Repeat(protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), nil), n)
	return protowire.AppendBytes(protowire.AppendTag(nil, 2, protowire.BytesType), inner) // Body.telemetry
}

// enveloped puts a serialised body into an envelope.
func (h *hostile) enveloped(t *testing.T, seq uint64, body []byte) []byte {
	t.Helper()
	data := h.forge(t, 1, seq, time.Now().UnixMicro(), nil, nil)
	return protowire.AppendBytes(protowire.AppendTag(data, 9, protowire.BytesType), body)
}

// TestHostileBoard: one board of many lies, floods and sends bombs, against the real binary behind a real
// broker without rules of its own. Each lie has a name, a counter and a place where it can be looked at;
// the memory stays bounded, and the honest board beside it loses nothing.
func TestHostileBoard(t *testing.T) {
	mosq, data := mosquitto.Start(t), t.TempDir()
	b := newBinary(t, nil, "--broker", mosq.URL(), "--data", data)
	b.Run(t)
	honest, h := newBoard(t, mosq.URL(), "d1"), newHostile(t, mosq.URL())
	honest.say(t, shelf.OK)
	honest.drain(t)

	now := time.Now()
	want := map[string]int{}
	refused := func(reason string, kind wire.Kind, payload []byte) {
		t.Helper()
		want[reason]++
		h.say(t, kind, payload)
	}
	// Who it is.
	refused("identity", wire.KindTelemetry, h.forge(t, 1, 1, now.UnixMicro(), reading(1), func(e *wirepb.Envelope) { e.Tenant = "other" }))
	refused("identity", wire.KindTelemetry, h.forge(t, 1, 2, now.UnixMicro(), reading(2), func(e *wirepb.Envelope) { e.Device = "d1" }))
	refused("identity", wire.KindEvent, h.forge(t, 1, 3, now.UnixMicro(), reading(3), nil))
	refused("malformed", wire.KindTelemetry, h.forge(t, 1, 4, now.UnixMicro(), reading(4), func(e *wirepb.Envelope) { e.Tenant = "t/+/#" }))
	// When it was.
	for i, at := range []int64{math.MinInt64, -1, 0, now.AddDate(-50, 0, 0).UnixMicro(), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), math.MaxInt64} {
		refused("malformed", wire.KindTelemetry, h.forge(t, 1, uint64(10+i), at, reading(10), nil))
	}
	// How much it is.
	refused("too_large", wire.KindTelemetry, make([]byte, 10<<20))
	refused("too_large", wire.KindPicture, bytes.Repeat([]byte{0xff}, 10<<20))
	refused("too_large", wire.KindTelemetry, h.enveloped(t, 20, bomb(1<<20)))
	refused("malformed", wire.KindTelemetry, h.enveloped(t, 21, bomb(100_000)))
	for i := range 8 { // the largest that is taken at all, several at once
		refused("too_large", wire.KindPicture, h.enveloped(t, uint64(30+i), bomb(2_090_000)))
	}
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, flate.BestCompression)
	if _, err := w.Write(make([]byte, 200<<20)); err != nil {
		t.Fatal(err)
	}
	w.Close()
	refused("too_large", wire.KindTelemetry, h.forge(t, 1, 40, now.UnixMicro(), nil, func(e *wirepb.Envelope) { e.BodyDeflate = deflated.Bytes() }))
	refused("malformed", wire.KindTelemetry, bytes.Repeat(protowire.AppendTag(nil, 100, protowire.StartGroupType), 50_000))
	refused("malformed", wire.KindTelemetry, append(h.forge(t, 1, 41, now.UnixMicro(), nil, nil), protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.BytesType), 1<<62)...))
	// What number it has: holes without end, and the largest numbers there are.
	const holes = 4096
	for n := range uint64(holes + 50) {
		h.client.Publish(h.id.Topic(wire.KindTelemetry), 1, false, h.forge(t, 2, 2*n+2, now.UnixMicro(), reading(5), nil))
	}
	want["holes"] = 50
	h.say(t, wire.KindTelemetry, h.forge(t, 3, math.MaxUint64, now.UnixMicro(), reading(6), nil))
	h.say(t, wire.KindTelemetry, h.forge(t, math.MaxUint32, 1, now.UnixMicro(), reading(7), nil))
	// What it has lost: numbers that it has not yet said. The next must still count.
	h.say(t, wire.KindGap, h.forge(t, 4, 1, now.UnixMicro(), &wirepb.Body{Kind: &wirepb.Body_Gap{Gap: &wirepb.Gap{Boot: 4, FromSeq: 2, ToSeq: math.MaxUint64, Count: math.MaxUint64 - 1, Reason: "all"}}}, nil))
	h.say(t, wire.KindTelemetry, h.forge(t, 4, 2, now.UnixMicro(), reading(8), nil))
	// A time that can be, and was not, is taken for the time of its arrival: of a clock that runs ahead, and of one that was never set.
	h.say(t, wire.KindTelemetry, h.forge(t, 5, 1, now.AddDate(40, 0, 0).UnixMicro(), reading(9), nil))
	h.say(t, wire.KindTelemetry, h.forge(t, 5, 2, now.AddDate(-50, 0, 0).UnixMicro(), reading(9), func(e *wirepb.Envelope) { e.Clock = wirepb.Clock_CLOCK_MONOTONIC }))
	// On a broker without rules it can even speak as another: what was said first stands.
	env := &wire.Envelope{Identity: honest.id, Boot: 1, Seq: 1, CapturedAt: now.UTC(), Clock: telemetry.NTP, Body: &wire.Event{At: now.UTC(), Type: wire.EventRestock}}
	forged, err := wire.Encode(env)
	if err != nil {
		t.Fatal(err)
	}
	h.client.Publish(honest.id.Topic(wire.KindEvent), 1, false, forged).WaitTimeout(patience)

	for _, s := range []shelf.State{shelf.Empty, shelf.Empty, shelf.Empty} {
		honest.say(t, s)
	}
	honest.drain(t)
	total := func() (n float64) {
		for reason := range want {
			n += b.metric(t, fmt.Sprintf("coldshelf_ingest_quarantined_total{reason=%q}", reason))
		}
		return n
	}
	wanted := 0
	for _, n := range want {
		wanted += n
	}
	until(t, "every lie is put aside", func() bool { return int(total()) >= wanted })
	until(t, "what is no lie is stored", func() bool { return b.metric(t, `coldshelf_ingest_messages_total{kind="gap"}`) >= 1 })
	for reason, n := range want {
		if got := b.metric(t, fmt.Sprintf("coldshelf_ingest_quarantined_total{reason=%q}", reason)); int(got) != n {
			t.Errorf("%s is counted %v times, want %d", reason, got, n)
		}
	}
	if got := b.metric(t, "coldshelf_ingest_duplicates_total"); got < 1 {
		t.Errorf("%v duplicates, want the forged one", got)
	}
	if got := b.quarantined(t); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	got := b.memory(t)
	t.Logf("the most memory that it took: %d MiB", got>>20)
	if got > 512<<20 {
		t.Errorf("it took %d MiB", got>>20)
	}
	if err := b.ready(); err != nil {
		t.Error(err)
	}

	ctx := context.Background()
	db, err := state.Open(ctx, "sqlite:"+data+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct {
		device string
		boot   uint32
		want   []state.Range
	}{
		{"d1", 1, []state.Range{{From: 1, To: 4}}},
		{"evil", 1, nil}, // nothing of all that was refused counts as seen
		{"evil", 3, []state.Range{{From: math.MaxUint64, To: math.MaxUint64}}},
		{"evil", math.MaxUint32, []state.Range{{From: 1, To: 1}}},
		{"evil", 4, []state.Range{{From: 1, To: 2}}},
		{"evil", 5, []state.Range{{From: 1, To: 2}}},
	} {
		var seen state.Seen
		until(t, fmt.Sprintf("%s has said all of boot %d", c.device, c.boot), func() bool {
			if seen, err = state.BootSeen(ctx, db, "t", c.device, c.boot); err != nil {
				t.Fatal(err)
			}
			return slices.Equal(seen.Ranges.List(), c.want)
		})
	}
	var bytesKept int64
	if err := db.QueryRow(ctx, "SELECT SUM(LENGTH(bytes)) FROM quarantine WHERE reason = 'too_large'").Scan(&bytesKept); err != nil || bytesKept > int64(want["too_large"])<<16 {
		t.Errorf("%d bytes of what is too large are kept, %v", bytesKept, err)
	}
}
