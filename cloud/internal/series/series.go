// Package series says what the cloud keeps over time, and in which shape it is written and read: one
// Message a device message, with the points that came in it. The stores are in the folders beside
// this file: embedded (SQLite, the default) and influx (InfluxDB v2); seriestest is the suite that
// each of them passes.
//
// What every store promises: Write returns nil only when the points survive a power cut, and holds on to
// nothing that it was given; writing a message again changes nothing; reading gives a device's messages
// in the order of their time, and within the same microsecond in the order of (boot, seq), whatever the
// order they were written in.
//
// What they refuse: nothing that the wire package lets through. A point that a store cannot hold is
// a *Refused error, which names the message, so that its writer can put it aside and go on.
package series

import (
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Message is the points of one device message. Times are UTC at microseconds.
type Message struct {
	Tenant, Store, Device string
	Boot                  uint32
	Seq                   uint64
	At                    time.Time // of the observation or the event, as well as it is known
	AtDoubtful            bool      // At is when it was received: the board's clock was not set

	Slots    []SlotPoint
	Doors    []telemetry.DoorEvent
	Climate  []telemetry.Climate
	Footfall []telemetry.Footfall
	Power    []telemetry.Power
	Events   []Event
}

// SlotPoint is one slot in one observation.
type SlotPoint struct {
	Slot    string
	GTIN    shelf.GTIN // due there
	State   shelf.State
	Reason  shelf.Reason // only with shelf.Unknown
	Due     int          // facings
	Present int          // facings; 0 with shelf.Unknown
}

// Event is something that happened, as the wire package names it.
type Event struct {
	At   time.Time
	Type string
	Slot string
	GTIN shelf.GTIN
}

// Range is a stretch of time of one device: From ≤ t < To.
type Range struct {
	Tenant, Device string
	From, To       time.Time
}

// Totals is what was seen of one SKU: in how many slot observations it was in which state.
type Totals struct {
	GTIN                                        shelf.GTIN
	OK, Low, Empty, Misplaced, Foreign, Unknown int64
	Present, Due                                int64 // facings, over the observations that could judge
}

// Add counts one slot.
func (t *Totals) Add(p SlotPoint) {
	switch p.State {
	case shelf.OK:
		t.OK++
	case shelf.Low:
		t.Low++
	case shelf.Empty:
		t.Empty++
	case shelf.Misplaced:
		t.Misplaced++
	case shelf.Foreign:
		t.Foreign++
	default:
		t.Unknown++
		return
	}
	t.Present += int64(p.Present)
	t.Due += int64(p.Due)
}

// Plus adds the counts of u.
func (t *Totals) Plus(u Totals) {
	t.OK += u.OK
	t.Low += u.Low
	t.Empty += u.Empty
	t.Misplaced += u.Misplaced
	t.Foreign += u.Foreign
	t.Unknown += u.Unknown
	t.Present += u.Present
	t.Due += u.Due
}

// FleetBucket is the grain of fleet totals: a query over the fleet is widened to whole buckets.
const FleetBucket = 5 * time.Minute

// Hour is one device's hour, for charts over months.
type Hour struct {
	Start            time.Time
	Observations     int
	Totals           Totals // over all slots; GTIN is empty
	TempMin, TempMax telemetry.MilliCelsius
	TempSum          int64 // thousandths of a degree; the mean is TempSum ÷ TempCount
	TempCount        int   // 0: no reading
	DoorOpenings     int
	In, Out, Passing int // people
}

// Refused says that a store will never take a message as it is.
type Refused struct {
	Message *Message
	Reason  string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("series refuses message %d.%d of %s: %s", e.Message.Boot, e.Message.Seq, e.Message.Device, e.Reason)
}
