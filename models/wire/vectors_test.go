package wire_test

import (
	"bytes"
	"compress/flate"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// small is an observation that a person can follow: three facings in two slots of one shelf, the
// second facing turned so that nothing enrolled is near, and a glare at the right.
func small() *shelf.Observation {
	return &shelf.Observation{
		CapturedAt: noon.Add(time.Minute), Width: 640, Height: 480,
		PlanogramID: "counter", PlanogramVersion: 2, Model: "facings-1.0+packs-1.0",
		Quality: shelf.Quality{Sharp: 310.5, Bright: 0.42, Contrast: 0.2, Clipped: 0.03, Blind: []shelf.Blind{{Box: shelf.Box{X: 500, Y: 0, W: 140, H: 480}, Reason: shelf.Glare}}},
		Facings: []shelf.Facing{
			{Box: shelf.Box{X: 20, Y: 100, W: 80, H: 160}, Score: 0.941, GTIN: gtin(1), SKUScore: 0.902, Shelf: 1, Position: 1, XMM: 62},
			{Box: shelf.Box{X: 104, Y: 101, W: 78, H: 159}, Score: 0.9, Shelf: 1, Position: 2, XMM: 131, Depth: 1},
			{Box: shelf.Box{X: 250, Y: 98, W: 81, H: 162}, Score: 0.87, GTIN: gtin(9), SKUScore: 0.7, Shelf: 1, Position: 3, XMM: 254},
		},
		Slots: []shelf.SlotReading{
			{SlotID: "left", Shelf: 1, GTIN: gtin(1), State: shelf.OK, Due: 3, Present: 2, Hidden: 1, Seen: []int{0, 1}, Box: shelf.Box{X: 10, Y: 90, W: 200, H: 180}},
			{SlotID: "middle", Shelf: 1, GTIN: gtin(2), State: shelf.Foreign, Due: 1, Seen: []int{2}, Box: shelf.Box{X: 210, Y: 90, W: 150, H: 180}},
			{SlotID: "right", Shelf: 1, GTIN: "96385074", State: shelf.Unknown, Reason: shelf.Glare, Due: 1, Box: shelf.Box{X: 480, Y: 90, W: 150, H: 180}},
		},
	}
}

func withArch(b *wire.Birth) *wire.Birth {
	b.Arch = "arm64"
	return b
}

func birth() *wire.Birth {
	return &wire.Birth{
		AgentVersion: "0.1.0", Model: "facings-1.0+packs-1.0", Runtime: "opencv 4.6.0", PlanogramID: "counter", PlanogramVersion: 2,
		Gallery: "2026-03-01", Board: "Raspberry Pi 4 Model B", StartedAt: noon, BootCount: 3, DesiredVersion: 5, Devices: []string{"camera", "door", "thermometer"},
	}
}

// accepted are the messages that must be read, by name of their vector.
func accepted() map[string]struct {
	about string
	env   *wire.Envelope
} {
	type ok = struct {
		about string
		env   *wire.Envelope
	}
	unset := envelope(1, &wire.Event{At: time.Unix(90, 0), Type: wire.EventCameraLost})
	unset.CapturedAt, unset.Clock = time.Unix(90, 0).UTC(), telemetry.Monotonic
	down := func(b wire.Body) *wire.Envelope {
		e := envelope(0, b)
		e.Boot = 0
		return e
	}
	hash := bytes.Repeat([]byte{0xab}, 32)
	return map[string]ok{
		"observation": {"A complete observation: three facings in three slots, one of them behind a glare.",
			envelope(1, &wire.Observation{Observation: *small()})},
		"observation_fog": {"An observation that says only that the lens is fogged: no facings, no slots.",
			envelope(2, &wire.Observation{Observation: shelf.Observation{CapturedAt: noon, Width: 640, Height: 480, Model: "m", Quality: shelf.Quality{Reason: shelf.Fog, Sharp: 3.21, Bright: 0.61}}})},
		"telemetry": {"A batch of telemetry with one reading of every sensor, the thermometer's without humidity.",
			envelope(3, &wire.Telemetry{
				Doors:    []telemetry.DoorEvent{{At: noon.Add(-9 * time.Second), Open: true}, {At: noon, Open: false}},
				Climate:  []telemetry.Climate{{At: noon, Temp: 4250}, {At: noon, Sensor: "evaporator", Temp: -7125, HumidityPermille: 612}},
				Footfall: []telemetry.Footfall{{From: noon.Add(-15 * time.Minute), To: noon, Line: "aisle", In: 12, Out: 11, Passing: 40, Dwell: 93500 * time.Millisecond}},
				Power:    []telemetry.Power{{At: noon, MilliVolt: 12041, MilliAmp: -350, Mains: false}},
				Health: &telemetry.Health{At: noon, Uptime: 36 * time.Hour, OutboxMessages: 4, OutboxBytes: 3120, OutboxOldest: noon.Add(-time.Hour),
					DiskFreeBytes: 5 << 30, MemoryBytes: 180 << 20, BoardTemp: 61500, Reasons: []string{"door: no contact on gpio17"}},
			})},
		"event":       {"A pack was taken out of a slot.", envelope(4, &wire.Event{At: noon, Type: wire.EventRemoval, Slot: "left", GTIN: gtin(1), Detail: map[string]string{"from": "2", "to": "1"}})},
		"picture":     {"A picture; its JPEG is cut to the first and last marker, which is all that this format looks at.", envelope(5, &wire.Picture{ObservationSeq: 1, JPEG: []byte{0xFF, 0xD8, 0xFF, 0xD9}, Width: 640, Height: 480, Purpose: wire.PurposeEvidence})},
		"birth":       {"What a board says of itself after a start.", envelope(6, birth())},
		"gap":         {"The outbox gave up 17 messages of an earlier boot.", envelope(7, &wire.Gap{Boot: 2, FromSeq: 100, ToSeq: 131, Count: 17, Reason: "outbox full"})},
		"answer":      {"A command was carried out.", envelope(8, &wire.Answer{CommandID: "c-81", OK: true, Detail: "observation 9"})},
		"reported":    {"A desired configuration was refused.", envelope(9, &wire.Reported{DesiredVersion: 6, Outcome: wire.OutcomeRejected, Detail: "planogram \"counter\": no shelves"})},
		"status":      {"A board is there; retained.", envelope(0, &wire.Status{Online: true, At: noon, Boot: 3, Birth: birth()})},
		"birth_arch":  {"What a board says after its start, with the processor that it needs programs for.", envelope(1, withArch(birth()))},
		"status_will": {"The will that the broker publishes when the board is lost.", envelope(0, &wire.Status{At: noon, Boot: 3})},
		"ack": {"The store has 1 to 40 and 42 of boot 3; it will never take 41.",
			down(&wire.Ack{Ranges: []wire.AckRange{{Boot: 3, From: 1, To: 40}, {Boot: 3, From: 42, To: 42}}, Rejected: []wire.Rejection{{Boot: 3, Seq: 41, Reason: wire.ReasonBaseMissing}}})},
		"command": {"Look now, within a minute.", down(&wire.Command{ID: "c-81", Name: wire.CommandCapture, Args: map[string]string{"picture": "true"}, Expires: noon.Add(time.Minute)})},
		"desired": {"A new planogram, schedule, threshold and gallery.",
			down(&wire.Desired{Version: 6, Planogram: []byte("id: counter\nversion: 3\n"), Thresholds: map[string]int64{"detector_permille": 450, "temperature_high_mc": 8000},
				Schedule: &wire.Schedule{Every: 15 * time.Minute, At: []string{"07:05", "21:55"}, OnDoorClose: true, Settle: 4 * time.Second, Hours: "07:00-22:00"},
				Gallery:  &wire.Bundle{Version: "2026-03-14", URL: "https://cloud.example/gallery/2026-03-14.tar", SHA256: hash, Size: 81234}})},
		"clock_before_2020": {"An event of a board whose clock was never set, 90 seconds after 1970: accepted, its date is doubtful.", unset},
	}
}

// raw builds an envelope by hand, to break it.
func raw(change func(*wirepb.Envelope)) []byte {
	e := &wirepb.Envelope{
		Version: 1, Tenant: "acme", Store: "sh-0042", Device: "cooler-7f3a", Boot: 3, Seq: 1, CapturedAtUs: noon.UnixMicro(), Clock: wirepb.Clock_CLOCK_NTP,
		Body: &wirepb.Body{Kind: &wirepb.Body_Answer{Answer: &wirepb.Answer{CommandId: "c", Ok: true}}},
	}
	change(e)
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(e)
	if err != nil {
		panic(err)
	}
	return data
}

func rawObservation(change func(*wirepb.Observation)) []byte {
	return raw(func(e *wirepb.Envelope) {
		o := &wirepb.Observation{Width: 640, Height: 480, Model: "m", Quality: &wirepb.Quality{}}
		change(o)
		e.Body = &wirepb.Body{Kind: &wirepb.Body_Observation{Observation: o}}
	})
}

func deflated(plain []byte) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	if _, err := w.Write(plain); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// refused are the payloads that must be a named failure.
func refused() map[string]vector {
	cut := raw(func(*wirepb.Envelope) {})
	event := func(change func(*wirepb.Event)) []byte {
		return raw(func(e *wirepb.Envelope) {
			ev := &wirepb.Event{Type: "door_open"}
			change(ev)
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Event{Event: ev}}
		})
	}
	return map[string]vector{
		"bad_version_2":        {"The first message of a version to come; its other fields could mean anything.", "ErrVersion 2: version 2", raw(func(e *wirepb.Envelope) { e.Version = 2; e.Tenant = "" }), ""},
		"bad_version_missing":  {"No version.", "ErrMalformed: no version", raw(func(e *wirepb.Envelope) { e.Version = 0 }), ""},
		"bad_empty":            {"No bytes.", "ErrMalformed: no version", nil, ""},
		"bad_text":             {"Somebody publishes JSON here.", "ErrMalformed: wire", []byte(`{"tenant":"acme"}`), ""},
		"bad_cut":              {"The last three bytes were lost.", "ErrMalformed: wire", cut[:len(cut)-3], ""},
		"bad_no_body":          {"An envelope with nothing in it.", "ErrMalformed: no body", raw(func(e *wirepb.Envelope) { e.Body = nil }), ""},
		"bad_kind":             {"A body of a kind that version 1 does not have (field 900).", "ErrMalformed: no body of a kind known here", raw(func(e *wirepb.Envelope) { e.Body = nil; e.BodyDeflate = deflated([]byte{0xa2, 0x38, 0x00}) }), ""},
		"bad_two_bodies":       {"A body and a deflated body.", "ErrMalformed: a body and a deflated body", raw(func(e *wirepb.Envelope) { e.BodyDeflate = deflated([]byte{0x0a, 0x00}) }), ""},
		"bad_deflate":          {"A deflated body that is none.", "ErrMalformed: deflated body", raw(func(e *wirepb.Envelope) { e.Body = nil; e.BodyDeflate = []byte("nonsense") }), ""},
		"bad_deflate_tail":     {"Bytes after the deflated body.", "ErrMalformed: 2 bytes after the deflated body", raw(func(e *wirepb.Envelope) { e.Body = nil; e.BodyDeflate = append(deflated([]byte{0x0a, 0x00}), 1, 2) }), ""},
		"bad_deflate_bomb":     {"A few hundred bytes that inflate to two million.", "ErrTooLarge: inflates", raw(func(e *wirepb.Envelope) { e.Body = nil; e.BodyDeflate = deflated(make([]byte, 2<<20)) }), ""},
		"bad_tenant":           {"A tenant that would be two topic levels.", "ErrMalformed: tenant \"a/b\"", raw(func(e *wirepb.Envelope) { e.Tenant = "a/b" }), ""},
		"bad_device_missing":   {"Nobody's message.", "ErrMalformed: device \"\"", raw(func(e *wirepb.Envelope) { e.Device = "" }), ""},
		"bad_boot_missing":     {"A message of no boot.", "ErrMalformed: boot: is missing", raw(func(e *wirepb.Envelope) { e.Boot = 0 }), ""},
		"bad_seq_missing":      {"A message without its number.", "ErrMalformed: seq: is missing", raw(func(e *wirepb.Envelope) { e.Seq = 0 }), ""},
		"bad_clock":            {"A clock quality that version 1 does not have.", "ErrMalformed: clock quality 7", raw(func(e *wirepb.Envelope) { e.Clock = 7 }), ""},
		"bad_ntp_before_2020":  {"A clock that claims NTP and reads 1970.", "ErrMalformed: cannot come from a clock set by NTP", raw(func(e *wirepb.Envelope) { e.CapturedAtUs = 90_000_000 }), ""},
		"bad_before_1970":      {"A time before 1970.", "ErrMalformed: is not from 1970 to 2099", raw(func(e *wirepb.Envelope) { e.CapturedAtUs = -1; e.Clock = 0 }), ""},
		"bad_far_future":       {"A time in 2100.", "ErrMalformed: is not from 1970 to 2099", raw(func(e *wirepb.Envelope) { e.CapturedAtUs = 4102444800_000000 }), ""},
		"bad_event_type":       {"An event whose type is prose.", "ErrMalformed: type: \"Door Open\"", event(func(e *wirepb.Event) { e.Type = "Door Open" }), ""},
		"bad_gtin_check_digit": {"A GTIN with a wrong check digit.", "ErrMalformed: wrong check digit", event(func(e *wirepb.Event) { e.Gtin = 6901234500015 }), ""},
		"bad_gtin_long":        {"A GTIN of fifteen digits.", "ErrMalformed: more than 14 digits", event(func(e *wirepb.Event) { e.Gtin = 123456789012345 }), ""},
		"bad_event_time":       {"An event two hundred years off its envelope.", "ErrMalformed: at: ", event(func(e *wirepb.Event) { e.AtUs = 200 * 365 * 86400_000000 }), ""},
		"bad_facings_column":   {"Three facings, two of them with an x.", "ErrMalformed: column x has 2 of 3", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 3, X: []int32{1, 2}} }), ""},
		"bad_facings_count":    {"A count of four thousand million facings and not one number.", "ErrMalformed: the limit is 2000", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 4e9} }), ""},
		"bad_facing_score":     {"A score of 1.1.", "ErrMalformed: score: 1100", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 1, Score: []int32{200}} }), ""},
		"bad_facing_slot":      {"A facing in the second of no slots.", "ErrMalformed: slot 2 of 0", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 1, Slot: []int32{2}} }), ""},
		"bad_facing_gtin":      {"A facing that is the third of no GTINs.", "ErrMalformed: gtin 3 of a table of 0", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 1, Gtin: []uint32{4}} }), ""},
		"bad_facing_box":       {"A box that is wider than nothing.", "ErrMalformed: box: [0 0 -5 0]", rawObservation(func(o *wirepb.Observation) { o.Facings = &wirepb.Facings{Count: 1, W: []int32{-5}} }), ""},
		"bad_slot_state": {"A slot state that version 1 does not have.", "ErrMalformed: state 9", rawObservation(func(o *wirepb.Observation) {
			o.Slots = &wirepb.Slots{Count: 1, Id: []string{"a"}, Gtin: []int32{-1}, State: []int32{8}}
		}), ""},
		"bad_slot_reason": {"A slot that is unknown for no reason.", "ErrMalformed: unknown has one", rawObservation(func(o *wirepb.Observation) {
			o.Slots = &wirepb.Slots{Count: 1, Id: []string{"a"}, Gtin: []int32{-1}, State: []int32{-1}}
		}), ""},
		"bad_slot_twice": {"Two slots of one name.", "ErrMalformed: \"a\" is there twice", rawObservation(func(o *wirepb.Observation) {
			o.Slots = &wirepb.Slots{Count: 2, Id: []string{"a", "a"}, Gtin: []int32{-1, -1}}
		}), ""},
		"bad_picture": {"A picture that is a PNG.", "ErrMalformed: does not begin as a JPEG", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Picture{Picture: &wirepb.Picture{Jpeg: []byte("\x89PNG"), Width: 1, Height: 1, Purpose: "setup"}}}
		}), ""},
		"bad_telemetry_empty": {"Telemetry without a reading.", "ErrMalformed: holds no reading", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Telemetry{Telemetry: &wirepb.Telemetry{}}}
		}), ""},
		"bad_temperature": {"A cooler of 3,000 °C.", "ErrMalformed: temp_mc: 3000000", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Telemetry{Telemetry: &wirepb.Telemetry{Climate: []*wirepb.Climate{{TempMc: 3e6}}}}}
		}), ""},
		"bad_gap_count": {"More messages lost than there were.", "ErrMalformed: count: 9 is not from 1 to the range's 3", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Gap{Gap: &wirepb.Gap{Boot: 1, FromSeq: 4, ToSeq: 6, Count: 9, Reason: "full"}}}
		}), ""},
		"bad_status_boot": {"A status that names another boot than its envelope.", "ErrMalformed: boot: 4, the envelope says 3", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Status{Status: &wirepb.Status{Boot: 4}}}
		}), ""},
		"bad_ack_range": {"An acknowledgement that runs backwards.", "ErrMalformed: range 1: boot 3, 9 to 2", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Ack{Ack: &wirepb.Ack{Ranges: []*wirepb.Range{{Boot: 3, From: 9, To: 2}}}}}
		}), ""},
		"bad_schedule": {"A time of day that there is not.", "ErrMalformed: \"25:00\" is not HH:MM", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Desired{Desired: &wirepb.Desired{Version: 1, Schedule: &wirepb.Schedule{At: []string{"25:00"}}}}}
		}), ""},
		"bad_bundle_hash": {"A bundle whose hash is too short.", "ErrMalformed: sha256: 3 bytes, must be 32", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Desired{Desired: &wirepb.Desired{Version: 1, Model: &wirepb.Bundle{Version: "1", Url: "x", Sha256: []byte("abc")}}}}
		}), ""},
		"bad_delta_base": {"A difference to an observation that comes after it.", "ErrMalformed: base_seq: 5 is not before", rawObservation(func(o *wirepb.Observation) { o.BaseSeq = 5 }), ""},
		"bad_text_not_utf8": {"A reason that is not UTF-8 (the bytes were changed after they were made).", "ErrMalformed: UTF-8", bytes.Replace(raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Gap{Gap: &wirepb.Gap{Boot: 1, FromSeq: 1, ToSeq: 1, Count: 1, Reason: "full"}}}
		}), []byte("full"), []byte("fu\xff\xfe"), 1), ""},
		"bad_command_name_long": {"A command whose name is a novel.", "ErrMalformed: name: ", raw(func(e *wirepb.Envelope) {
			e.Body = &wirepb.Body{Kind: &wirepb.Body_Command{Command: &wirepb.Command{Id: "c", Name: strings.Repeat("a", 49)}}}
		}), ""},
	}
}

// vectors gives all cases, with their bytes.
func vectors(t *testing.T) map[string]vector {
	t.Helper()
	out := refused()
	for name, ok := range accepted() {
		data, err := wire.Encode(ok.env)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = vector{ok.about, "ok", data, meaning(t, ok.env)}
	}

	later := small()
	later.Facings[0].Box.X, later.Facings[0].Score = 21, 0.937
	delta := envelope(3, &wire.Observation{Observation: *later})
	delta.CapturedAt = later.CapturedAt
	short, err := wire.EncodeDelta(delta, 1, small())
	if err != nil {
		t.Fatal(err)
	}
	env, err := wire.Decode(short)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := env.Body.(*wire.Delta); !ok {
		t.Fatalf("a small change is not told as a difference but as %T", env.Body)
	}
	out["delta"] = vector{"The observation of observation.txt (seq 1) a little later, told as the difference to it: its first facing moved by a pixel.", "ok", short, meaning(t, env)}

	known := raw(func(*wirepb.Envelope) {})
	strange := protowire.AppendString(protowire.AppendTag(known, 900, protowire.BytesType), "from a newer board")
	if env, err = wire.Decode(strange); err != nil {
		t.Fatal(err)
	}
	out["unknown_field"] = vector{"A field that this version does not know is passed over.", "ok", strange, meaning(t, env)}
	return out
}
