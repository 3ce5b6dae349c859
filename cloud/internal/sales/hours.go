package sales

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Hours are a store's opening hours, by weekday; the zero value is open always.
type Hours struct {
	known bool
	days  [7][]span // by time.Weekday
}

// span is a stretch of a day in minutes since midnight; to is above 24 h where it ends on the next day.
type span struct{ from, to int }

var weekdays = map[string]time.Weekday{"Mo": 1, "Tu": 2, "We": 3, "Th": 4, "Fr": 5, "Sa": 6, "Su": 0}

// ParseHours reads opening hours in the common part of the OpenStreetMap notation: rules separated by
// semicolons, each "Mo-Fr,Su 07:00-12:00,13:00-22:00" or times alone for every day; a later rule
// replaces an earlier one on its days; "off" closes; "24/7" and "" are always. A stretch that ends
// before it begins ends on the next day.
func ParseHours(text string) (Hours, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "24/7" {
		return Hours{}, nil
	}
	h := Hours{known: true}
	for rule := range strings.SplitSeq(text, ";") {
		if err := h.rule(strings.Fields(rule)); err != nil {
			return Hours{}, fmt.Errorf("opening hours %q: %w", text, err)
		}
	}
	return h, nil
}

func (h *Hours) rule(words []string) error {
	days := []time.Weekday{0, 1, 2, 3, 4, 5, 6}
	var err error
	if len(words) == 2 {
		if days, err = parseDays(words[0]); err != nil {
			return err
		}
		words = words[1:]
	}
	if len(words) != 1 {
		return fmt.Errorf("a rule is days and times, such as Mo-Fr 07:00-22:00")
	}
	var spans []span
	if words[0] != "off" {
		for part := range strings.SplitSeq(words[0], ",") {
			s, err := parseSpan(part)
			if err != nil {
				return err
			}
			spans = append(spans, s)
		}
	}
	for _, d := range days {
		h.days[d] = spans
	}
	return nil
}

func parseDays(text string) (days []time.Weekday, err error) {
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, ok1 := weekdays[first]
		to, ok2 := weekdays[last]
		if !ok1 || !ok2 {
			return nil, fmt.Errorf("%q is not one of Mo, Tu, We, Th, Fr, Sa, Su", part)
		}
		for d := from; ; d = (d + 1) % 7 {
			days = append(days, d)
			if d == to {
				break
			}
		}
	}
	return days, nil
}

func parseSpan(text string) (span, error) {
	a, b, ok := strings.Cut(text, "-")
	from, err1 := parseClock(a)
	to, err2 := parseClock(b)
	if !ok || err1 != nil || err2 != nil || from == to {
		return span{}, fmt.Errorf("%q is not a stretch such as 07:00-22:00", text)
	}
	if to < from {
		to += 24 * 60
	}
	return span{from, to}, nil
}

func parseClock(text string) (int, error) {
	hh, mm, ok := strings.Cut(text, ":")
	h, err1 := strconv.Atoi(hh)
	m, err2 := strconv.Atoi(mm)
	if !ok || err1 != nil || err2 != nil || len(mm) != 2 || h < 0 || h > 24 || m < 0 || m > 59 || h == 24 && m > 0 {
		return 0, fmt.Errorf("%q is not a time of day", text)
	}
	return h*60 + m, nil
}

// Known tells whether there are opening hours; without them the store counts as open.
func (h *Hours) Known() bool { return h.known }

// Open reports whether the store is open at a time, which is in the store's zone.
func (h *Hours) Open(local time.Time) bool {
	if !h.known {
		return true
	}
	minute := local.Hour()*60 + local.Minute()
	for _, s := range h.days[local.Weekday()] {
		if minute >= s.from && minute < s.to {
			return true
		}
	}
	for _, s := range h.days[(local.Weekday()+6)%7] {
		if minute+24*60 < s.to {
			return true
		}
	}
	return false
}

// OpenTime is how long the store was open between two instants, to the minute.
func (h *Hours) OpenTime(from, to time.Time, loc *time.Location) time.Duration {
	if !h.known {
		return max(0, to.Sub(from))
	}
	// A stretch longer than a month is long enough for whoever asks.
	if limit := to.AddDate(0, -1, 0); from.Before(limit) {
		from = limit
	}
	var open time.Duration
	for at := from; at.Before(to); {
		next := at.Truncate(15 * time.Minute).Add(15 * time.Minute)
		if next.After(to) {
			next = to
		}
		if h.Open(at.In(loc)) {
			open += next.Sub(at)
		}
		at = next
	}
	return open
}
