package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Version is the version of the format that this package writes and reads.
const Version = 1

// Limits of a whole payload by kind, in bytes. MaxPayload is the largest that Decode looks at.
const (
	MaxMessage = 256 << 10 // every kind but these
	MaxDesired = 1 << 20   // carries a planogram
	MaxPicture = 4 << 20
	MaxPayload = MaxPicture
)

// Errors of Decode, for errors.Is and errors.As. The caller still holds the bytes: none of them says
// that a message may be dropped.
var (
	ErrTooLarge  = errors.New("wire: message too large")
	ErrMalformed = errors.New("wire: malformed message")
	ErrBase      = errors.New("wire: not the base of this observation") // of Delta.Resolve
)

// ErrVersion says that a payload is of a version that this package does not speak.
type ErrVersion struct{ Got uint32 }

func (e ErrVersion) Error() string {
	return fmt.Sprintf("wire: message of version %d, this program speaks %d", e.Got, Version)
}

// Identity says whose message it is. Each part is 1 to 64 of A-Z a-z 0-9 . _ - so that it fits an
// MQTT topic level, a file name and a URL as it is.
type Identity struct {
	Tenant string `json:"tenant"`
	Store  string `json:"store"`
	Device string `json:"device"`
}

// Key identifies a message within its tenant: a message with the same Key is the same message.
type Key struct {
	Device string
	Boot   uint32
	Seq    uint64
}

// Envelope is one message. Boot counts the board's starts from 1, Seq its upward messages of that
// boot from 1 without holes; both are 0 in Ack, Command, Desired and in a Status's Seq, which nobody
// acknowledges. CapturedAt is when the fact was true (for a downward message: when it was said), at
// microseconds in UTC.
type Envelope struct {
	Identity
	Boot       uint32
	Seq        uint64
	CapturedAt time.Time
	Clock      telemetry.ClockQuality
	Body       Body
}

// Key gives the message's identity within its tenant.
func (e *Envelope) Key() Key { return Key{e.Device, e.Boot, e.Seq} }

// MarshalJSON writes the envelope for people and their tools, with the kind beside the body. It is
// no part of the format and is not read back.
func (e *Envelope) MarshalJSON() ([]byte, error) {
	out := struct {
		Identity
		Boot       uint32                 `json:"boot"`
		Seq        uint64                 `json:"seq"`
		CapturedAt time.Time              `json:"captured_at"`
		Clock      telemetry.ClockQuality `json:"clock"`
		Kind       Kind                   `json:"kind"`
		Body       Body                   `json:"body"`
	}{e.Identity, e.Boot, e.Seq, e.CapturedAt, e.Clock, "", e.Body}
	if e.Body != nil {
		out.Kind = e.Body.Kind()
	}
	return json.Marshal(out)
}

// Kind names a body and is the last level of its topic.
type Kind string

// Kinds of messages. The first group goes up from the board and is acknowledged, the second down;
// KindStatus is the board's retained presence, also its MQTT will.
const (
	KindObservation Kind = "observation"
	KindTelemetry   Kind = "telemetry"
	KindEvent       Kind = "event"
	KindPicture     Kind = "picture"
	KindBirth       Kind = "birth"
	KindGap         Kind = "gap"
	KindAnswer      Kind = "answer"
	KindReported    Kind = "reported"

	KindAck     Kind = "ack"
	KindCommand Kind = "command"
	KindDesired Kind = "desired"

	KindStatus Kind = "status"
)

// Up reports whether messages of this kind go from board to cloud and are acknowledged.
func (k Kind) Up() bool {
	switch k {
	case KindObservation, KindTelemetry, KindEvent, KindPicture, KindBirth, KindGap, KindAnswer, KindReported:
		return true
	}
	return false
}

// Down reports whether messages of this kind go from cloud to board.
func (k Kind) Down() bool { return k == KindAck || k == KindCommand || k == KindDesired }

// Limit is the largest payload of a kind, in bytes.
func (k Kind) Limit() int {
	switch k {
	case KindPicture:
		return MaxPicture
	case KindDesired:
		return MaxDesired
	}
	return MaxMessage
}

// Body is what a message says: *Observation, *Delta, *Telemetry, *Event, *Picture, *Birth, *Gap,
// *Answer or *Reported upwards, *Ack, *Command or *Desired downwards, and *Status.
type Body interface {
	Kind() Kind
	sealed()
}

// The date below which a clock is taken to have never been set, and the one from which on a time is
// refused as nonsense. Decode has no clock of its own, so a time in the nearer future is the
// ingester's to judge.
var (
	clockEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	clockEnd   = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// ClockDoubtful reports that CapturedAt tells the order within the boot but not the date: the clock
// was never set, or reads a year before 2020.
func (e *Envelope) ClockDoubtful() bool {
	return e.Clock < telemetry.RTC || e.CapturedAt.Before(clockEpoch)
}
