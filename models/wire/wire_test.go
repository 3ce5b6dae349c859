package wire_test

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

func TestTopics(t *testing.T) {
	id := wire.Identity{Tenant: "acme", Store: "sh-0042", Device: "cooler_7.f"}
	for kind, want := range map[wire.Kind]string{
		wire.KindObservation: "coldshelf/v1/acme/sh-0042/cooler_7.f/up/observation",
		wire.KindTelemetry:   "coldshelf/v1/acme/sh-0042/cooler_7.f/up/telemetry",
		wire.KindEvent:       "coldshelf/v1/acme/sh-0042/cooler_7.f/up/event",
		wire.KindPicture:     "coldshelf/v1/acme/sh-0042/cooler_7.f/up/picture",
		wire.KindBirth:       "coldshelf/v1/acme/sh-0042/cooler_7.f/up/birth",
		wire.KindGap:         "coldshelf/v1/acme/sh-0042/cooler_7.f/up/gap",
		wire.KindAnswer:      "coldshelf/v1/acme/sh-0042/cooler_7.f/up/answer",
		wire.KindReported:    "coldshelf/v1/acme/sh-0042/cooler_7.f/up/reported",
		wire.KindStatus:      "coldshelf/v1/acme/sh-0042/cooler_7.f/status",
		wire.KindAck:         "coldshelf/v1/acme/sh-0042/cooler_7.f/down/ack",
		wire.KindCommand:     "coldshelf/v1/acme/sh-0042/cooler_7.f/down/command",
		wire.KindDesired:     "coldshelf/v1/acme/sh-0042/cooler_7.f/down/desired",
	} {
		if got := id.Topic(kind); got != want {
			t.Errorf("topic of %s: got %s, want %s", kind, got, want)
		}
		gotID, gotKind, err := wire.ParseTopic(want)
		if err != nil || gotID != id || gotKind != kind {
			t.Errorf("parse %s: got %v %s %v", want, gotID, gotKind, err)
		}
	}
}

func TestParseTopicRefuses(t *testing.T) {
	for name, topic := range map[string]string{
		"empty":          "",
		"other root":     "spBv1.0/acme/s/d/up/event",
		"other version":  "coldshelf/v2/acme/s/d/up/event",
		"alerts":         "coldshelf/v1/acme/alerts/s/d/stockout",
		"short":          "coldshelf/v1/acme/s/d",
		"no kind":        "coldshelf/v1/acme/s/d/up",
		"unknown kind":   "coldshelf/v1/acme/s/d/up/opinion",
		"wrong way":      "coldshelf/v1/acme/s/d/down/event",
		"ack upwards":    "coldshelf/v1/acme/s/d/up/ack",
		"status upwards": "coldshelf/v1/acme/s/d/up/status",
		"too deep":       "coldshelf/v1/acme/s/d/up/event/more",
		"empty level":    "coldshelf/v1/acme//d/up/event",
		"wildcard":       "coldshelf/v1/+/s/d/up/event",
		"space":          "coldshelf/v1/acme/a b/d/up/event",
		"long level":     "coldshelf/v1/acme/" + strings.Repeat("s", 65) + "/d/up/event",
	} {
		if id, kind, err := wire.ParseTopic(topic); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: got %v %s %v, want ErrMalformed", name, id, kind, err)
		}
	}
}

// TestEncodeRefuses holds Encode to the rules that Decode has, where Go values can break them.
func TestEncodeRefuses(t *testing.T) {
	observation := func(change func(*shelf.Observation)) *wire.Envelope {
		o := small()
		change(o)
		return envelope(1, &wire.Observation{Observation: *o})
	}
	anonymous := envelope(1, birth())
	anonymous.Tenant = ""
	for _, c := range []struct {
		name, want string
		env        *wire.Envelope
	}{
		{"nil", "no body", nil},
		{"no body", "no body", envelope(1, nil)},
		{"no tenant", `tenant ""`, anonymous},
		{"no seq", "seq: is missing", envelope(0, birth())},
		{"delta of one's own", "made by EncodeDelta", envelope(2, &wire.Delta{BaseSeq: 1})},
		{"score not a number", "score: NaN", observation(func(o *shelf.Observation) { o.Facings[0].Score = math.NaN() })},
		{"sharpness infinite", "sharpness", observation(func(o *shelf.Observation) { o.Quality.Sharp = math.Inf(1) })},
		{"no capture time", "captured_at", observation(func(o *shelf.Observation) { o.CapturedAt = time.Time{} })},
		{"no picture size", "width: 0", observation(func(o *shelf.Observation) { o.Width = 0 })},
		{"facing in two slots", "each in one slot at most", observation(func(o *shelf.Observation) { o.Slots[1].Seen = []int{1, 2} })},
		{"facing that is not there", "facing 3 of 3", observation(func(o *shelf.Observation) { o.Slots[1].Seen = []int{3} })},
		{"seen out of order", "rising order", observation(func(o *shelf.Observation) { o.Slots[0].Seen = []int{1, 0} })},
		{"gtin too long a form", "not in its shortest form", observation(func(o *shelf.Observation) { o.Facings[0].GTIN = "00000096385074" })},
		{"gtin of zeros", "name nothing", observation(func(o *shelf.Observation) { o.Facings[0].GTIN = "00000000" })},
		{"reason without unknown", "only unknown", observation(func(o *shelf.Observation) { o.Slots[0].Reason = shelf.Glare })},
		{"too many faults", "and 992 more faults", observation(func(o *shelf.Observation) { o.Facings = make([]shelf.Facing, 1000); badBoxes(o) })},
		{"negative footfall", "footfall: in: -1", envelope(1, &wire.Telemetry{Footfall: []telemetry.Footfall{{From: noon, To: noon.Add(1), In: -1}}})},
		{"slot without name", "slot 1: id: is missing", observation(func(o *shelf.Observation) { o.Slots[0].SlotID = "" })},
	} {
		_, err := wire.Encode(c.env)
		if !errors.Is(err, wire.ErrMalformed) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want ErrMalformed with %q", c.name, err, c.want)
		}
	}
}

func badBoxes(o *shelf.Observation) {
	o.Slots = nil
	for i := range o.Facings {
		o.Facings[i].Box.W = -1
	}
}

func TestSizeLimits(t *testing.T) {
	jpeg := func(n int) []byte { return append([]byte{0xFF, 0xD8}, make([]byte, n-2)...) }
	picture := func(n int) *wire.Envelope {
		return envelope(1, &wire.Picture{JPEG: jpeg(n), Width: 4000, Height: 3000, Purpose: wire.PurposeRequested})
	}
	data, err := wire.Encode(picture(wire.MaxPicture - 200))
	if err != nil {
		t.Fatalf("a picture just within the limit: %v", err)
	}
	if _, err := wire.Decode(data); err != nil {
		t.Fatalf("a picture just within the limit: %v", err)
	}
	if _, err := wire.Encode(picture(wire.MaxPicture)); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("encode a picture over the limit: got %v, want ErrTooLarge", err)
	}
	if _, err := wire.Decode(make([]byte, wire.MaxPayload+1)); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("decode over the limit: got %v, want ErrTooLarge", err)
	}
	padded := protowire.AppendBytes(protowire.AppendTag(raw(func(*wirepb.Envelope) {}), 900, protowire.BytesType), make([]byte, wire.MaxMessage))
	if _, err := wire.Decode(padded); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("decode an answer over its kind's limit: got %v, want ErrTooLarge", err)
	}
	plan := envelope(0, &wire.Desired{Version: 1, Planogram: bytes.Repeat([]byte("# rows\n"), wire.MaxMessage/7*2)})
	if data, err = wire.Encode(plan); err != nil {
		t.Errorf("a planogram between the two limits: %v", err)
	} else if _, err := wire.Decode(data); err != nil {
		t.Errorf("a planogram between the two limits: %v", err)
	}
	plan.Body.(*wire.Desired).Planogram = make([]byte, wire.MaxDesired)
	if _, err := wire.Encode(plan); !errors.Is(err, wire.ErrTooLarge) {
		t.Errorf("a planogram over the limit, however well it deflates: got %v, want ErrTooLarge", err)
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	var groups []byte
	for range 20_000 {
		groups = protowire.AppendTag(groups, 900, protowire.StartGroupType)
	}
	for range 20_000 {
		groups = protowire.AppendTag(groups, 900, protowire.EndGroupType)
	}
	outside := append(raw(func(*wirepb.Envelope) {}), groups...)
	inside := raw(func(e *wirepb.Envelope) { e.Body, e.BodyDeflate = nil, deflated(groups) })
	for name, data := range map[string][]byte{"in the envelope": outside, "in the body": inside} {
		if _, err := wire.Decode(data); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("20,000 groups %s: got %v, want ErrMalformed", name, err)
		}
	}
}

func TestPeek(t *testing.T) {
	whole := raw(func(*wirepb.Envelope) {})
	for _, c := range []struct {
		name string
		data []byte
		ok   bool
	}{
		{"whole", whole, true},
		{"body refused", raw(func(e *wirepb.Envelope) { e.Body.GetAnswer().CommandId = "" }), true},
		{"body cut off", whole[:len(whole)-2], true},
		{"header cut off", whole[:20], false},
		{"another version", raw(func(e *wirepb.Envelope) { e.Version = 2 }), false},
		{"no seq", raw(func(e *wirepb.Envelope) { e.Seq = 0 }), false},
		{"bad identity", raw(func(e *wirepb.Envelope) { e.Store = "#" }), false},
		{"text", []byte("hello"), false},
		{"empty", nil, false},
	} {
		h, ok := wire.Peek(c.data)
		if ok != c.ok {
			t.Errorf("%s: got %v %v, want %v", c.name, h, ok, c.ok)
		}
		if ok && (h.Device != "cooler-7f3a" || h.Boot != 3 || h.Seq != 1) {
			t.Errorf("%s: got %+v", c.name, h)
		}
	}
}

func TestClockDoubtful(t *testing.T) {
	for _, c := range []struct {
		name  string
		year  int
		clock telemetry.ClockQuality
		want  bool
	}{
		{"ntp", 2026, telemetry.NTP, false},
		{"rtc", 2026, telemetry.RTC, false},
		{"rtc with an empty battery", 2000, telemetry.RTC, true},
		{"monotonic", 2026, telemetry.Monotonic, true},
		{"unset", 1970, telemetry.Unset, true},
	} {
		e := &wire.Envelope{CapturedAt: time.Date(c.year, 5, 1, 0, 0, 0, 0, time.UTC), Clock: c.clock}
		if got := e.ClockDoubtful(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
