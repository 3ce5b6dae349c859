// Package schedule decides when the camera looks: at intervals, at times of day, after the door has closed and
// things have come to rest, and on request. With it begins the way from a frame to an alert. Intervals and
// times of day are limited to the opening hours; a closing door and a request always count.
//
// Looks never overlap, and however many triggers come during one, they cause only one more. If the clock jumps
// (without a battery-backed clock, until the network tells the time), the plan follows the new time from then
// on, and an interval is never shortened by the jump.
package schedule

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Plan says when to look. The zero Plan looks only when asked.
type Plan struct {
	Every       time.Duration // 0: not at intervals
	At          []TimeOfDay
	OnDoorClose bool
	Settle      time.Duration // how long the door must have stayed closed
	Hours       Hours
	Zone        *time.Location // of At and Hours; nil: UTC
}

// MinEvery keeps a typing error from wearing out a board.
const MinEvery = 100 * time.Millisecond

// Validate joins every fault.
func (p Plan) Validate() error {
	var errs []error
	if p.Every != 0 && p.Every < MinEvery {
		errs = append(errs, fmt.Errorf("every: %v, must be 0 or at least %v", p.Every, MinEvery))
	}
	if p.Settle < 0 || p.Settle > 10*time.Minute {
		errs = append(errs, fmt.Errorf("settle: %v, must be 0 to 10m", p.Settle))
	}
	return errors.Join(errs...)
}

// TimeOfDay is in minutes since midnight.
type TimeOfDay int

// ParseTimeOfDay reads HH:MM.
func ParseTimeOfDay(s string) (TimeOfDay, error) {
	hh, mm, ok := strings.Cut(s, ":")
	h, errH := strconv.ParseUint(hh, 10, 8)
	m, errM := strconv.ParseUint(mm, 10, 8)
	if !ok || len(hh) != 2 || len(mm) != 2 || errH != nil || errM != nil || h > 23 || m > 59 {
		return 0, fmt.Errorf("%q, must be HH:MM from 00:00 to 23:59", s)
	}
	return TimeOfDay(h*60 + m), nil
}

func (t TimeOfDay) String() string { return fmt.Sprintf("%02d:%02d", int(t)/60, int(t)%60) }

// Hours is when the shop is open: from From until To, past midnight if To is the smaller. If both are equal, as
// in the zero Hours, it is always open.
type Hours struct{ From, To TimeOfDay }

// ParseHours reads HH:MM-HH:MM; "" means always.
func ParseHours(s string) (Hours, error) {
	if s == "" {
		return Hours{}, nil
	}
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		return Hours{}, fmt.Errorf("%q, must be HH:MM-HH:MM", s)
	}
	a, errA := ParseTimeOfDay(strings.TrimSpace(from))
	b, errB := ParseTimeOfDay(strings.TrimSpace(to))
	return Hours{a, b}, errors.Join(errA, errB)
}

// Contain reports whether the shop is open at t, in t's own zone.
func (h Hours) Contain(t time.Time) bool {
	now := TimeOfDay(t.Hour()*60 + t.Minute())
	switch {
	case h.From == h.To:
		return true
	case h.From < h.To:
		return h.From <= now && now < h.To
	}
	return now >= h.From || now < h.To
}

// next returns the earliest of the times of day strictly after now; ok is false if there are none. Intervals
// are not considered. On a day that lacks that time (clocks are put forward) it is taken an hour later, and on
// a day that has it twice the first one counts.
func (p Plan) next(now time.Time) (time.Time, bool) {
	zone := p.Zone
	if zone == nil {
		zone = time.UTC
	}
	local := now.In(zone)
	var best time.Time
	for _, at := range p.At {
		for day := range 2 {
			t := time.Date(local.Year(), local.Month(), local.Day()+day, int(at)/60, int(at)%60, 0, 0, zone)
			if t.After(now) && (best.IsZero() || t.Before(best)) {
				best = t
			}
		}
	}
	return best, !best.IsZero()
}

func (p Plan) open(now time.Time) bool {
	if p.Zone == nil {
		return p.Hours.Contain(now.UTC())
	}
	return p.Hours.Contain(now.In(p.Zone))
}

// Equal reports whether two plans are the same.
func (p Plan) Equal(o Plan) bool {
	return p.Every == o.Every && slices.Equal(p.At, o.At) && p.OnDoorClose == o.OnDoorClose &&
		p.Settle == o.Settle && p.Hours == o.Hours && p.Zone == o.Zone
}
