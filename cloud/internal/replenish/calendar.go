package replenish

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Calendar says when a store is delivered, in its own time zone.
type Calendar struct {
	Days    []string `json:"days"`      // Mo, Tu, We, Th, Fr, Sa, Su
	At      string   `json:"at"`        // of the delivery, such as 07:00
	OrderBy string   `json:"order_by"`  // the latest time of day for an order
	Lead    int      `json:"lead_days"` // how many days before the delivery that is
	// Off are dates without a delivery, such as holidays: 2026-12-25; 12-25 for every year;
	// 2026-02-15/2026-02-23. No orders are taken on them either: an order that would be due on one of them is
	// due on the day before.
	Off []string `json:"off,omitempty"`
	// Extra are dates with a delivery besides Days, such as the one that replaces a delivery on a holiday.
	Extra []string `json:"extra,omitempty"`
}

// Daily returns the calendar of a store that has none: a delivery every morning, to be ordered by the afternoon
// before.
func Daily() Calendar {
	return Calendar{Days: []string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}, At: "07:00", OrderBy: "15:00", Lead: 1}
}

var dayNames = []string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}

// Validate returns an error that names what is wrong with a calendar.
func (c Calendar) Validate() error {
	if len(c.Days) == 0 {
		return fmt.Errorf("days is empty, want such as [Mo, Th]")
	}
	for i, d := range c.Days {
		if !slices.Contains(dayNames, d) || slices.Contains(c.Days[:i], d) {
			return fmt.Errorf("days: %q is not one of Mo, Tu, We, Th, Fr, Sa, Su, each once", d)
		}
	}
	for name, v := range map[string]string{"at": c.At, "order_by": c.OrderBy} {
		if _, err := time.Parse("15:04", v); err != nil {
			return fmt.Errorf("%s is %q, want a time of day such as 07:00", name, v)
		}
	}
	if c.Lead < 0 || c.Lead > 30 {
		return fmt.Errorf("lead_days is %d, want 0 to 30", c.Lead)
	}
	for name, list := range map[string][]string{"off": c.Off, "extra": c.Extra} {
		if len(list) > maxDates {
			return fmt.Errorf("%s has %d dates, the limit is %d", name, len(list), maxDates)
		}
		for _, text := range list {
			if _, err := parseDates(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

// maxDates bounds each list of a calendar.
const maxDates = 400

// dates is one date, or a range of dates; without a year they apply to every year.
type dates struct{ from, to string }

func parseDates(text string) (d dates, err error) {
	from, to, several := strings.Cut(text, "/")
	if !several {
		to = from
	}
	d = dates{from, to}
	for _, one := range []string{from, to} {
		full := one
		if len(one) == len("12-25") {
			full = "2024-" + one // a leap year
		}
		if _, err := time.Parse(time.DateOnly, full); err != nil || len(from) != len(to) {
			return d, fmt.Errorf("%q is not a date such as 2026-12-25, 12-25 of every year, or 2026-02-15/2026-02-23", text)
		}
	}
	if to < from && len(from) != len("12-25") {
		return d, fmt.Errorf("%q ends before it begins", text)
	}
	return d, nil
}

func (d dates) hold(day time.Time) bool {
	date := day.Format(time.DateOnly)
	date = date[len(date)-len(d.from):]
	if d.to < d.from { // across the new year
		return date >= d.from || date <= d.to
	}
	return date >= d.from && date <= d.to
}

func among(list []string, day time.Time) bool {
	for _, text := range list {
		if d, err := parseDates(text); err == nil && d.hold(day) {
			return true
		}
	}
	return false
}

// delivers reports whether there is a delivery on a day.
func (c Calendar) delivers(day time.Time) bool {
	return among(c.Extra, day) || slices.Contains(c.Days, dayNames[day.Weekday()]) && !among(c.Off, day)
}

// Cycle is a delivery that can still be ordered, with the one after it.
type Cycle struct {
	OrderBy  time.Time `json:"order_by"`
	Delivery time.Time `json:"delivery"`
	Next     time.Time `json:"next_delivery"`
}

// horizon is how many days ahead a delivery is looked for.
const horizon = 400

// Cycle returns the first delivery that can still be ordered at now. ok is false if the calendar has no two
// deliveries within more than a year.
func (c Calendar) Cycle(now time.Time, zone *time.Location) (out Cycle, ok bool) {
	at, _ := time.Parse("15:04", c.At)
	y, m, d := now.In(zone).Date()
	for i := range horizon {
		day := time.Date(y, m, d+i, at.Hour(), at.Minute(), 0, 0, zone)
		if !c.delivers(day) {
			continue
		}
		order := c.orderBy(day)
		switch {
		case out.Delivery.IsZero() && order.After(now) && day.After(now):
			out.OrderBy, out.Delivery = order.UTC(), day.UTC()
		case !out.Delivery.IsZero():
			out.Next = day.UTC()
			return out, true
		}
	}
	return Cycle{}, false
}

// orderBy returns until when a delivery can be ordered.
func (c Calendar) orderBy(delivery time.Time) time.Time {
	by, _ := time.Parse("15:04", c.OrderBy)
	y, m, d := delivery.Date()
	order := time.Date(y, m, d-c.Lead, by.Hour(), by.Minute(), 0, 0, delivery.Location())
	for range horizon {
		if !among(c.Off, order) || among(c.Extra, order) {
			break
		}
		order = order.AddDate(0, 0, -1)
	}
	return order
}
