package outbox

import (
	"errors"
	"fmt"
)

// Class is what a message is worth when room or bandwidth is short.
type Class uint8

// Classes in the order in which they are sent. Eviction goes the other way and never reaches Record.
const (
	Record      Class = iota // births and gaps: few, small, and what makes sense of the rest
	Alert                    // events and answers to commands
	Observation              // what the shelf looked like
	Telemetry                // readings of the devices
	Picture                  // evidence; large, and worth nothing without its observation
	classes     = 5
)

func (c Class) String() string {
	switch c {
	case Record:
		return "record"
	case Alert:
		return "alert"
	case Observation:
		return "observation"
	case Telemetry:
		return "telemetry"
	case Picture:
		return "picture"
	}
	return fmt.Sprintf("class(%d)", uint8(c))
}

// Key is the identity of a message on its device: boots are counted up, and seq within a boot.
type Key struct {
	Boot uint32 // 1 to MaxBoot
	Seq  uint64 // 1 to MaxSeq, rising; only an append that failed at the disk leaves a hole
}

// Bounds of a Key, by which both fit one SQLite row id.
const (
	MaxBoot = 1<<27 - 1
	MaxSeq  = 1<<36 - 1
	seqBits = 36
)

func (k Key) String() string { return fmt.Sprintf("%d/%d", k.Boot, k.Seq) }

// Less says that k was stored before o.
func (k Key) Less(o Key) bool { return k.id() < o.id() }

func (k Key) id() int64 { return int64(k.Boot)<<seqBits | int64(k.Seq) }

func keyOf(id int64) Key { return Key{Boot: uint32(id >> seqBits), Seq: uint64(id) & MaxSeq} }

// Range is the messages of one boot from From to To, both included.
type Range struct {
	Boot     uint32
	From, To uint64
}

// Message is one stored message.
type Message struct {
	Key     Key
	Class   Class
	Kind    string // given to Append; the uplink makes the topic of it
	Payload []byte
}

// Gap says that messages were evicted to make room: Count of those of Boot from From to To.
type Gap struct {
	Boot     uint32
	From, To uint64
	Count    uint64
	Class    Class
}

// Errors that callers may branch on.
var (
	ErrTooLarge = errors.New("message is too large for the outbox")
	ErrFull     = errors.New("outbox is full of more important messages")
	ErrClosed   = errors.New("outbox is closed")
	ErrInUse    = errors.New("outbox is in use by another process")
)
