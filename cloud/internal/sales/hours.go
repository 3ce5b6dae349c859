package sales

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are a store's opening hours, by weekday; the zero value is open always.
type Hours struct {
	known bool
	days  [7][]span // by time.Weekday
	dates []dates   // holidays and the like, which go before weekdays; of several that hold the last
}

// dates are days of a year, or of every year, with hours of their own. A date is month × 100 + day.
type dates struct {
	year     int // 0: every
	from, to int // both included; to is before from where they go over the new year
	spans    []span
}

func (d *dates) holds(year, date int) bool {
	if d.from <= d.to {
		return (d.year == 0 || d.year == year) && date >= d.from && date <= d.to
	}
	return date >= d.from && (d.year == 0 || d.year == year) || date <= d.to && (d.year == 0 || d.year == year-1)
}

// span is a stretch of a day in minutes since midnight; to is above 24 h where it ends on the next day.
type span struct{ from, to int }

var weekdays = map[string]time.Weekday{"Mo": 1, "Tu": 2, "We": 3, "Th": 4, "Fr": 5, "Sa": 6, "Su": 0}

// ParseHours reads opening hours in the common part of the OpenStreetMap notation: rules separated by
// semicolons, each "Mo-Fr,Su 07:00-12:00,13:00-22:00" or times alone for every day; a later rule
// replaces an earlier one on its days; "off" closes; "24/7" and "" are always. A stretch that ends
// before it begins ends on the next day. Instead of weekdays a rule may name dates, of one year or of every:
// "Dec 25-26 off", "Dec 24 08:00-14:00", "2026 Feb 15-23 off"; it goes before the weekdays. Public holidays (PH)
// differ from place to place and have to be named by their dates.
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
	on, words, err := parseDates(words)
	if err != nil {
		return err
	}
	if len(words) == 2 && on == nil {
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
	if on != nil {
		on.spans = spans
		h.dates = append(h.dates, *on)
		return nil
	}
	for _, d := range days {
		h.days[d] = spans
	}
	return nil
}

var months = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// parseDates reads the dates that a rule may begin with, such as "2026 Feb 15-Mar 2", and gives the words behind them;
// nil: it begins with none.
func parseDates(words []string) (*dates, []string, error) {
	var d dates
	rest := words
	if len(rest) > 0 && len(rest[0]) == 4 {
		if year, err := strconv.Atoi(rest[0]); err == nil {
			d.year, rest = year, rest[1:]
		}
	}
	if len(rest) == 0 || slices.Index(months, rest[0]) < 0 {
		if d.year != 0 {
			return nil, nil, fmt.Errorf("%q is not followed by a date such as Dec 25", words[0])
		}
		return nil, words, nil
	}
	text, rest := strings.Join(rest[:len(rest)-1], " "), rest[len(rest)-1:]
	first, last, several := strings.Cut(text, "-")
	var err error
	if d.from, err = parseDate(first, 0); err != nil {
		return nil, nil, err
	}
	if d.to = d.from; several {
		if d.to, err = parseDate(last, d.from/100); err != nil {
			return nil, nil, err
		}
	}
	return &d, rest, nil
}

// parseDate reads "Dec 25", or "25" of a month that is given.
func parseDate(text string, month int) (int, error) {
	words := strings.Fields(text)
	if len(words) == 2 {
		month, words = slices.Index(months, words[0])+1, words[1:]
	}
	day := 0
	if len(words) == 1 {
		day, _ = strconv.Atoi(words[0])
	}
	if month < 1 || day < 1 || day > time.Date(2024, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day() { // a leap year
		return 0, fmt.Errorf("%q is not a date such as Dec 25", text)
	}
	return month*100 + day, nil
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
	for _, s := range h.on(local) {
		if minute >= s.from && minute < s.to {
			return true
		}
	}
	for _, s := range h.on(local.AddDate(0, 0, -1)) {
		if minute+24*60 < s.to {
			return true
		}
	}
	return false
}

// OpenFor reports whether the store is open at a time, which is in its zone, and for d after it without a break.
func (h *Hours) OpenFor(local time.Time, d time.Duration) bool {
	for until := local.Add(d); ; {
		left := h.left(local)
		if left == 0 {
			return false
		}
		if local = local.Add(left); !local.Before(until) {
			return true
		}
	}
}

// left is for how long the stretch lasts in which a time falls; 0: the store is closed.
func (h *Hours) left(local time.Time) (left time.Duration) {
	if !h.known {
		return 24 * time.Hour
	}
	minute := time.Duration(local.Hour()*60+local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	for day, back := local, 0; back < 2; day, back = local.AddDate(0, 0, -1), back+1 {
		at := minute + time.Duration(back)*24*time.Hour
		for _, s := range h.on(day) {
			from, to := time.Duration(s.from)*time.Minute, time.Duration(s.to)*time.Minute
			if at >= from && at < to {
				left = max(left, to-at)
			}
		}
	}
	return left
}

// on is when the store is open on the day of a time.
func (h *Hours) on(day time.Time) []span {
	for _, d := range slices.Backward(h.dates) {
		if d.holds(day.Year(), int(day.Month())*100+day.Day()) {
			return d.spans
		}
	}
	return h.days[day.Weekday()]
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
