package replenish_test

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
)

func poisson(mean float64) merge.Forecast { return merge.Forecast{Mean: mean, Variance: mean} }

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name  string
		need  replenish.Need
		packs int64
		check func(a replenish.Advice) bool
	}{
		{"an empty shelf is filled to the demand, in whole packs",
			replenish.Need{Stock: 0, Cycle: poisson(20), Pack: 12, Margin: 60, Service: 0.9}, 3, // 26 units serve 90 % of cycles
			func(a replenish.Advice) bool { return a.Gain > 19*60 && a.Gain < 20*60 && a.Rounding == 10 }},
		{"what is there is taken off",
			replenish.Need{Stock: 20, Cycle: poisson(20), Pack: 6, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Gain > 0 && a.Gain < 200 }},
		{"what sells before the delivery is not there when it comes",
			replenish.Need{Stock: 20, Before: poisson(40), Cycle: poisson(20), Pack: 6, Margin: 60, Service: 0.9}, 5, func(a replenish.Advice) bool { return a.Arrival < 0.1 }},
		{"a cooler takes no more than it holds",
			replenish.Need{Stock: 3, Cycle: poisson(50), Capacity: 24, Pack: 12, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Capped }},
		{"a cooler that holds less than a pack gets one, and the rest waits behind",
			replenish.Need{Stock: 0, Cycle: poisson(20), Capacity: 8, Pack: 12, Margin: 60, Service: 0.9}, 1,
			func(a replenish.Advice) bool { return a.Capped && a.Over == 4 && a.Gain > 0 }},
		{"with some left, more is over",
			replenish.Need{Stock: 3, Cycle: poisson(20), Capacity: 8, Pack: 12, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Over == 7 }},
		{"and none as long as the cooler is full",
			replenish.Need{Stock: 8, Cycle: poisson(20), Capacity: 8, Pack: 12, Margin: 60, Service: 0.9}, 0, func(a replenish.Advice) bool { return a.Over == 0 && a.Gain == 0 }},
		{"a cooler of exactly a pack takes it when it is empty",
			replenish.Need{Stock: 0, Cycle: poisson(20), Capacity: 12, Pack: 12, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Capped && a.Over == 0 }},
		{"and not before",
			replenish.Need{Stock: 1, Cycle: poisson(20), Capacity: 12, Pack: 12, Margin: 60, Service: 0.9}, 0, func(a replenish.Advice) bool { return a.Over == 0 }},
		{"what nobody wants is not ordered, however small the pack",
			replenish.Need{Stock: 0, Cycle: poisson(0), Capacity: 8, Pack: 12, Margin: 60, Service: 0.9}, 0, func(a replenish.Advice) bool { return a.Gain == 0 }},
		{"a full shelf needs nothing",
			replenish.Need{Stock: 60, Cycle: poisson(20), Pack: 12, Margin: 60, Service: 0.9}, 0, func(a replenish.Advice) bool { return a.Gain == 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := replenish.Suggest(c.need); a.Packs != c.packs || !c.check(a) {
				t.Errorf("%+v, want %d packs", a, c.packs)
			}
		})
	}
}

func TestCalendarCycle(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	c := replenish.Calendar{Days: []string{"Mo", "Th"}, At: "07:00", OrderBy: "15:00", Lead: 1}
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, zone)
	for _, v := range []struct {
		now            time.Time
		delivery, next int // days after monday
	}{
		{monday.Add(6 * time.Hour), 3, 7},                    // this morning's was due yesterday
		{monday.AddDate(0, 0, 2).Add(14 * time.Hour), 3, 7},  // Wednesday before the hour
		{monday.AddDate(0, 0, 2).Add(16 * time.Hour), 7, 10}, // and after it
	} {
		got, ok := c.Cycle(v.now, zone)
		want, next := monday.AddDate(0, 0, v.delivery).Add(7*time.Hour), monday.AddDate(0, 0, v.next).Add(7*time.Hour)
		if !ok || !got.Delivery.Equal(want) || !got.Next.Equal(next) || !got.OrderBy.After(v.now) {
			t.Errorf("at %s: %+v, want %s and %s", v.now, got, want, next)
		}
	}
	bad := replenish.Calendar{Days: []string{"Mo", "Mo"}, At: "7", OrderBy: "15:00"}
	if bad.Validate() == nil {
		t.Error("a calendar with the same day twice is valid")
	}
}

// TestCalendarHolidays: nothing comes on a holiday and nobody takes orders on it; what comes in its place does.
func TestCalendarHolidays(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	at := func(text string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", text, zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, v := range []struct {
		name, now           string
		off, extra          []string
		by, delivery, after string
	}{
		{"no holiday", "2026-02-12 10:00", nil, nil, "2026-02-15 15:00", "2026-02-16 07:00", "2026-02-19 07:00"},
		{"a delivery falls out, and the cycle before is longer", "2026-02-12 10:00", []string{"2026-02-19"}, nil, "2026-02-15 15:00", "2026-02-16 07:00", "2026-02-23 07:00"},
		{"spring festival", "2026-02-12 10:00", []string{"2026-02-15/2026-02-23"}, nil, "2026-02-25 15:00", "2026-02-26 07:00", "2026-03-02 07:00"},
		{"ordered before the holiday that comes before the delivery", "2026-02-12 10:00", []string{"2026-02-14/2026-02-15"}, nil, "2026-02-13 15:00", "2026-02-16 07:00", "2026-02-19 07:00"},
		{"and too late after it", "2026-02-13 16:00", []string{"2026-02-14/2026-02-15"}, nil, "2026-02-18 15:00", "2026-02-19 07:00", "2026-02-23 07:00"},
		{"one in its place", "2026-02-12 10:00", []string{"2026-02-16"}, []string{"2026-02-14"}, "2026-02-13 15:00", "2026-02-14 07:00", "2026-02-19 07:00"},
		{"one in the midst of a holiday", "2026-02-12 16:00", []string{"2026-02-15/2026-02-23"}, []string{"2026-02-18"}, "2026-02-14 15:00", "2026-02-18 07:00", "2026-02-26 07:00"},
		{"every year", "2027-12-22 16:00", []string{"12-25/12-31", "01-01"}, nil, "2028-01-02 15:00", "2028-01-03 07:00", "2028-01-06 07:00"},
		{"over the new year", "2026-12-28 08:00", []string{"12-30/01-03"}, nil, "2026-12-29 15:00", "2027-01-04 07:00", "2027-01-07 07:00"},
	} {
		c := replenish.Calendar{Days: []string{"Mo", "Th"}, At: "07:00", OrderBy: "15:00", Lead: 1, Off: v.off, Extra: v.extra}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", v.name, err)
		}
		got, ok := c.Cycle(at(v.now), zone)
		if want := (replenish.Cycle{OrderBy: at(v.by).UTC(), Delivery: at(v.delivery).UTC(), Next: at(v.after).UTC()}); !ok || got != want {
			t.Errorf("%s: %+v, want %+v", v.name, got, want)
		}
	}
	never := replenish.Calendar{Days: []string{"Mo"}, At: "07:00", OrderBy: "15:00", Off: []string{"01-01/12-31"}}
	if got, ok := never.Cycle(at("2026-02-12 10:00"), zone); ok {
		t.Errorf("a calendar without deliveries gives %+v", got)
	}
	for _, bad := range []string{"2026-02-30", "Dec 25", "2026-12-25/12-26", "2026-12-26/2026-12-25", "25.12.2026", "2026-12-25/", ""} {
		c := replenish.Daily()
		c.Off = []string{bad}
		if c.Validate() == nil {
			t.Errorf("%q is taken for a date", bad)
		}
	}
}
