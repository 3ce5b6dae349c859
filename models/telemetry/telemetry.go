// Package telemetry holds what a cooler's small sensors say, in typed integer units: door, climate,
// footfall, power, and the health of the board itself.
//
// It refuses floats and guesses: a reading that a sensor did not give is not in the message, and a
// sensor's power-on default or a bad checksum never becomes a reading (the devices see to that).
// It does no I/O. Times are UTC at microseconds. Names and units here never change their meaning;
// a new quantity gets a new field.
package telemetry

import (
	"fmt"
	"time"
)

// MilliCelsius is a temperature in thousandths of a degree Celsius: 4250 is 4.25 °C.
type MilliCelsius int32

// String gives degrees with two digits, as people read them.
func (t MilliCelsius) String() string { return fmt.Sprintf("%.2f °C", float64(t)/1000) }

// Permille is a share in thousandths, 0 to 1000.
type Permille uint16

// String gives percent with one digit.
func (p Permille) String() string { return fmt.Sprintf("%.1f %%", float64(p)/10) }

// ClockQuality says how far the board's clock can be trusted for a timestamp. The values are
// ordered: a greater one is better.
type ClockQuality uint8

// Clock qualities.
const (
	Unset     ClockQuality = iota // nothing is known of the clock
	Monotonic                     // only the time since boot is sure: the order holds, the date does not
	RTC                           // set from a battery-backed clock, may be minutes off
	NTP                           // synchronised over the network
)

var clockNames = [...]string{"unset", "monotonic", "rtc", "ntp"}

// String gives the lower-case name.
func (q ClockQuality) String() string {
	if int(q) < len(clockNames) {
		return clockNames[q]
	}
	return fmt.Sprintf("undefined(%d)", q)
}

// MarshalText writes the lower-case name.
func (q ClockQuality) MarshalText() ([]byte, error) { return []byte(q.String()), nil }

// UnmarshalText reads the lower-case name.
func (q *ClockQuality) UnmarshalText(text []byte) error {
	for i, name := range clockNames {
		if name == string(text) {
			*q = ClockQuality(i)
			return nil
		}
	}
	return fmt.Errorf("unknown clock quality %q", text)
}

// DoorEvent is one change of a door's contact, after debouncing.
type DoorEvent struct {
	At   time.Time `json:"at"`
	Open bool      `json:"open"` // the state that the door is in from At on
}

// Climate is one reading of temperature and, where the sensor has it, humidity.
type Climate struct {
	At               time.Time    `json:"at"`
	Sensor           string       `json:"sensor,omitempty"` // "" where the cooler has one
	Temp             MilliCelsius `json:"temp_mc"`
	HumidityPermille Permille     `json:"humidity_permille,omitempty"` // 0 where the sensor does not measure it: dry air of 0 ‰ is no reading
}

// Footfall counts people over one stretch of time at one counting line or zone. A person who turns
// round before the line is in none of the counts.
type Footfall struct {
	From    time.Time     `json:"from"`
	To      time.Time     `json:"to"`             // exclusive, after From
	Line    string        `json:"line,omitempty"` // name of the line or zone; "" where there is one
	In      int           `json:"in"`
	Out     int           `json:"out"`
	Passing int           `json:"passing"`
	Dwell   time.Duration `json:"dwell_ns"` // summed over people who stayed in the zone; carried in milliseconds
}

// Power is one reading of the cooler's or the board's supply.
type Power struct {
	At        time.Time `json:"at"`
	MilliVolt int32     `json:"mv"`
	MilliAmp  int32     `json:"ma"` // negative while a battery discharges
	Mains     bool      `json:"mains"`
}

// Health is what the agent says of itself and its board. A count that the board cannot tell is 0.
type Health struct {
	At             time.Time     `json:"at"`
	Uptime         time.Duration `json:"uptime_ns"` // of the agent; carried in milliseconds
	OutboxMessages uint64        `json:"outbox_messages"`
	OutboxBytes    uint64        `json:"outbox_bytes"`
	OutboxOldest   time.Time     `json:"outbox_oldest,omitzero"` // capture time of the oldest unacknowledged message
	DiskFreeBytes  uint64        `json:"disk_free_bytes"`
	MemoryBytes    uint64        `json:"memory_bytes"` // resident, of the agent
	BoardTemp      MilliCelsius  `json:"board_temp_mc,omitempty"`
	Reasons        []string      `json:"reasons,omitempty"` // why the agent runs degraded, one short word or phrase each; empty: healthy
}
