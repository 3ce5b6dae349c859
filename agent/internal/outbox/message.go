package outbox

import (
	"errors"
	"fmt"
)

// Class ranks messages by importance, for when room or bandwidth is short.
type Class uint8

// The classes, in the order in which they are sent. Eviction goes in the opposite order and never reaches
// Record.
const (
	Record      Class = iota // births and gaps: few and small, and needed to understand the rest
	Alert                    // events and answers to commands
	Observation              // what the shelf looked like
	Telemetry                // readings of the devices
	Picture                  // evidence: large, and worth nothing without its observation
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

// Key identifies a message on its device: a boot counter, and a sequence number within the boot.
type Key struct {
	Boot uint32 // 1 to MaxBoot
	Seq  uint64 // 1 to MaxSeq, increasing; only an append that failed at the disk leaves a hole
}

// The bounds of a Key, with which both parts fit into one SQLite row id.
const (
	MaxBoot = 1<<27 - 1
	MaxSeq  = 1<<36 - 1
	seqBits = 36
)

func (k Key) String() string { return fmt.Sprintf("%d/%d", k.Boot, k.Seq) }

// Less reports whether k was stored before o.
func (k Key) Less(o Key) bool { return k.id() < o.id() }

func (k Key) id() int64 { return int64(k.Boot)<<seqBits | int64(k.Seq) }

func keyOf(id int64) Key { return Key{Boot: uint32(id >> seqBits), Seq: uint64(id) & MaxSeq} }

// Range stands for the messages of one boot from From to To, both included.
type Range struct {
	Boot     uint32
	From, To uint64
}

// Message is one stored message.
type Message struct {
	Key     Key
	Class   Class
	Kind    string // as given to Append; the uplink derives the topic from it
	Payload []byte
}

// Gap says that Count messages of Boot, from From to To, were evicted to make room.
type Gap struct {
	Boot     uint32
	From, To uint64
	Count    uint64
	Class    Class
}

// Errors that a caller may branch on.
var (
	ErrTooLarge = errors.New("message is too large for the outbox")
	ErrFull     = errors.New("outbox is full of more important messages")
	ErrClosed   = errors.New("outbox is closed")
	ErrInUse    = errors.New("outbox is in use by another process")
)
