package replenish

import (
	"fmt"
	"slices"
	"time"
)

// Calendar says when a store is delivered, in its own time.
type Calendar struct {
	Days    []string `json:"days"`      // Mo, Tu, We, Th, Fr, Sa, Su
	At      string   `json:"at"`        // of the delivery, such as 07:00
	OrderBy string   `json:"order_by"`  // the latest time of day for an order
	Lead    int      `json:"lead_days"` // how many days before the delivery that is
}

// Daily is the calendar of a store that has none: every morning, ordered by the afternoon before.
func Daily() Calendar {
	return Calendar{Days: []string{"Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"}, At: "07:00", OrderBy: "15:00", Lead: 1}
}

var dayNames = []string{"Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"}

// Validate names what is wrong with a calendar.
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
	return nil
}

// Cycle is a delivery that can still be ordered, and the one after it.
type Cycle struct {
	OrderBy  time.Time `json:"order_by"`
	Delivery time.Time `json:"delivery"`
	Next     time.Time `json:"next_delivery"`
}

// Cycle gives the first delivery whose order is not too late at now.
func (c Calendar) Cycle(now time.Time, zone *time.Location) Cycle {
	at, _ := time.Parse("15:04", c.At)
	by, _ := time.Parse("15:04", c.OrderBy)
	y, m, d := now.In(zone).Date()
	var out Cycle
	for i := 0; ; i++ {
		day := time.Date(y, m, d+i, at.Hour(), at.Minute(), 0, 0, zone)
		if !slices.Contains(c.Days, dayNames[day.Weekday()]) {
			continue
		}
		order := time.Date(y, m, d+i-c.Lead, by.Hour(), by.Minute(), 0, 0, zone)
		switch {
		case out.Delivery.IsZero() && order.After(now) && day.After(now):
			out.OrderBy, out.Delivery = order.UTC(), day.UTC()
		case !out.Delivery.IsZero():
			out.Next = day.UTC()
			return out
		}
	}
}
