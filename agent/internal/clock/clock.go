// Package clock stamps facts on a board that may not know what time it is. It is used between the look and the
// outbox.
//
// Until the kernel says that its clock is synchronised, or that a battery-backed clock has set it, a stamp is
// the clock's reading at the agent's start plus the time since then: order and intervals are right, the date
// may not be, and the stamp says so. Once the clock is known, Correct moves such stamps of this boot to where
// they belong. The package never sets the clock.
package clock

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Clock is safe for concurrent use.
type Clock struct {
	src   Sources
	start time.Time // what the wall clock read at the start

	mu    sync.Mutex
	known bool          // the clock was known at some time; it does not become unknown again
	step  time.Duration // by how much doubtful stamps are wrong, once known
}

// Sources are where a Clock gets its time from.
type Sources struct {
	Wall    func() time.Time
	Elapsed func() time.Duration // since the Clock was made, unaffected by changes of Wall
	Quality func() telemetry.ClockQuality
}

// New returns a clock that asks the kernel. If trusted is set, as for the clock of a virtual machine, it counts
// at least as a battery-backed one.
func New(trusted bool) *Clock {
	start := time.Now()
	quality := Kernel
	if trusted {
		quality = func() telemetry.ClockQuality { return max(telemetry.RTC, Kernel()) }
	}
	return NewWith(Sources{Wall: time.Now, Elapsed: func() time.Duration { return time.Since(start) }, Quality: quality})
}

// Played returns a clock that behaves as a file says, to try out on a desk what a board does when it does not
// know the time. The file holds a word, "unknown", "rtc" or "ntp", and how slow the clock is, such as "50h". If
// the file is missing or says anything else, the clock is right but not known to be.
func Played(path string) *Clock {
	start := time.Now()
	read := func() (q telemetry.ClockQuality, behind time.Duration) {
		data, err := os.ReadFile(path)
		words := strings.Fields(string(data))
		if err != nil || len(words) == 0 {
			return telemetry.Monotonic, 0
		}
		if len(words) > 1 {
			behind, _ = time.ParseDuration(words[1]) //nolint:errcheck // text that is no duration counts as zero
		}
		switch words[0] {
		case "ntp":
			q = telemetry.NTP
		case "rtc":
			q = telemetry.RTC
		default:
			q = telemetry.Monotonic
		}
		return q, behind
	}
	return NewWith(Sources{
		Wall:    func() time.Time { _, behind := read(); return time.Now().Add(-behind) },
		Elapsed: func() time.Duration { return time.Since(start) },
		Quality: func() telemetry.ClockQuality { q, _ := read(); return q },
	})
}

// NewWith is New with other sources.
func NewWith(src Sources) *Clock { return &Clock{src: src, start: src.Wall().Round(0)} }

// A clock that reads a time before year2020 was never set.
var year2020 = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// Stamp returns the time, in UTC without a monotonic reading, and how far it can be trusted.
func (c *Clock) Stamp() (time.Time, telemetry.ClockQuality) {
	if q, ok := c.settle(); ok {
		return c.src.Wall().UTC().Round(0), q
	}
	doubtful := c.start.Add(c.src.Elapsed()).UTC()
	if doubtful.Before(year2020) {
		return doubtful, telemetry.Unset
	}
	return doubtful, telemetry.Monotonic
}

// settle determines whether the clock is known and, if so, by how much earlier stamps were wrong.
func (c *Clock) settle() (telemetry.ClockQuality, bool) {
	q, wall := c.src.Quality(), c.src.Wall().Round(0)
	c.mu.Lock()
	defer c.mu.Unlock()
	if q >= telemetry.RTC && !wall.Before(year2020) {
		if !c.known {
			c.known = true
			c.step = wall.Sub(c.start) - c.src.Elapsed()
		}
		return q, true
	}
	if c.known {
		return telemetry.RTC, true // the network is gone, but the clock still runs
	}
	return q, false
}

// Correct returns the true time of a stamp of this boot that was doubtful when it was made. ok is false while
// the clock is still unknown.
func (c *Clock) Correct(stamp time.Time) (time.Time, telemetry.ClockQuality, bool) {
	q, ok := c.settle()
	if !ok {
		return stamp, telemetry.Monotonic, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return stamp.Add(c.step), q, true
}

// Kernel asks the kernel for the quality of its clock: synchronised over the network, else set from a
// battery-backed clock if the board has one, else unknown.
func Kernel() telemetry.ClockQuality {
	var t unix.Timex
	if state, err := unix.Adjtimex(&t); err == nil && state != unix.TIME_ERROR && t.Status&unix.STA_UNSYNC == 0 {
		return telemetry.NTP
	}
	if clocks, err := filepath.Glob("/sys/class/rtc/rtc*/hctosys"); err == nil {
		for _, path := range clocks {
			if data, err := os.ReadFile(path); err == nil && len(data) > 0 && data[0] == '1' {
				return telemetry.RTC
			}
		}
	}
	return telemetry.Monotonic
}
