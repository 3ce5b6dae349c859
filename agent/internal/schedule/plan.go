// Package schedule decides when the camera looks: every so often, at times of day, once the door has
// closed and things have come to rest, and when somebody asks. The first two keep to the opening
// hours; a door that closes and a person who asks are always heard.
//
// It refuses to hurry: looks never overlap, and triggers that come during one make one more, not
// many. Where the clock jumps (no battery-backed clock, then the network tells the time) the plan
// goes by the new time from then on, and an interval is never cut short by it.
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
	Every       time.Duration // 0: not by interval
	At          []TimeOfDay
	OnDoorClose bool
	Settle      time.Duration // after the door has closed, with it staying closed
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

// TimeOfDay is minutes since midnight.
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

// Hours is when the shop is open: From up to To, over midnight where To is the smaller. Equal ones
// (the zero Hours) mean always.
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

// next gives the first of the times of day strictly after now, false if there are none; it leaves the interval aside. On
// a day without that time (clocks were put forward) it is taken an hour later, on a day that has it twice the first
// counts.
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
