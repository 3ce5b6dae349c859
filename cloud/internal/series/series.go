// Package series defines what the cloud keeps over time and the form in which it is written and read: one
// Message for each device message, with the points that came in it. On the way from a message to an alert, it
// is written before the state. The stores are in the folders beside this file: embedded (SQLite, the default)
// and influx (InfluxDB v2). seriestest is the conformance suite that both pass.
//
// Every store promises that Write returns nil only when the points survive a power cut, and that it keeps no
// reference to what it was given; that writing a message again changes nothing; and that reading returns a
// device's messages in the order of their time, and within the same microsecond in the order of (boot, seq), in
// whatever order they were written.
//
// A store takes everything that package wire accepts. A point that it cannot hold is reported as a *Refused
// error that names the message, so that the writer can put it aside and go on.
package series

import (
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Message holds the points of one device message. Times are in UTC, with a resolution of microseconds.
type Message struct {
	Tenant, Store, Device string
	Boot                  uint32
	Seq                   uint64
	At                    time.Time // time of the observation or the event, as far as it is known
	AtDoubtful            bool      // At is the time of arrival, because the board's clock was not set

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
	GTIN    shelf.GTIN // the product that is due there
	State   shelf.State
	Reason  shelf.Reason // only with shelf.Unknown
	Due     int          // facings
	Present int          // facings; 0 with shelf.Unknown
}

// Event is something that happened, with its name in package wire.
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

// Totals counts, for one SKU, in how many slot observations it was in which state.
type Totals struct {
	GTIN                                        shelf.GTIN
	OK, Low, Empty, Misplaced, Foreign, Unknown int64
	Present, Due                                int64 // facings, over the observations in which the slot could be judged
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

// Plus adds the counts of u to t.
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

// FleetBucket is the resolution of fleet totals: a query over the fleet is widened to whole buckets.
const FleetBucket = 5 * time.Minute

// Rollup holds one device's totals of an hour or a day (in UTC), for charts over months and years.
type Rollup struct {
	Start            time.Time
	Observations     int
	Totals           Totals // over all slots; GTIN is ""
	TempMin, TempMax telemetry.MilliCelsius
	TempSum          int64 // thousandths of a degree Celsius; the mean is TempSum ÷ TempCount
	TempCount        int   // 0: no reading
	DoorOpenings     int
	In, Out, Passing int // people
}

// Plus adds another rollup's figures to h; Start stays as it is.
func (h *Rollup) Plus(o *Rollup) {
	if h.TempCount == 0 {
		h.TempMin, h.TempMax = o.TempMin, o.TempMax
	} else if o.TempCount > 0 {
		h.TempMin, h.TempMax = min(h.TempMin, o.TempMin), max(h.TempMax, o.TempMax)
	}
	h.Observations += o.Observations
	h.Totals.Plus(o.Totals)
	h.TempSum += o.TempSum
	h.TempCount += o.TempCount
	h.DoorOpenings += o.DoorOpenings
	h.In += o.In
	h.Out += o.Out
	h.Passing += o.Passing
}

// Day is the length of a daily rollup. Days are those of UTC, because a store's own days begin at different
// hours on the two sides of a change to summer time.
const Day = 24 * time.Hour

// WholeDays widens a range to the days that it touches.
func (r Range) WholeDays() Range {
	r.From, r.To = r.From.UTC().Truncate(Day), r.To.UTC().Add(Day-1).Truncate(Day)
	return r
}

// ByDay adds up hours, which must be in order, to days.
func ByDay(hours []Rollup) []Rollup {
	var days []Rollup
	for i := range hours {
		start := hours[i].Start.UTC().Truncate(Day)
		if len(days) == 0 || !days[len(days)-1].Start.Equal(start) {
			days = append(days, Rollup{Start: start})
		}
		days[len(days)-1].Plus(&hours[i])
	}
	return days
}

// Retention says what a store may forget: whatever is older than these times.
type Retention struct{ Points, Hours, Days time.Time }

// Refused says that a store will never accept a message as it is.
type Refused struct {
	Message *Message
	Reason  string
}

func (e *Refused) Error() string {
	return fmt.Sprintf("series refuses message %d.%d of %s: %s", e.Message.Boot, e.Message.Seq, e.Message.Device, e.Reason)
}
